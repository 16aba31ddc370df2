import { randomNumbers } from '../../../../render/src/testing/random.testing.js';
import type { JointData } from './jointData.js';

/** Five made-up joints, hung like FLAME's, for a mesh of some vertices; every list is filled. */
export function smallJoints(positions: Float32Array): JointData {
  const random = randomNumbers(23);
  const [count, vertices] = [5, positions.length / 3];
  /** Rows of shares that sum to 1. */
  const shares = (rows: number, columns: number): Float32Array => {
    const values = Float32Array.from({ length: rows * columns }, () => random() ** 4);
    const sum = (row: number): number => values.subarray(row * columns, (row + 1) * columns).reduce((a, b) => a + b, 0);
    const sums = Array.from({ length: rows }, (_, row) => sum(row));
    return values.map((x, k) => x / sums[Math.floor(k / columns)]);
  };
  const regressor = shares(count, vertices);
  return {
    names: ['root', 'neck', 'jaw', 'left eye', 'right eye'],
    parents: Uint32Array.from([0, 0, 1, 1, 1]),
    positions: Float32Array.from({ length: 3 * count }, (_, k) => {
      const row = regressor.subarray(Math.floor(k / 3) * vertices, (Math.floor(k / 3) + 1) * vertices);
      return row.reduce((sum, x, v) => sum + x * positions[3 * v + (k % 3)], 0);
    }),
    regressor,
    weights: shares(vertices, count),
    correctives: Float32Array.from({ length: 9 * (count - 1) * positions.length }, () => 4 * random() - 2),
  };
}
