import { describe, expect, it } from 'vitest';
import { ShapeError, compile, grad, gradcheck, referenceData, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { largestDifference, randomNumbers } from '../../testing/random.testing.js';
import { rasterize } from '../rasterize/rasterize.js';
import { softRasterize } from './softRasterize.js';

const list = (indices: readonly number[]): Tensor => tensor(Int32Array.from(indices), [indices.length / 3, 3]);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, k) => k);

/** Clip coordinates of points given in pixels, depth and w. */
const clipOf = (points: readonly (readonly number[])[], width: number, height: number): number[][] =>
  points.map(([x, y, z = 0.5, w = 1]) => [w * ((2 * x) / width - 1), w * (1 - (2 * y) / height), w * z, w]);

/** Seven triangles of different depths, some of which reach out of the image, with colours. */
function scene(width: number, height: number): { clip: number[][]; colors: number[][]; triangles: Tensor } {
  const random = randomNumbers(31);
  const points = upTo(21).map(() => [
    (1.4 * random() - 0.2) * width,
    (1.4 * random() - 0.2) * height,
    random(),
    0.5 + random(),
  ]);
  return {
    clip: clipOf(points, width, height),
    colors: points.map(() => [random(), random()]),
    triangles: list(upTo(21)),
  };
}

/** The published equations, pixel by pixel in screen space, without tiles, for triangles with w = 1. */
function published(
  points: readonly number[][],
  colors: readonly number[][],
  size: number,
  sigma: number,
  gamma: number,
) {
  const cross = (p: number[], q: number[], r: number[]): number =>
    (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
  const image: number[] = [];
  const alpha: number[] = [];
  for (let i = 0; i < size * size; i++) {
    const at = [(i % size) + 0.5, Math.floor(i / size) + 0.5];
    let sum = Math.exp(1e-3 / gamma);
    let rest = 1;
    let color = 0;
    for (let f = 0; f < points.length; f += 3) {
      const [p, q, r] = points.slice(f, f + 3);
      const lambda = [cross(q, r, at), cross(r, p, at), cross(p, q, at)].map((e) => e / cross(p, q, r));
      const nearest = Math.min(
        ...[
          [p, q],
          [q, r],
          [r, p],
        ].map(([a, b]) => {
          const length2 = (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2;
          const t = ((at[0] - a[0]) * (b[0] - a[0]) + (at[1] - a[1]) * (b[1] - a[1])) / length2;
          const s = Math.min(Math.max(t, 0), 1);
          return (at[0] - a[0] - s * (b[0] - a[0])) ** 2 + (at[1] - a[1] - s * (b[1] - a[1])) ** 2;
        }),
      );
      const share = 1 / (1 + Math.exp((lambda.every((l) => l >= 0) ? -nearest : nearest) / sigma ** 2));
      const clipped = lambda.map((l) => Math.max(l, 0));
      const total = clipped.reduce((a, b) => a + b);
      const mean = (values: number[]): number => clipped.reduce((s, l, k) => s + (l / total) * values[k], 0);
      const weight = share * Math.exp((1 - mean([p, q, r].map((v) => v[2]))) / gamma);
      sum += weight;
      color += weight * mean(colors.slice(f, f + 3).map((c) => c[0]));
      rest *= 1 - share;
    }
    image.push(color / sum);
    alpha.push(1 - rest);
  }
  return { image, alpha };
}

describe('softRasterize', () => {
  it('is what the published equations say', async () => {
    const random = randomNumbers(7);
    const points = upTo(18).map(() => [24 * random(), 24 * random(), random()]);
    const colors = points.map(() => [random()]);
    const triangles = list(upTo(18));
    for (const [sigma, gamma] of [
      [1.5, 0.2],
      [4, 1],
      [0.4, 1e-2],
    ]) {
      const expected = published(points, colors, 24, sigma, gamma);
      const { image, alpha } = softRasterize(
        tensor(clipOf(points, 24, 24)),
        triangles,
        tensor(colors),
        { width: 24, height: 24 },
        { sigma, gamma },
      );
      expect(largestDifference(await alpha.data(), expected.alpha)).toBeLessThan(1e-5);
      // what is left out outside of 4 sigma may weigh 6e-8 * exp(1 / gamma)
      if (gamma > 0.1) expect(largestDifference(await image.data(), expected.image)).toBeLessThan(3e-5);
    }
  });

  it('is the reference in float64, large and small triangles, batches and backgrounds', async () => {
    const size = { width: 40, height: 24 };
    const { clip, colors, triangles } = scene(40, 24);
    const other = clip.map(([x, y, z, w]) => [0.3 * x + 0.2, 0.3 * y, z, w]);
    for (const attributes of [colors, [colors, colors.map(([a, b]) => [b, 1 - a])]]) {
      const background = tensor([0.2, 0.9]);
      const { image, alpha } = softRasterize(tensor([clip, other]), triangles, tensor(attributes as number[][]), size, {
        ...{ sigma: 0.8, gamma: 0.05, background },
      });
      const [exactImage, exactAlpha] = await referenceData(image, alpha);
      expect(image.shape).toEqual([2, 24, 40, 2]);
      expect(largestDifference(await image.data(), exactImage)).toBeLessThan(2e-5);
      expect(largestDifference(await alpha.data(), exactAlpha)).toBeLessThan(1e-5);
    }
  });

  it('has exact gradients of vertices, attributes and background, forward and backward', async () => {
    const size = { width: 14, height: 11 };
    const { clip, colors, triangles } = scene(14, 11);
    const draw = (at: Tensor, color: Tensor, background: Tensor): Tensor[] => {
      const { image, alpha } = softRasterize(at, triangles, color, size, { sigma: 1.3, gamma: 0.2, background });
      return [image, alpha];
    };
    const given = [tensor(clip), tensor(colors.map((c) => [...c, 0.3, 0.6, c[0]])), tensor([0.5, 0.1, 0.9, 0.2, 0.3])];
    expect((await gradcheck(draw, given, { most: 40 })).passed).toBe(true);
    const found = [
      grad((at: Tensor) => draw(at, given[1], given[2])[0].square().sum())(given[0]),
      grad((color: Tensor) => draw(given[0], color, given[2])[0].square().sum())(given[1]),
    ];
    const exact = await referenceData(...found);
    for (const [k, g] of found.entries()) {
      const scale = Math.max(...exact[k].map(Math.abs));
      expect(largestDifference(await g.data(), exact[k]) / scale).toBeLessThan(1e-4);
    }
  });

  it('approaches the hard rasterizer as sigma and gamma shrink', async () => {
    const size = { width: 48, height: 48 };
    const { clip, triangles } = scene(48, 48);
    const faces = tensor(upTo(21).map((k) => [1 + Math.floor(k / 3)]));
    const hard = rasterize(tensor(clip), triangles, size);
    const { image } = softRasterize(tensor(clip), triangles, faces, size, { sigma: 0.02, gamma: 1e-5 });
    const [ids, soft] = await Promise.all([hard.triangles.data(), image.data()]);
    const wrong = ids.filter((id, i) => Math.abs(soft[i] - (id + 1)) > 1e-3).length;
    expect(wrong / ids.length).toBeLessThan(0.02);
  });

  it('moves a triangle that is far away from where it should be: the hard rasterizer cannot', async () => {
    const size = { width: 32, height: 32 };
    const at = (x: number): number[][] => clipOf([[x, 12], [x + 6, 12], [x + 3, 20]], 32, 32); // prettier-ignore
    const ones = tensor([[1], [1], [1]]);
    const goal = softRasterize(tensor(at(20)), list([0, 1, 2]), ones, size, { sigma: 6 }).alpha.detach();
    const loss = (clip: Tensor): Tensor =>
      softRasterize(clip, list([0, 1, 2]), ones, size, { sigma: 6 })
        .alpha.sub(goal)
        .square()
        .mean();
    const g = await grad(loss)(tensor(at(5))).data();
    for (const k of [0, 4, 8]) expect(g[k]).toBeLessThan(0); // to the right
  });

  it('same triangles, same bits, whatever ran first; lists grow as needed, gradients too', async () => {
    const random = randomNumbers(3);
    const count = 300;
    const points = upTo(3 * count).map(() => [64 * random(), 64 * random(), random()]);
    const [clip, triangles] = [tensor(clipOf(points, 64, 64)), list(upTo(3 * count))];
    const colors = tensor(points.map(() => [random()]));
    const draw = compile((at: Tensor) => {
      const { image, alpha } = softRasterize(
        at,
        triangles,
        colors,
        { width: 64, height: 64 },
        { sigma: 3, gamma: 0.05 },
      );
      return [image, alpha];
    });
    const [first, second] = [draw(clip), draw(clip)];
    for (const k of [0, 1]) expect(await first[k].data()).toEqual(await second[k].data());
    const [exact] = await referenceData(first[0]);
    expect(largestDifference(await first[0].data(), exact)).toBeLessThan(1e-4);
    draw.dispose();
    const step = grad((color: Tensor) =>
      softRasterize(clip, triangles, color, { width: 64, height: 64 }, { sigma: 3, gamma: 0.05 }).image.sum(),
    );
    const g = await step(colors).data();
    // weights of triangles add up to what the background leaves
    const weights = softRasterize(
      clip,
      triangles,
      colors.mul(0).add(1),
      { width: 64, height: 64 },
      { sigma: 3, gamma: 0.05 },
    );
    expect([...g].reduce((a, b) => a + b, 0) / (await weights.image.sum().item())).toBeCloseTo(1, 5);
  });

  it('leaves out what cannot be drawn, which harms nobody else', async () => {
    const size = { width: 12, height: 10 };
    const good = clipOf([[2, 1], [10, 3], [4, 9]], 12, 10); // prettier-ignore
    const bad = [
      [[NaN, 0, 0.5, 1], ...good.slice(1)],
      [[0, 0, Infinity, 1], ...good.slice(1)],
      [[0, 0, 0.5, -1], ...good.slice(1)], // a vertex behind the camera
      good.map((row) => row.map((v) => -v)),
      [good[0], good[1], good[0]],
      [good[0], good[0], good[0]],
      good.map(([x, y, , w]) => [x, y, 1.5, w]), // behind the far plane
    ];
    const color = (n: number): Tensor => tensor(upTo(n).map((k) => [1 + k]));
    const draw = (rows: number[][], indices = upTo(rows.length)) =>
      softRasterize(tensor(rows), list(indices), color(rows.length), size, { gamma: 0.1 });
    const expected = draw(good);
    const many = draw([...good, ...bad.flat()]);
    expect(await many.image.data()).toEqual(await expected.image.data());
    expect(await many.alpha.data()).toEqual(await expected.alpha.data());
    const all = tensor([...good, ...bad.flat()]);
    const g = await grad((clip: Tensor) => {
      return softRasterize(clip, list(upTo(24)), color(24), size, { gamma: 0.1 }).image.sum();
    })(all).data();
    expect(g.every(Number.isFinite)).toBe(true);
    expect(g.slice(0, 12).some((v) => v !== 0)).toBe(true);
    expect(g.slice(12).every((v) => v === 0)).toBe(true);
    expect(await draw(good, [0, 1, 2, 0, 1, 7, -1, 0, 1]).alpha.data()).toEqual(await expected.alpha.data());
    const empty = draw(good, []);
    expect([...(await empty.image.data()), ...(await empty.alpha.data())].every((v) => v === 0)).toBe(true);
  });

  it('says what does not fit', () => {
    const clip = tensor(clipOf([[2, 1], [10, 3], [4, 9]], 12, 10)); // prettier-ignore
    const size = { width: 12, height: 10 };
    const colors = tensor([[1], [2], [3]]);
    const one = list([0, 1, 2]);
    expect(() => softRasterize(colors, one, colors, size)).toThrow(/must be \[V, 4\] or \[B, V, 4\], got \[3, 1\]/);
    expect(() => softRasterize(clip, clip, colors, size)).toThrow(ShapeError);
    expect(() => softRasterize(clip, one, tensor([[1]]), size)).toThrow(/must be \[3, C\] as the vertices are/);
    expect(() => softRasterize(clip, one, colors, size, { sigma: 0 })).toThrow(/above 0, got 0 and/);
    expect(() => softRasterize(clip, one, colors, size, { background: tensor([1, 2]) })).toThrow(
      /must be \[1\], got \[2\]/,
    );
    expect(() => softRasterize(clip, one, colors, { width: 0, height: 2 })).toThrow(/got 2 x 0/);
  });
});
