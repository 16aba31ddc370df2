import { Generator, rand, tensor } from '../engine.js';
import { describe, expect, it } from 'vitest';
import { erode, imageMetrics, outlineIou } from './metrics.js';

/** A round face: jaw below, brows above, about (50, 50) with radius 30. */
const circle = (dx = 0): Float32Array => {
  const landmarks = new Float32Array(136);
  const at = (k: number, angle: number): void => {
    landmarks.set([50 + dx + 30 * Math.cos(angle), 50 + 30 * Math.sin(angle)], 2 * k);
  };
  for (let k = 0; k <= 16; k++) at(k, Math.PI - (Math.PI * k) / 16);
  for (let k = 17; k <= 26; k++) at(k, Math.PI + (Math.PI * (k - 16)) / 11);
  return landmarks;
};

describe('metrics of a fit', () => {
  it('erode leaves what is far enough from the edge', () => {
    const mask = Uint8Array.from({ length: 49 }, (_, k) => Number(k % 7 < 6));
    const inner = erode(mask, 7, 7, 1);
    expect(inner.reduce((a, b) => a + b, 0)).toBe(4 * 5);
    expect(inner[0]).toBe(0);
    expect(inner[8]).toBe(1);
  });

  it('outlines: intersection over union of moved discs', () => {
    const covered = new Uint8Array(100 * 100).fill(1);
    expect(outlineIou(circle(), circle(), covered, 100)).toBe(1);
    // two discs of radius r whose centres are d apart: overlap 2 r^2 acos(d / 2r) - d / 2 sqrt(4 r^2 - d^2)
    const [r, d] = [30, 20];
    const both = 2 * r * r * Math.acos(d / (2 * r)) - (d / 2) * Math.sqrt(4 * r * r - d * d);
    const expected = both / (2 * Math.PI * r * r - both);
    expect(outlineIou(circle(), circle(d), covered, 100)).toBeCloseTo(expected, 1);
    expect(outlineIou(circle(), circle(), new Uint8Array(100 * 100), 100)).toBe(0);
  });

  it('images: 1 for equal ones, and nothing outside of the mask counts', async () => {
    const photo = rand([32, 32, 3], { generator: new Generator(1) });
    const mask = Uint8Array.from({ length: 1024 }, (_, k) => Number(k % 32 < 20));
    const outside = tensor(
      Float32Array.from(mask, (m) => 0.5 * (1 - m)),
      [32, 32, 1],
    );
    const same = await imageMetrics(photo.add(outside), photo, mask);
    expect(same.ssim).toBeCloseTo(1, 5);
    expect(same.photometricRmse8bit).toBeCloseTo(0, 3);
    const other = await imageMetrics(photo.mul(0.5), photo, mask);
    expect(other.ssim).toBeLessThan(0.95);
    expect(other.photometricRmse8bit).toBeGreaterThan(20);
    const thin = Uint8Array.from({ length: 1024 }, (_, k) => Number(k % 32 < 10));
    expect((await imageMetrics(photo, photo, thin)).ssim).toBeNaN();
  });
});
