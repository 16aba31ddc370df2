import { DTypeError, ShapeError } from '../errors.js';
import { expr } from '../expr/index.js';
import { tidy } from '../runtime/tidy.js';
import { expectShape, sameShape, showShape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { elementwise } from './apply.js';
import { ones, zeros } from './create.js';
import { scatterAdd } from './indexing.js';
import { sum, type Dims } from './reduce.js';

/**
 * How often each number 0 ... bins - 1 occurs in an integer tensor: int32 [bins]; with weights, the sum of the weights
 * that stand at its places, in their dtype. Other numbers are skipped. PyTorch's `bincount` finds the number of bins from
 * the data; here it is given, so that nothing has to be waited for.
 */
export function binCount(x: Tensor, bins: number, weights?: Tensor): Tensor {
  expectShape('binCount', [bins]);
  if (x.dtype !== 'int32' && x.dtype !== 'uint32')
    throw new DTypeError(`binCount: takes int32 or uint32, got ${x.dtype}; histogram takes real numbers`);
  if (weights && !sameShape(weights.shape, x.shape)) {
    throw new ShapeError(
      `binCount: weights ${showShape(weights.shape)} must have the shape of the numbers, ${showShape(x.shape)}`,
    );
  }
  return tidy(() => {
    const each = weights ? weights.flatten() : ones([x.size], { dtype: 'int32' });
    return scatterAdd(zeros([bins], { dtype: each.dtype }), 0, x.flatten(), each);
  });
}

/** How many elements along dimensions (all by default) are not 0, int32; NaN is not 0. */
export const countNonzero = (x: Tensor, dims?: Dims, keepdim = false): Tensor =>
  tidy(() => sum(x.ne(0), dims, keepdim));

const binOf = expr`fn bin_of(x: f32, low: f32, high: f32, bins: f32) -> i32 {
  let inside = x >= low && x <= high && !isnan(x);
  return select(-1, i32(min(floor((x - low) * bins / (high - low)), bins - 1.0)), inside);
}`;

/**
 * How many elements lie in each of `bins` equal parts of [low, high]: int32 [bins], or the sums of their weights. Parts
 * include their lower end, the last one also its upper end; elements outside and NaN are skipped. PyTorch's `histc`, which
 * counts in the dtype of the elements.
 */
export function histogram(x: Tensor, bins: number, low: number, high: number, weights?: Tensor): Tensor {
  if (!(Number.isInteger(bins) && bins > 0 && low < high))
    throw new ShapeError(`histogram: needs at least one bin and low < high, got ${bins} bins of [${low}, ${high}]`);
  return tidy(() => binCount(elementwise(binOf, x, low, high, bins), bins, weights));
}
