import { describe, expect, it } from 'vitest';
import { ShapeError, gradcheck, profile, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { largestDifference, randomNumbers } from '../testing/random.testing.js';
import { sampleImage, sampleTexture } from './index.js';
import type { TextureWrap } from './index.js';

const random = randomNumbers(77);

/** Bilinear interpolation written down again, in float64: place x, y in texels (centres at whole numbers). */
function plain(data: number[][][], x: number, y: number, wrap: TextureWrap): number[] {
  const at = (i: number, n: number): number => {
    if (wrap === 'clamp') return Math.min(Math.max(i, 0), n - 1);
    const period = wrap === 'repeat' ? n : 2 * n;
    const k = i - period * Math.floor(i / period);
    return k < n ? k : 2 * n - 1 - k;
  };
  const [i, j] = [Math.floor(x), Math.floor(y)];
  return data[0][0].map((_, c) => {
    let sum = 0;
    for (const [dx, dy] of [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ]) {
      const weight = (dx ? x - i : 1 - x + i) * (dy ? y - j : 1 - y + j);
      sum += weight * data[at(j + dy, data.length)][at(i + dx, data[0].length)][c];
    }
    return sum;
  });
}

const picture = (h: number, w: number, c: number): number[][][] =>
  Array.from({ length: h }, () => Array.from({ length: w }, () => Array.from({ length: c }, random)));

describe('textures', () => {
  it.each(['clamp', 'repeat', 'mirror'] as const)('%s: bilinear, v upwards, of any size from 1 on', async (wrap) => {
    for (const [h, w, c] of [
      [5, 7, 3],
      [1, 1, 2],
      [1, 6, 1],
    ]) {
      const data = picture(h, w, c);
      const uv = Array.from({ length: 200 }, () => [4 * random() - 1.5, 4 * random() - 1.5]);
      const expected = uv.flatMap(([u, v]) => plain(data, u * w - 0.5, (1 - v) * h - 0.5, wrap));
      const found = await sampleTexture(tensor(data), tensor(uv), { wrap }).data();
      expect(largestDifference(found, expected)).toBeLessThan(1e-5);
    }
  });

  it('have gradients to texels and coordinates, in float64 and on the GPU', async () => {
    const uv = Array.from({ length: 12 }, () => [0.13 + 0.7 * random(), 0.11 + 0.7 * random()]);
    const read = (texture: Tensor, at: Tensor): Tensor => sampleTexture(texture, at, { wrap: 'repeat' });
    expect((await gradcheck(read, [tensor(picture(3, 4, 2)), tensor(uv)])).passed).toBe(true);
  });

  it('are two kernels, and a place far outside or NaN harms nobody else', async () => {
    const data = picture(4, 4, 3);
    const uv = tensor([
      [0.5, 0.5],
      [NaN, 0.5],
      [1e30, -1e30],
    ]);
    const { kernels } = await profile(() => sampleTexture(tensor(data), uv).data());
    expect(kernels.length).toBe(2); // the four places, then everything else
    const values = await sampleTexture(tensor(data), uv).data();
    expect(largestDifference(values.subarray(0, 3), plain(data, 1.5, 1.5, 'clamp'))).toBeLessThan(1e-6);
    expect(values.subarray(3, 6).every(Number.isNaN)).toBe(true);
    expect([...values.subarray(6)].every(Number.isFinite)).toBe(true);
    expect(() => sampleTexture(tensor([[1]]), uv)).toThrow(ShapeError);
    expect(() => sampleTexture(tensor(new Float32Array(0), [0, 4, 3]), uv)).toThrow(/at least one texel/);
    expect(() => sampleTexture(tensor(data), tensor([1, 2, 3]))).toThrow(/last dimension of 2/);
  });

  it('images are read at pixels, centres at a half', async () => {
    const data = picture(6, 5, 3);
    const image = tensor(data).unsqueeze(0);
    const centres = data.flatMap((row, y) => row.map((_, x) => [x + 0.5, y + 0.5]));
    expect(largestDifference(await sampleImage(image, tensor(centres)).data(), data.flat(2))).toBeLessThan(1e-6);
    const between = [2.25, 3.1];
    const expected = plain(data, 1.75, 2.6, 'clamp');
    expect(largestDifference(await sampleImage(image.squeeze(0), tensor(between)).data(), expected)).toBeLessThan(1e-6);
  });
});
