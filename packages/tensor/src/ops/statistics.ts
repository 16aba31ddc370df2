import { isFloat } from '../dtype.js';
import { ShapeError } from '../errors.js';
import { expr } from '../expr/index.js';
import { tidy } from '../runtime/tidy.js';
import { normalizeDim, normalizeDims, showShape, sizeOf } from '../shape.js';
import { live, type Tensor } from '../tensor.js';
import { elementwise, inFloat32 } from './apply.js';
import { arange } from './create.js';
import { isNaN, where } from './math.js';
import { pin } from './nodes.js';
import { max, mean, min, sum, type Dims } from './reduce.js';

/** sqrt(x) whose derivative at 0 is 0. */
const root = expr`fn root_or_zero(x: f32) -> f32 { return select(sqrt(x), 0.0, x <= 0.0); }`;
const power = expr`fn power_or_zero(x: f32, p: f32) -> f32 { return select(pow(abs(x), p), 0.0, x == 0.0); }`;

/**
 * Variance over dimensions (all by default): the sum of squared deviations from the mean, divided by n - correction.
 * Two passes, so that a large mean costs no digits. NaN where n - correction is 0 and nothing deviates; integers convert
 * to float32.
 * @param correction 1 (unbiased, PyTorch's default) or 0 (the mean of squared deviations), or any number.
 */
export function variance(x: Tensor, dims?: Dims, keepdim = false, correction = 1): Tensor {
  const axes = normalizeDims('variance', dims, x.rank);
  const count = sizeOf(axes.map((d) => x.shape[d]!));
  return inFloat32('variance', x, (wide) => {
    const squares = wide.sub(mean(wide, axes, true)).square();
    return sum(squares, axes, keepdim).mul(1 / Math.max(0, count - correction));
  });
}

/** Standard deviation over dimensions: the root of `variance`. Its derivative where nothing deviates is 0. */
export const std = (x: Tensor, dims?: Dims, keepdim = false, correction = 1): Tensor =>
  inFloat32('std', x, (wide) => elementwise(root, variance(wide, dims, keepdim, correction)));

/**
 * The p-norm of the elements along dimensions (all by default): (sum |x|^p)^(1/p), the largest magnitude for
 * p = Infinity, the smallest for -Infinity, the number of elements other than 0 for p = 0. PyTorch's `norm` of vectors.
 * Where a norm is not differentiable its derivative is PyTorch's: 0 where the norm is 0 and for elements that are 0,
 * shared evenly between elements of the largest magnitude.
 * @throws ShapeError for another p below 0, and for the largest or smallest of no elements.
 */
export function norm(x: Tensor, p = 2, dims?: Dims, keepdim = false): Tensor {
  if (!(p >= 0) && p !== -Infinity) {
    throw new ShapeError(`norm: p must be 0 or more, Infinity or -Infinity, got ${p}`);
  }
  const axes = normalizeDims('norm', dims, x.rank);
  return inFloat32('norm', x, (wide) => {
    if (p === 0) return sum(wide.ne(0), axes, keepdim).to('float32');
    if (p === 1) return sum(wide.abs(), axes, keepdim);
    if (p === 2) return elementwise(root, sum(wide.square(), axes, keepdim));
    if (p === Infinity) return max(wide.abs(), axes, keepdim);
    if (p === -Infinity) return min(wide.abs(), axes, keepdim);
    return elementwise(power, sum(elementwise(power, wide, p), axes, keepdim), 1 / p);
  });
}

/** The first place of an extreme: the smallest number of an element that equals it, or that is NaN. */
function firstPlace(name: string, fold: typeof max, x: Tensor, dim: number | undefined, keepdim: boolean): Tensor {
  if (dim === undefined) {
    const place = firstPlace(name, fold, x.flatten(), 0, false);
    return keepdim ? place.reshape(x.shape.map(() => 1)) : place;
  }
  if (x.rank === 0) return firstPlace(name, fold, x.flatten(), dim, false);
  const d = normalizeDim(name, dim, x.rank);
  const n = x.shape[d]!;
  if (n === 0) throw new ShapeError(`${name}: there is no place among no elements, got shape ${showShape(x.shape)}`);
  // both passes must see the same bits
  pin(live(x, name));
  return tidy(() => {
    const equal = x.eq(fold(x, d, true));
    const found = isFloat(x.dtype) ? equal.logicalOr(isNaN(x)) : equal;
    const place = arange(n).reshape(x.shape.map((_, k) => (k === d ? n : 1)));
    return min(where(found, place, n - 1), d, keepdim);
  });
}

/**
 * Place of the largest element along a dimension, as int32; without a dimension, its number in the whole tensor. The
 * first of equal ones (PyTorch leaves open which); NaN counts as largest.
 */
export const argMax = (x: Tensor, dim?: number, keepdim = false): Tensor => firstPlace('argMax', max, x, dim, keepdim);

/** Place of the smallest element, as `argMax`; NaN counts as smallest here. */
export const argMin = (x: Tensor, dim?: number, keepdim = false): Tensor => firstPlace('argMin', min, x, dim, keepdim);
