import { describe, expect, it } from 'vitest';
import { ShapeError, grad, gradcheck, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { largestDifference, randomNumbers } from '../testing/random.testing.js';
import { mipLevels, pyramidOf } from './mipmaps.js';
import { sampleTexture, texture } from './index.js';

const random = randomNumbers(31);
const picture = (h: number, w: number, c: number): number[][][] =>
  Array.from({ length: h }, () => Array.from({ length: w }, () => Array.from({ length: c }, random)));
const places = (count: number, low: number, high: number): number[][] =>
  Array.from({ length: count }, () => [0, 1].map(() => low + (high - low) * random()));

/** Mean of a function of one texel index over [from, to) texels: means of areas from their definition. */
function mean(value: (i: number) => number, from: number, to: number): number {
  let sum = 0;
  for (let i = Math.floor(from); i < to; i++) sum += value(i) * (Math.min(to, i + 1) - Math.max(from, i));
  return sum / (to - from);
}

describe('mip levels', () => {
  it('are means of areas, for sizes that are no powers of two, and keep the mean of the texture', async () => {
    for (const [h, w] of [
      [8, 8],
      [7, 12],
      [1, 9],
      [5, 1],
      [1, 1],
      [13, 6],
    ]) {
      const image = picture(h, w, 2);
      const levels = mipLevels(h, w);
      const pyramid = await pyramidOf(tensor([image])).data();
      const of = (level: number, y: number, x: number, c: number): number =>
        pyramid[2 * (levels[level].first + y * levels[level].width + x) + c];
      expect(levels.at(-1)).toMatchObject({ height: 1, width: 1 });
      levels.forEach(({ height, width }, l) => {
        let total = 0;
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            total += of(l, y, x, 1) / (height * width);
            if (l === 0) continue;
            const fine = levels[l - 1];
            const [sy, sx] = [fine.height / height, fine.width / width];
            const rowMean = (j: number): number => mean((i) => of(l - 1, j, i, 1), x * sx, (x + 1) * sx);
            expect(of(l, y, x, 1)).toBeCloseTo(mean(rowMean, y * sy, (y + 1) * sy), 5);
          }
        }
        expect(total).toBeCloseTo(image.flat().reduce((s, texel) => s + texel[1], 0) / (h * w), 5);
      });
    }
  });

  it('have gradients', async () => {
    await gradcheck((t: Tensor) => pyramidOf(t), [tensor([picture(5, 6, 1), picture(5, 6, 1)])]);
  });
});

