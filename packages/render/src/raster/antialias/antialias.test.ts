import { describe, expect, it } from 'vitest';
import { ShapeError, concat, grad, gradcheck, referenceData, stack, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { axisAngle, perspective } from '../../camera/index.js';
import { boxShape, buildTopology, icosphereShape } from '../../geometry/index.js';
import { largestDifference, randomNumbers } from '../../testing/random.testing.js';
import { interpolate } from '../interpolate/interpolate.js';
import { rasterize } from '../rasterize/rasterize.js';
import { antialias } from './antialias.js';
import type { AntialiasOptions } from './antialias.js';

/** Clip coordinates of points given in pixels. */
const clipOf = (points: readonly (readonly number[])[], size: number): number[][] =>
  points.map(([x, y, z = 0.5]) => [(2 * x) / size - 1, 1 - (2 * y) / size, z, 1]);

/** The antialiased white shape on black. */
function silhouette(clip: Tensor, indices: readonly number[], size: number, options: AntialiasOptions = {}): Tensor {
  const topology = buildTopology(indices, clip.shape[0]);
  const triangles = tensor(Int32Array.from(indices), [indices.length / 3, 3]);
  const hit = rasterize(clip, triangles, { height: size, width: size });
  return antialias(hit.mask.to('float32'), hit, clip, topology, options);
}

/** Gradient of the image's sum by the points' pixel coordinates. */
async function areaGradient(
  points: number[][],
  indices: number[],
  size: number,
  options: AntialiasOptions = {},
): Promise<number[]> {
  const g = await grad((clip: Tensor) => silhouette(clip, indices, size, options).sum())(
    tensor(clipOf(points, size)),
  ).data();
  return points.flatMap((_, k) => [(g[4 * k] * 2) / size, (-g[4 * k + 1] * 2) / size]);
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, k) => k);

