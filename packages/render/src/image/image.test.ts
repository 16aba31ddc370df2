import { describe, expect, it } from 'vitest';
import { ShapeError, tensor, valueAndGrad } from '../engine.js';
import type { Tensor } from '../engine.js';
import { largestDifference, randomNumbers } from '../testing/random.testing.js';
import {
  halve,
  iou,
  l1,
  l2,
  linearToSRGB,
  msSSIM,
  psnr,
  pyramid,
  srgbToLinear,
  ssim,
  totalVariation,
} from './index.js';

const random = randomNumbers(21);

/** A smooth picture with noise, [1, h, w, c], as rows of numbers and as a tensor. */
function picture(h: number, w: number, c: number, noise: number): { data: number[]; image: Tensor } {
  const data: number[] = [];
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++)
      for (let k = 0; k < c; k++)
        data.push(0.5 + 0.4 * Math.sin(x / 9 + k) * Math.cos(y / 7) + noise * (random() - 0.5));
  return { data, image: tensor(data).reshape([1, h, w, c]) };
}

/** SSIM terms by a plain double loop over an 11 x 11 window in float64: [mean of all, mean of contrast-structure], per channel. */
function plainSSIM(a: number[], b: number[], h: number, w: number, c: number): { full: number[]; structure: number[] } {
  const g = Array.from({ length: 121 }, (_, k) =>
    Math.exp(-(((k % 11) - 5) ** 2 + (Math.floor(k / 11) - 5) ** 2) / 4.5),
  );
  const total = g.reduce((s, v) => s + v);
  const [full, structure] = [new Array<number>(c).fill(0), new Array<number>(c).fill(0)];
  const places = (h - 10) * (w - 10);
  for (let k = 0; k < c; k++) {
    for (let y = 0; y + 10 < h; y++) {
      for (let x = 0; x + 10 < w; x++) {
        const sums = [0, 0, 0, 0, 0];
        g.forEach((weight, i) => {
          const at = ((y + Math.floor(i / 11)) * w + x + (i % 11)) * c + k;
          [a[at], b[at], a[at] ** 2, b[at] ** 2, a[at] * b[at]].forEach((v, m) => (sums[m] += (v * weight) / total));
        });
        const [ma, mb, aa, bb, ab] = sums;
        const s = (2 * (ab - ma * mb) + 9e-4) / (aa - ma * ma + bb - mb * mb + 9e-4);
        full[k] += (((2 * ma * mb + 1e-4) / (ma * ma + mb * mb + 1e-4)) * s) / places;
        structure[k] += s / places;
      }
    }
  }
  return { full, structure };
}

const halfSize = (a: number[], h: number, w: number, c: number): number[] => {
  const out: number[] = [];
  for (let y = 0; y < h / 2; y++)
    for (let x = 0; x < w / 2; x++)
      for (let k = 0; k < c; k++)
        out.push([0, 1, w, w + 1].reduce((s, o) => s + a[(2 * y * w + 2 * x + o) * c + k], 0) / 4);
  return out;
};

describe('image measures', () => {
  it('are the closed forms', async () => {
    const zero = tensor(new Float32Array(48), [1, 4, 4, 3]);
    const half = zero.add(0.5);
    expect(await l1(zero, half).item()).toBeCloseTo(0.5, 6);
    expect(await l2(zero, half).item()).toBeCloseTo(0.25, 6);
    expect(await psnr(zero, half).item()).toBeCloseTo(6.0206, 4);
    expect(await psnr(half, half).item()).toBeCloseTo(120, 3);
    const mask = tensor(
      Float32Array.from({ length: 16 }, (_, k) => Number(k < 4)),
      [1, 4, 4, 1],
    );
    const top = half.mul(mask);
    expect(await l2(zero, top, { mask }).item()).toBeCloseTo(0.25, 6);
    expect(await iou(mask, mask.flip(1).maximum(mask)).item()).toBeCloseTo(0.5, 5);
    expect(await totalVariation(top).item()).toBeCloseTo(0.5 / 3, 5);
    expect(() => l1(zero, mask)).toThrow(ShapeError);
    expect(await psnr(zero, zero.add(100), { peak: 255 }).item()).toBeCloseTo(20 * Math.log10(2.55), 4);
  });

  it('SSIM and its derivative agree with plain loops', async () => {
    const [h, w, c] = [24, 20, 2];
    const [a, b] = [picture(h, w, c, 0.2), picture(h, w, c, 0.2)];
    const value = (x: number[]): number => plainSSIM(x, b.data, h, w, c).full.reduce((s, v) => s + v / c, 0);
    const [found, gradient] = valueAndGrad((x: Tensor) => ssim(x, b.image))(a.image);
    expect(await found.item()).toBeCloseTo(value(a.data), 5);
    expect(await ssim(a.image, a.image).item()).toBeCloseTo(1, 6);
    const g = await gradient.data();
    for (const k of [0, 333, 500]) {
      const moved = (t: number): number[] => a.data.map((v, i) => (i === k ? v + t : v));
      expect(g[k] * 1e3).toBeCloseTo(((value(moved(1e-4)) - value(moved(-1e-4))) / 2e-4) * 1e3, 2);
    }
  });

  it('MS-SSIM is the product over five scales', async () => {
    const size = 176;
    const [a, b] = [picture(size, size, 1, 0.3), picture(size, size, 1, 0.3)];
    let [x, y, s, expected] = [a.data, b.data, size, 1];
    [0.0448, 0.2856, 0.3001, 0.2363, 0.1333].forEach((weight, k) => {
      if (k > 0) [x, y, s] = [halfSize(x, s, s, 1), halfSize(y, s, s, 1), s / 2];
      const { full, structure } = plainSSIM(x, y, s, s, 1);
      expected *= (k === 4 ? full[0] : structure[0]) ** weight;
    });
    expect(await msSSIM(a.image, b.image).item()).toBeCloseTo(expected, 4);
    expect(() => msSSIM(halve(a.image), halve(b.image))).toThrow(/at least 176/);
    expect(pyramid(a.image, 4).map((p) => p.shape[1])).toEqual([176, 88, 44, 22]);
  });

  it('sRGB goes there and back, with published values', async () => {
    const x = tensor([-0.1, 0, 0.002, 0.0031308, 0.18, 0.5, 1]);
    expect(largestDifference(await srgbToLinear(linearToSRGB(x)).data(), await x.data())).toBeLessThan(1e-6);
    expect(await linearToSRGB(tensor(0.5)).item()).toBeCloseTo(0.735357, 5);
    expect(await srgbToLinear(tensor(128 / 255)).item()).toBeCloseTo(0.215861, 5);
  });
});
