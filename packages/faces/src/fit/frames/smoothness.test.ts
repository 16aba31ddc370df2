import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkSmoothness, expectedAt, smoothed, usualSmoothness } from './smoothness.js';
import type { TimedValues } from './smoothness.js';

/** The sum of squares of all differences of an order along times, over sigma^2, by Newton's divided differences. */
function energy(points: readonly TimedValues[], order: 1 | 2, sigma: number): number {
  let level = points.map(({ values }) => values[0]);
  for (let k = 1; k <= order; k++)
    level = level.slice(1).map((x, i) => (k * (x - level[i])) / (points[i + k].time - points[i].time));
  return level.reduce((sum, d) => sum + (d / sigma) ** 2, 0);
}

const at = (time: number, value: number): TimedValues => ({ time, values: [value] });

describe('expectedAt', () => {
  it('is the part of the energy of differences that a frame has, with frames missing too', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 5, maxLength: 5 });
    const values = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(
        gaps,
        values,
        fc.constantFrom(1 as const, 2 as const),
        fc.integer({ min: 0, max: 4 }),
        fc.double({ min: -5, max: 5, noNaN: true }),
        (steps, x, order, own, moved) => {
          let time = 0;
          const points = steps.map((step, k) => at((time += step), x[k]));
          const others = points.filter((_, k) => k !== own);
          const near = points.filter((_, k) => Math.abs(k - own) <= order);
          const expected = expectedAt(points[own].time, others, order, 0.5)!;
          const of = (value: number): number =>
            energy(
              near.map((point) => (point === points[own] ? at(point.time, value) : point)),
              order,
              0.5,
            );
          const quadratic = (value: number): number => expected.weight * (value - expected.value[0]) ** 2;
          const [a, b] = [of(moved) - of(0), quadratic(moved) - quadratic(0)];
          expect(Math.abs(a - b)).toBeLessThan(1e-8 * (1 + Math.abs(a)));
        },
      ),
    );
  });

  it('lets a steady motion go on, and knows where there is too little to say', () => {
    const steady = [at(3, 1), at(4, 3)];
    const { value, weight } = expectedAt(5, steady, 2, 0.1)!;
    expect(value[0]).toBeCloseTo(5, 12);
    expect(weight).toBeCloseTo(100, 9);
    expect(expectedAt(6, steady, 2, 0.1)!.value[0]).toBeCloseTo(7, 12); // over a frame that is missing
    expect(expectedAt(5, [at(4, 3)], 2, 0.1)).toBeUndefined();
    expect(expectedAt(5, [], 1, 0.1)).toBeUndefined();
    expect(expectedAt(5, steady, 2, Infinity)).toBeUndefined();
    expect(expectedAt(5, [at(4, 3), at(6, 4)], 1, 1)!.value[0]).toBeCloseTo(3.5, 12);
  });
});

it('refuses what is no standard deviation', () => {
  checkSmoothness(usualSmoothness);
  expect(() => checkSmoothness({ ...usualSmoothness, light: 0 })).toThrow(/smoothness\.light .* got 0/);
  expect(() => checkSmoothness({ ...usualSmoothness, rotation: NaN })).toThrow(/smoothness\.rotation/);
});

describe('smoothed', () => {
  /** A steady turn that trembles, with two frames missing. */
  const times = [0, 1, 2, 3, 5, 6, 7, 9, 10, 11];
  const noise = [0.3, -0.2, 0.4, -0.4, 0.1, 0.3, -0.3, 0.2, -0.4, 0.35];
  const found = times.map((time, k) => at(time, 0.5 * time + noise[k]));

  it('is where the sum of squares is least, with what the trembling tells of the noise', () => {
    const sigma = 0.05;
    const x = smoothed(found, sigma).map(([value]) => value);
    // the variance of the noise by the same rule, from divided differences
    const factors = times.slice(2).map((t, k) => {
      const [a, b] = [times[k], times[k + 1]];
      return [2 / ((a - b) * (a - t)), 2 / ((b - a) * (b - t)), 2 / ((t - a) * (t - b))];
    });
    const d = factors.map((f, k) => f.reduce((sum, w, j) => sum + w * found[k + j].values[0], 0));
    const shares = factors.flat().reduce((sum, w) => sum + w * w, 0);
    const v = (d.reduce((sum, e) => sum + e * e, 0) - d.length * sigma ** 2) / shares;
    const sum = (values: readonly number[]): number =>
      values.reduce((total, value, k) => total + (value - found[k].values[0]) ** 2 / v, 0) +
      energy(
        values.map((value, k) => at(times[k], value)),
        2,
        sigma,
      );
    const least = sum(x);
    x.forEach((_, k) =>
      [-1e-3, 1e-3].forEach((move) =>
        expect(sum(x.map((value, j) => (j === k ? value + move : value)))).toBeGreaterThan(least),
      ),
    );
    const error = (values: readonly number[]): number =>
      Math.hypot(...values.map((value, k) => value - 0.5 * times[k]));
    expect(error(x)).toBeLessThan(0.5 * Math.hypot(...noise));
  });

  it('leaves alone what does not tremble, too short clips, and with Infinity everything', () => {
    const bend = times.map((time) => at(time, 0.01 * time * time));
    const values = (list: readonly TimedValues[]): number[] => list.map((point) => point.values[0]);
    expect(smoothed(bend, 0.05).map(([value]) => value)).toEqual(values(bend));
    expect(smoothed(found, Infinity).map(([value]) => value)).toEqual(values(found));
    expect(smoothed(found.slice(0, 2), 0.05).map(([value]) => value)).toEqual(values(found.slice(0, 2)));
  });
});