/** Area that a convex polygon covers of the unit square at (x, y): cut by its four sides. */
function areaInSquare(polygon: number[][], x: number, y: number): number {
  const sides = [[1, 0, -x], [-1, 0, x + 1], [0, 1, -y], [0, -1, y + 1]]; // prettier-ignore
  const rest = sides.reduce((points, [a, b, c]) => {
    const value = ([px, py]: number[]): number => a * px + b * py + c;
    return points.flatMap((p, k) => {
      const q = points[(k + 1) % points.length];
      const [vp, vq] = [value(p), value(q)];
      const t = vp / (vp - vq);
      const cut = [p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])];
      return [...(vp >= 0 ? [p] : []), ...(vp >= 0 !== vq >= 0 ? [cut] : [])];
    });
  }, polygon);
  const twice = rest.reduce((sum, p, k) => {
    const q = rest[(k + 1) % rest.length];
    return sum + p[0] * q[1] - p[1] * q[0];
  }, 0);
  return Math.abs(twice) / 2;
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

  it.each([
    // the bounds: what guides/rasterizer.md prints, rounded up
    ['line', [0.14, 0.07, 0.04, 0.02], [0.08, 0.06, 0.03, 0.01]],
    ['box', [0.04, 0.01, 0.01, 0.003], [0.01, 0.01, 0.01, 0.01]],
  ] as const)(
    'gradients of areas approach the exact ones, %s: triangles and a circle',
    async (coverage, most, mostRound) => {
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
          errors.push(relative(await areaGradient(points, [0, 1, 2], size, { coverage }), exact));
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
        const g = await areaGradient(points, fan, size, { coverage });
        const outward = rim.reduce((sum, [x, y], k) => sum + g[2 * k + 2] * x + g[2 * k + 3] * y, 0);
        circles.push(Math.abs(outward / (n * Math.sin((2 * Math.PI) / n) * radius) - 1));
      }
      most.forEach((bound, k) => expect(medians[k]).toBeLessThan(bound));
      mostRound.forEach((bound, k) => expect(circles[k]).toBeLessThan(bound));
    },
  );

  it('box: pixels have the area that shapes cover of them, at corners too', async () => {
    const size = 24;
    const random = randomNumbers(12);
    let worst = 0;
    for (let round = 0; round < 12; round++) {
      // a quadrilateral around the middle without needles
      const corners = [0, 1, 2, 3].map((k) => {
        const [angle, radius] = [(k + 0.6 * random()) * (Math.PI / 2), 6 + 5 * random()];
        return [12 + radius * Math.cos(angle), 12 + radius * Math.sin(angle)];
      });
      const image = await silhouette(tensor(clipOf(corners, size)), [0, 1, 2, 0, 2, 3], size, {
        coverage: 'box',
      }).data();
      image.forEach((v, i) => {
        const expected = areaInSquare(corners, i % size, Math.floor(i / size));
        worst = Math.max(worst, Math.abs(v - expected));
      });
    }
    expect(worst).toBeLessThan(1e-2);
  });

  it('box: shapes before each other are as with 64 samples a pixel, better than by lines', async () => {
    const [ball, box] = [icosphereShape({ radius: 0.9, subdivisions: 3 }), boxShape({ size: [1.2, 1, 0.8] })];
    const count = ball.positions.length / 3;
    const at = tensor([...ball.positions, ...box.positions]).reshape([count + 8, 3]);
    const boxes = axisAngle(tensor([0.5, 0.7, 0.2])).apply(at.slice([count, count + 8])).add(tensor([0.5, 0.3, 1.9])); // prettier-ignore
    const positions = concat([at.slice([0, count]), boxes]);
    const indices = [...ball.triangles, ...[...box.triangles].map((v) => v + count)];
    const triangles = tensor(Int32Array.from(indices), [indices.length / 3, 3]);
    const colors = tensor(upTo(count + 8).map((v) => (v < count ? [0.9, 0.2] : [0.3, 0.8])));
    const draw = (size: number, coverage?: 'line' | 'box'): Tensor => {
      const clip = perspective({ fovY: 0.7, width: size, height: size, position: [0, 0, 5] }).project(positions);
      const hit = rasterize(clip, triangles, { width: size, height: size });
      const image = interpolate(colors, hit, triangles).value;
      return coverage ? antialias(image, hit, clip, buildTopology(indices, count + 8), { coverage }) : image;
    };
    const exact = draw(48 * 16)
      .reshape([48, 16, 48, 16, 2])
      .mean([1, 3]);
    const error = async (image: Tensor): Promise<number> =>
      (await image.sub(exact).square().mean().sqrt().item()) as number;
    const [none, line, boxed] = await Promise.all([draw(48), draw(48, 'line'), draw(48, 'box')].map(error));
    expect(line).toBeLessThan(none / 3);
    expect(boxed).toBeLessThan(0.6 * line);
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
    for (const coverage of ['line', 'box'] as const) {
      const draw = (color: Tensor, at: Tensor): Tensor =>
        antialias(color, rasterize(at, triangles, size), at, topology, { coverage });
      const report = await gradcheck(draw, [colors, tensor(clip)], { relative: 1e-4, most: 40 });
      expect(report.passed).toBe(true);
      // and on the GPU, batches too
      const both = (at: Tensor): Tensor => {
        const image = antialias(stack([colors, colors]), rasterize(at, triangles, size), at, topology, { coverage });
        return image.mul(colors.roll(5, 0)).sum();
      };
      const two = tensor([clip, clip.map((row) => row.map((v, c) => (c === 3 ? v : 0.9 * v)))]);
      const found = [both(two), grad(both)(two)];
      const exact = await referenceData(...found);
      for (const [k, t] of found.entries()) {
        expect(largestDifference(await t.data(), exact[k])).toBeLessThan(2e-4 * Math.max(...exact[k].map(Math.abs)));
      }
    }
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

  it('vertices that are not finite, slivers and doubled triangles spoil no gradient, front and back layer', async () => {
    const size = { width: 12, height: 12 };
    const at = (x: number, y: number, z: number): number[] => clipOf([[x, y, z]], 12)[0];
    const rows = [
      ...[at(1, 1, 0.5), at(9, 2, 0.4), at(3, 10, 0.6), at(11, 11, 0.5)], // a square
      ...[[NaN, 0, 0.5, 1], [0.1, Infinity, 0.5, 1], at(6, 3, 0.3), at(-6, -3, 0.2).map((v) => -v)], // prettier-ignore
      at(4, 4, 0.2),
    ];
    const indices = [0, 1, 2, 1, 3, 2, 4, 0, 1, 5, 3, 2, 6, 7, 8, 6, 6, 8, 1, 3, 2, 0, 8, 6];
    const topology = buildTopology(indices, rows.length);
    const triangles = tensor(Int32Array.from(indices), [indices.length / 3, 3]);
    const colors = tensor(rows.map((_, k) => [k / 8, 1 - k / 8]));
    for (const coverage of ['line', 'box'] as const) {
      const draw = (clip: Tensor): Tensor => {
        const front = rasterize(clip, triangles, size);
        return [front, rasterize(clip, triangles, size, { behind: front })]
          .map((hit) => antialias(interpolate(colors, hit, triangles).value, hit, clip, topology, { coverage }))
          .map((image) => image.square().sum())
          .reduce((a, b) => a.add(b));
      };
      const g = await grad(draw)(tensor(rows)).data();
      expect(g.every(Number.isFinite)).toBe(true);
      expect(g.slice(0, 16).some((v) => v !== 0)).toBe(true);
      expect(g.slice(16, 24).every((v) => v === 0)).toBe(true);
    }
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
