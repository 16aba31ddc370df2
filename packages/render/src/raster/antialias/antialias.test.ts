import { describe, expect, it } from 'vitest';
import { ShapeError, grad, gradcheck, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { buildTopology } from '../../geometry/index.js';
import { randomNumbers } from '../../testing/random.testing.js';
import { rasterize } from '../rasterize/rasterize.js';
import { antialias } from './antialias.js';

/** Clip coordinates of points given in pixels. */
const clipOf = (points: readonly (readonly number[])[], size: number): number[][] =>
  points.map(([x, y, z = 0.5]) => [(2 * x) / size - 1, 1 - (2 * y) / size, z, 1]);

/** The antialiased white shape on black. */
function silhouette(clip: Tensor, indices: readonly number[], size: number): Tensor {
  const topology = buildTopology(indices, clip.shape[0]);
  const triangles = tensor(Int32Array.from(indices), [indices.length / 3, 3]);
  const hit = rasterize(clip, triangles, { height: size, width: size });
  return antialias(hit.mask.to('float32'), hit, clip, topology);
}

/** Gradient of the image's sum by the points' pixel coordinates. */
async function areaGradient(points: number[][], indices: number[], size: number): Promise<number[]> {
  const g = await grad((clip: Tensor) => silhouette(clip, indices, size).sum())(tensor(clipOf(points, size))).data();
  return points.flatMap((_, k) => [(g[4 * k] * 2) / size, (-g[4 * k + 1] * 2) / size]);
}

const relative = (found: number[], exact: number[]): number =>
  Math.hypot(...found.map((v, k) => v - exact[k])) / Math.hypot(...exact);

describe('antialias', () => {
  it('gives the covered area of shapes along the axes, exactly', async () => {
    for (const [left, top, right, bottom] of [
      [3.3, 2.2, 9.8, 11.4],
      [4, 4, 8, 8],
      [2.5, 3.5, 7.25, 12.75],
    ]) {
      const corners = [
        [left, top],
        [right, top],
        [right, bottom],
        [left, bottom],
      ];
      const image = await silhouette(tensor(clipOf(corners, 16)), [0, 1, 2, 0, 2, 3], 16).data();
      const overlap = (low: number, high: number, k: number): number =>
        Math.max(0, Math.min(high, k + 1) - Math.max(low, k));
      image.forEach((v, i) => {
        const [x, y] = [i % 16, i >> 4];
        const [h, w] = [overlap(top, bottom, y), overlap(left, right, x)];
        // at corners two shares meet, and their product is what is missing
        if (h === 0 || w === 0 || h === 1 || w === 1) expect(v).toBeCloseTo(h * w, 4);
      });
      const gradient = await areaGradient(corners, [0, 1, 2, 0, 2, 3], 16);
      const [width, height] = [right - left, bottom - top];
      const sides = [gradient[0] + gradient[6], gradient[1] + gradient[3], gradient[2] + gradient[4]];
      // a side is met by as many pixel centres as lie beside it: at most one more or less than its length
      expect(Math.abs(sides[0] + height)).toBeLessThanOrEqual(1);
      expect(Math.abs(sides[1] + width)).toBeLessThanOrEqual(1);
      expect(Math.abs(sides[2] - height)).toBeLessThanOrEqual(1);
    }
  });

  it('gradients of areas approach the exact ones as published: triangles and a circle at four resolutions', async () => {
    const random = randomNumbers(5);
    const shapes = Array.from({ length: 40 }, () =>
      [0, 1, 2].map(() => [random(), random()].map((v) => 0.08 + 0.84 * v)),
    );
    const medians: number[] = [];
    const circles: number[] = [];
    for (const size of [16, 32, 64, 128]) {
      const errors: number[] = [];
      for (const shape of shapes) {
        const points = shape.map((p) => p.map((v) => v * size));
        const [a, b, c] = points;
        const twice = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        if (Math.abs(twice) < 0.1 * size * size) continue;
        const s = Math.sign(twice) / 2;
        const exact = [0, 1, 2].flatMap((k) => {
          const [p, q] = [points[(k + 1) % 3], points[(k + 2) % 3]];
          return [s * (p[1] - q[1]), s * (q[0] - p[0])];
        });
        errors.push(relative(await areaGradient(points, [0, 1, 2], size), exact));
      }
      expect(errors.length).toBeGreaterThan(15);
      medians.push(errors.sort((x, y) => x - y)[errors.length >> 1]);

      // a fan of 48 triangles, less than a pixel wide at the rim: derivative of the area by the radius
      const n = 48;
      const rim = Array.from({ length: n }, (_, k) => [
        Math.cos((2 * Math.PI * k) / n),
        Math.sin((2 * Math.PI * k) / n),
      ]);
      const [radius, centre] = [0.37 * size, 0.503 * size];
      const points = [[0, 0], ...rim].map((p) => p.map((v) => centre + radius * v));
      const fan = rim.flatMap((_, k) => [0, 1 + k, 1 + ((k + 1) % n)]);
      const g = await areaGradient(points, fan, size);
      const outward = rim.reduce((sum, [x, y], k) => sum + g[2 * k + 2] * x + g[2 * k + 3] * y, 0);
      circles.push(Math.abs(outward / (n * Math.sin((2 * Math.PI) / n) * radius) - 1));
    }
    [0.14, 0.07, 0.04, 0.02].forEach((bound, k) => expect(medians[k]).toBeLessThan(bound));
    [0.08, 0.06, 0.03, 0.01].forEach((bound, k) => expect(circles[k]).toBeLessThan(bound));
  });

  it('has the gradients of its own differences, to colours and vertices, forward and backward', async () => {
    const random = randomNumbers(21);
    const indices = [0, 1, 2, 1, 3, 2, 4, 5, 6];
    const points = [
      [2.3, 3.1, 0.5],
      [12.2, 2.4, 0.4],
      [3.7, 11.3, 0.6],
      [13.1, 12.6, 0.5],
      [0.9, 7.4, 0.2],
      [9.3, 5.1, 0.9],
      [8.2, 15.3, 0.3],
    ];
    const clip = clipOf(points, 16).map((row, k) => row.map((v) => v * (1 + 0.1 * k)));
    const topology = buildTopology(indices, 7);
    const triangles = tensor(Int32Array.from(indices), [3, 3]);
    const size = { height: 16, width: 16 };
    const colors = tensor(Array.from({ length: 256 }, () => [random(), random(), random()])).reshape([16, 16, 3]);
    const draw = (color: Tensor, at: Tensor): Tensor => antialias(color, rasterize(at, triangles, size), at, topology);
    const report = await gradcheck(draw, [colors, tensor(clip)], { relative: 1e-4 });
    expect(report.passed).toBe(true);
  });

  it('leaves inner edges, vertices behind the camera and an empty image alone', async () => {
    const square = clipOf([[1, 1], [7, 1], [7, 7], [1, 7]], 8); // prettier-ignore
    const flat = await silhouette(tensor(square), [0, 1, 2, 0, 2, 3], 8).data();
    const hit = rasterize(tensor(square), tensor(Int32Array.from([0, 1, 2, 0, 2, 3]), [2, 3]), { height: 8, width: 8 });
    expect([...flat]).toEqual([...(await hit.mask.data())].map(Number));
    const behind = square.map((row, k) => (k === 0 ? row.map((v) => -v) : row));
    const drawn = await silhouette(tensor(behind), [0, 1, 2, 0, 2, 3], 8).data();
    expect(drawn.every(Number.isFinite)).toBe(true);
    const away = square.map(([x, y, z, w]) => [x, y, z, -w]);
    const nothing = (clip: Tensor): Tensor => silhouette(clip, [0, 1, 2, 0, 2, 3], 8).sum();
    expect([...(await grad(nothing)(tensor(away)).data())].every((g) => g === 0)).toBe(true);
  });

  it('says what does not fit', () => {
    const clip = tensor(clipOf([[1, 1], [7, 1], [7, 7]], 8)); // prettier-ignore
    const hit = rasterize(clip, tensor(Int32Array.from([0, 1, 2]), [1, 3]), { height: 8, width: 8 });
    const topology = buildTopology([0, 1, 2], 3);
    expect(() => antialias(tensor([[1]]), hit, clip, topology)).toThrow(ShapeError);
    const other = buildTopology([0, 1, 3], 4);
    expect(() => antialias(hit.depth, hit, clip, other)).toThrow(/must be \[4, 4\] for this topology and image/);
  });
});
