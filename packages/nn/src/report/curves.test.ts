import fc from 'fast-check';
import { expect, test } from 'vitest';
import { binned, linearAxis, valueAxis } from './curves.js';

test('axes have a few round ticks inside of their range, in order', () => {
  const bound = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  const size = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(bound, size, fc.integer({ min: 3, max: 6 }), (low, range, count) => {
      fc.pre(Math.abs(low) < 1e6 * range);
      const { ticks, place } = linearAxis(low, low + range, count);
      expect(ticks.length).toBeGreaterThanOrEqual(3);
      expect(ticks.length).toBeLessThanOrEqual(2 * count + 1);
      for (const tick of ticks) expect(place(tick) > -1e-6 && place(tick) < 1 + 1e-6).toBe(true);
      const spacing = ticks[1]! - ticks[0]!;
      const digit = Math.round(Number((spacing / 10 ** Math.floor(Math.log10(spacing) + 1e-6)).toPrecision(3)));
      expect([1, 2, 5, 10]).toContain(digit);
    }),
    { seed: 1, numRuns: 500 },
  );
  expect(linearAxis(3, 3.99, 4).ticks).toEqual([3, 3.2, 3.4, 3.6, 3.8]);
  expect(linearAxis(0, 3, 6, { whole: true }).ticks).toEqual([0, 1, 2, 3]);
  expect(linearAxis(7, 7, 4).ticks).toEqual([4, 6, 8, 10]);
  expect(valueAxis(0.02, 2).ticks).toEqual([0.02, 0.05, 0.1, 0.2, 0.5, 1, 2]);
  expect(valueAxis(-1, 100).logarithmic).toBe(false);
});

test('bins keep the mean, the lowest and the highest, and leave out what is not finite', () => {
  const points = [1, 5, NaN, 3, 7].map((y, x) => [x, y] as const);
  expect(binned(points, 2)).toEqual([
    { x: 0.5, mean: 3, low: 1, high: 5 },
    { x: 3.5, mean: 5, low: 3, high: 7 },
  ]);
});
