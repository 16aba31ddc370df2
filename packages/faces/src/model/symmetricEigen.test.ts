import fc from 'fast-check';
import { expect, it } from 'vitest';
import { symmetricEigen } from './symmetricEigen.js';

it('eigenvectors are orthonormal, sorted, and put the matrix together again', () => {
  const matrix = fc
    .integer({ min: 1, max: 9 })
    .chain((n) =>
      fc.tuple(
        fc.constant(n),
        fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: n * n, maxLength: n * n }),
      ),
    );
  fc.assert(
    fc.property(matrix, ([n, numbers]) => {
      const a = (i: number, j: number): number => numbers[Math.min(i, j) * n + Math.max(i, j)];
      const { values, vectors } = symmetricEigen(numbers, n);
      for (let i = 0; i < n; i++) {
        if (i > 0) expect(values[i]).toBeLessThanOrEqual(values[i - 1]);
        for (let j = 0; j < n; j++) {
          let [sum, dot] = [0, 0];
          for (let k = 0; k < n; k++) {
            sum += values[k] * vectors[k * n + i] * vectors[k * n + j];
            dot += vectors[i * n + k] * vectors[j * n + k];
          }
          expect(sum).toBeCloseTo(a(i, j), 9);
          expect(dot).toBeCloseTo(i === j ? 1 : 0, 10);
        }
      }
    }),
    { numRuns: 100, seed: 3 },
  );
});

it('the second difference of five points: 2 - 2 cos(k pi / 6)', () => {
  const n = 5;
  const matrix = Array.from({ length: n * n }, (_, k) => [2, -1][Math.abs(Math.floor(k / n) - (k % n))] ?? 0);
  const { values } = symmetricEigen(matrix, n);
  values.forEach((x, k) => expect(x).toBeCloseTo(2 - 2 * Math.cos(((n - k) * Math.PI) / 6), 12));
});
