import { expect, it } from 'vitest';
import { randomNumbers } from '../../../../render/src/testing/random.testing.js';
import { solveAlbedo } from './solveAlbedo.js';

/** An image that is linear in three coefficients. */
function made(rows: number, coefficients: readonly number[]) {
  const random = randomNumbers(5);
  const columns = Float32Array.from({ length: 3 * rows }, () => 0.1 * (random() - 0.5));
  const base = Float32Array.from({ length: rows }, () => 0.3 + 0.3 * random());
  const goal = base.map((x, i) => coefficients.reduce((sum, a, k) => sum + a * columns[k * rows + i], x));
  return { columns, base, goal };
}

it('finds coefficients again, also where a tenth of the image is something else', () => {
  const truth = [1, -0.5, 2];
  const samples = made(900, truth);
  solveAlbedo(samples, 1e5).forEach((a, k) => expect(a).toBeCloseTo(truth[k], 2));
  const spoilt = { ...samples, goal: samples.goal.map((x, i) => (i % 10 === 0 ? 0.9 : x)) };
  solveAlbedo(spoilt, 1e5).forEach((a, k) => expect(Math.abs(a - truth[k])).toBeLessThan(0.15));
});

it('stays at the prior where the image says little, and refuses lists that do not fit', () => {
  const samples = made(900, [1, -0.5, 2]);
  solveAlbedo(samples, 1e-3).forEach((a) => expect(Math.abs(a)).toBeLessThan(0.01));
  expect(() => solveAlbedo({ ...samples, base: samples.base.subarray(1) }, 1)).toThrow(/899 of the base/);
});