describe('texture', () => {
  /** Derivatives of coordinates that cover `extent` texels of a texture of `size`, along both axes. */
  const footprint = (count: number, size: number, extent: number): Tensor =>
    tensor(Array.from({ length: count }, () => [extent / size, 0, 0, extent / size])).reshape([count, 2, 2]);

  it('reads the nearest texel, four, or eight on two levels', async () => {
    const image = tensor(picture(8, 8, 3));
    const uv = tensor(places(100, -0.7, 1.6));
    for (const wrap of ['clamp', 'repeat', 'mirror'] as const) {
      const four = await texture(image, uv, { wrap }).data();
      expect(largestDifference(four, await sampleTexture(image, uv, { wrap }).data())).toBeLessThan(1e-6);
      // half way between two levels: the mean of what these alone give
      const detail = (level: number): Promise<ArrayLike<number>> =>
        texture(image, uv, { wrap, derivatives: footprint(100, 8, 2 ** level) }).data() as Promise<Float32Array>;
      const [low, between, high] = await Promise.all([detail(1), detail(1.5), detail(2)]);
      const half = Array.from(low, (v, k) => (v + high[k]) / 2);
      expect(largestDifference(between, half)).toBeLessThan(1e-6);
      const level1 = pyramidOf(image.unsqueeze(0)).slice(0, [64, 80]).reshape([4, 4, 3]);
      expect(largestDifference(low, await sampleTexture(level1, uv, { wrap }).data())).toBeLessThan(1e-6);
      // magnified: the finest level; far away: the mean
      const near = await texture(image, uv, { wrap, derivatives: footprint(100, 8, 0.01) }).data();
      expect(largestDifference(near, four)).toBeLessThan(1e-6);
      const mean = await image.mean([0, 1]).data();
      const far = await texture(image, uv, { wrap, derivatives: footprint(100, 8, 1e6) }).data();
      expect(
        largestDifference(
          far,
          Array.from(far, (_, k) => mean[k % 3]),
        ),
      ).toBeLessThan(1e-6);
    }
    const centres = Array.from({ length: 64 }, (_, i) => [((i % 8) + 0.5) / 8, 1 - ((i >> 3) + 0.5) / 8]);
    const jittered = tensor(centres.map((p) => p.map((v) => v + 0.12 * (random() - 0.5))));
    const nearest = await texture(image, jittered, { filter: 'nearest' }).data();
    expect(largestDifference(nearest, await image.data())).toBe(0);
  });

  it('a footprint is as large as its longest extent, whichever way it lies', async () => {
    const image = tensor(picture(16, 16, 1));
    const uv = tensor(places(20, 0.1, 0.9));
    const expected = await texture(image, uv, { derivatives: footprint(20, 16, 3) }).data();
    const [s, c] = [Math.sin(0.7), Math.cos(0.7)];
    // an ellipse of half axes 3 and 1 texels, turned
    const turned = [3 * c, 3 * s, -s, c].map((v) => v / 16);
    const derivatives = tensor(Array.from({ length: 20 }, () => turned)).reshape([20, 2, 2]);
    expect(largestDifference(await texture(image, uv, { derivatives }).data(), expected)).toBeLessThan(1e-5);
  });

  it('has gradients to texels, coordinates and level, also at borders, seams and beyond', async () => {
    const image = tensor(picture(5, 6, 2));
    const around = [[0.01, 0.47], [0.99, 0.02], [-0.13, 1.2], [0.07, 0.95], [2.31, -1.44], [0.52, 0.48]]; // prettier-ignore
    const derivatives = tensor(around.map(() => Array.from({ length: 4 }, () => 0.6 * random() - 0.3)));
    for (const wrap of ['clamp', 'repeat', 'mirror'] as const) {
      await gradcheck(
        (t: Tensor, uv: Tensor, d: Tensor) => texture(t, uv, { wrap, derivatives: d.reshape([6, 2, 2]) }),
        [image, tensor(around), derivatives],
      );
    }
    await gradcheck((t: Tensor, uv: Tensor) => texture(t, uv, { wrap: 'repeat' }), [image, tensor(around)]);
    const nearest = grad((t: Tensor) => texture(t, tensor([[0.1, 0.9], [0.12, 0.91]]), { filter: 'nearest' }).sum()); // prettier-ignore
    expect((await nearest(image).data()).filter((g) => g !== 0)).toEqual(Float32Array.of(2, 2));
    // across the seam of a texture that repeats, both sides get their share
    const seam = grad((t: Tensor) => texture(t, tensor([[0, 0.5]]), { wrap: 'repeat' }).sum());
    const onSeam = await seam(tensor(picture(1, 6, 1))).data();
    expect(largestDifference(onSeam, [0.5, 0, 0, 0, 0, 0.5])).toBeLessThan(1e-6);
  });

  it('gradients hold at poles, for textures of size 1, and a million periods away', async () => {
    const tight = { relative: 1e-5, absolute: 1e-6 };
    // a map of the sphere is read at its first and last row; near a pole a pixel covers many columns, or all of them
    const rows = [0, 1, 0.03, 0.98, 0.5]; // prettier-ignore
    const poles = rows.map((v, k) => [0.13 + 0.21 * k, v]);
    for (const wrap of ['clamp', 'repeat', 'mirror'] as const) {
      // v = 0 and 1 are kinks of what repeats: a little beside them
      const at = tensor(wrap === 'clamp' ? poles : poles.map(([u, v]) => [u, v + 1e-3]));
      const slopes = tensor([[0.31, 0, 0.02, 0.1], [0.9, 0.1, 0, 0.05], [9, 0, 0, 0.1], [0.2, 0.01, 0, 0.3], [1e-9, 0, 0, 1e-9]]); // prettier-ignore
      for (const [h, w] of [
        [6, 9],
        [1, 1],
        [1, 7],
        [4, 1],
      ]) {
        // prettier-ignore
        // the one texel has no slope, and what is relative to nothing is not compared
        const gpu = h * w > 1 ? 1e-4 : false;
        const read = (t: Tensor, uv: Tensor, d: Tensor): Tensor =>
          texture(t, uv, { wrap, derivatives: d.reshape([5, 2, 2]) });
        const image = tensor(picture(h, w, 1));
        await gradcheck(read, [image, at, slopes], { ...tight, gpu });
        if (h * w > 1) continue;
        const slope = await grad((uv: Tensor) => read(image, uv, slopes).sum())(at).data();
        expect(Math.max(...slope.map(Math.abs))).toBeLessThan(1e-6);
      }
    }
    // 1/16 is the last step of floats there
    const far = tensor([[1e6 + 0.3125, -1e6 - 0.1875], [-1e6 + 0.0625, 1e6 + 0.9375]]); // prettier-ignore
    const image = tensor(picture(5, 6, 2));
    for (const [wrap, near] of [
      [
        'repeat',
        [
          [0.3125, 0.8125],
          [0.0625, 0.9375],
        ],
      ],
      [
        'mirror',
        [
          [0.3125, -0.1875],
          [0.0625, 0.9375],
        ],
      ],
      [
        'clamp',
        [
          [2, -1],
          [-1, 2],
        ],
      ],
    ] as const) {
      // prettier-ignore
      const own = tensor(near.map((p) => [...p]));
      for (const filter of ['nearest', 'bilinear'] as const) {
        const [found, expected] = [far, own].map((uv) => texture(image, uv, { wrap, filter }).data());
        expect(largestDifference(await found, await expected)).toBe(0);
      }
      expect(largestDifference(await sampleTexture(image, far, { wrap }).data(), await sampleTexture(image, own, { wrap }).data())).toBe(0); // prettier-ignore
      const slope = grad((uv: Tensor) =>
        texture(image, uv, { wrap })
          .mul(tensor([1, 3]))
          .sum(),
      );
      expect(largestDifference(await slope(far).data(), await slope(own).data())).toBe(0);
    }
  });

  it('textures of a batch are read apart', async () => {
    const images = [picture(4, 5, 2), picture(4, 5, 2)];
    const uv = [places(7, 0, 1), places(7, 0, 1)];
    const derivatives = tensor(Array.from({ length: 14 }, () => [0.5, 0, 0, 0.3])).reshape([2, 7, 2, 2]);
    for (const filter of ['nearest', 'bilinear', 'trilinear'] as const) {
      const options = { filter, ...(filter === 'trilinear' ? { derivatives } : {}) };
      const both = await texture(tensor(images), tensor(uv), options).data();
      for (const k of [0, 1]) {
        const own = filter === 'trilinear' ? { filter, derivatives: derivatives.select(0, k) } : { filter };
        const alone = await texture(tensor(images[k]), tensor(uv[k]), own).data();
        expect(largestDifference(both.subarray(14 * k, 14 * k + 14), alone)).toBeLessThan(1e-6);
      }
    }
    await gradcheck((t: Tensor) => texture(t, tensor(uv), { derivatives }), [tensor(images)]);
  });

  it('one texel, hostile coordinates and wrong shapes', async () => {
    const one = await texture(tensor([[[3, 4]]]), tensor(places(5, -9, 9)), { derivatives: footprint(5, 1, 4) }).data();
    expect(
      largestDifference(
        one,
        Array.from({ length: 10 }, (_, k) => 3 + (k % 2)),
      ),
    ).toBeLessThan(1e-6);
    const odd = tensor([[0.5, 0.5], [NaN, 0.2], [1e30, -1e30], [Infinity, 0]]); // prettier-ignore
    const image = tensor(picture(4, 4, 1));
    const values = await texture(image, odd, { derivatives: footprint(4, 4, 1), wrap: 'repeat' }).data();
    const expected = await sampleTexture(image, tensor([[0.5, 0.5]])).data();
    expect(values[0]).toBeCloseTo(expected[0], 6);
    expect((await texture(image, tensor(new Float32Array(0), [0, 2])).data()).length).toBe(0);
    expect(() => texture(tensor([[1]]), odd)).toThrow(/needs \[H, W, C\] or \[B, H, W, C\]/);
    expect(() => texture(image, tensor([1, 2, 3]))).toThrow(ShapeError);
    expect(() => texture(image, odd, { filter: 'trilinear' })).toThrow(
      /needs a level, or derivatives \[4, 2, 2\] .* got none/,
    );
  });
});
