import { describe, expect, it } from 'vitest';
import { tensor } from '../engine.js';
import { checkTone, toneSum, tonesOf, wholeMap } from './tones.js';
import type { FaceTone } from './tones.js';

const tone = (rows: number, map: number[], more: Partial<FaceTone> = {}): FaceTone => ({
  ...{ name: 'some', rows, map: Float32Array.from(map), factor: [-0.5, 0, 0], colour: [0, 0.1, 0] },
  ...more,
});

describe('tones', () => {
  it('a map is mirrored, and bilinear where it is coarser than the texture', () => {
    const map = [1, 2, 3, 4, 5, 6, 7, 8];
    expect([...wholeMap(tone(4, map), 4)]).toEqual([1, 2, 2, 1, 3, 4, 4, 3, 5, 6, 6, 5, 7, 8, 8, 7]);
    const fine = wholeMap(tone(2, [0, 1]), 4);
    expect([...fine.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
    expect([...fine.subarray(4, 8)]).toEqual([0.25, 0.25, 0.25, 0.25]);
  });

  it('adds map * (mean * factor + colour) per weight, fewer weights than tones being the first ones', async () => {
    const tones = tonesOf([tone(2, [1, 0]), tone(2, [0, 1], { factor: [0, 0, 1] })], 2);
    const mean = tensor(
      Float32Array.from({ length: 12 }, (_, k) => k / 12),
      [2, 2, 3],
    );
    const sum = await toneSum(tones, tensor([2, 10]), mean).data();
    const expected = [-0, 0.2, 0, -0.25, 0.2, 0, 0, 1, (10 * 8) / 12, 0, 1, (10 * 11) / 12];
    sum.forEach((x, k) => expect(x).toBeCloseTo(expected[k], 5));
    const first = await toneSum(tones, tensor([2]), mean).data();
    expect([...first.subarray(6)]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('refuses maps that do not fit', () => {
    expect(() => checkTone(tone(2, [1, 2]), 4, 4)).not.toThrow();
    expect(() => checkTone(tone(2, [1, 2, 3]), 4, 4)).toThrow(/tone "some": 3 numbers in 2 rows/);
    expect(() => checkTone(tone(2, [1, 2]), 5, 5)).toThrow(/must be half a square/);
    expect(() => checkTone(tone(2, [1, NaN]), 4, 4)).toThrow(/finite/);
  });
});
