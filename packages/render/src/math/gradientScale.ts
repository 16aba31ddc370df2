import { stack } from '../engine.js';
import type { Tensor } from '../engine.js';

/**
 * The largest magnitude among some gradients, [1]; 1 where all are zero. Sums in fixed point divide by it, so that their
 * steps fit losses of any size.
 */
export function commonScale(gradients: readonly Tensor[]): Tensor {
  const largest = stack(gradients.map((g) => g.abs().max())).max();
  return largest.where(largest.gt(0), 1).reshape([1]);
}
