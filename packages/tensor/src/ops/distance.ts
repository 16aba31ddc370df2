import { ShapeError } from '../errors.js';
import { broadcastShapes, showShape } from '../shape.js';
import { tidy } from '../runtime/tidy.js';
import type { Tensor } from '../tensor.js';
import { norm } from './statistics.js';

/**
 * Distances between all pairs of rows of two sets: out[.., i, j] is the p-norm of x[.., i, :] - y[.., j, :], as PyTorch's
 * `cdist`. Differences are taken first, so that near points lose no digits, and are not stored. Derivatives are those of
 * `norm`: 0 for rows that are equal, and for coordinates that are equal.
 * @param x points [..., n, k] of float32 or float16; integers convert to float32.
 * @param y points [..., m, k]; the dimensions before the last two broadcast.
 * @param p from 0 (how many coordinates differ) to Infinity (the largest difference); 2 is Euclid's distance.
 * @returns [..., n, m].
 * @throws ShapeError for rows of different lengths, and for a power below 0.
 */
export function cdist(x: Tensor, y: Tensor, p = 2): Tensor {
  const [k, l] = [x.shape[x.rank - 1], y.shape[y.rank - 1]];
  if (x.rank < 2 || y.rank < 2 || k !== l) {
    throw new ShapeError(
      `cdist: takes rows [..., n, k] and [..., m, k], got ${showShape(x.shape)} and ${showShape(y.shape)}`,
    );
  }
  if (!(p >= 0)) throw new ShapeError(`cdist: p must be 0 or more, got ${p}`);
  broadcastShapes('cdist', x.shape.slice(0, -2), y.shape.slice(0, -2));
  return tidy(() => {
    const differences = x.unsqueeze(-2).sub(y.unsqueeze(-3));
    return norm(differences, k === 0 ? 1 : p, -1);
  });
}
