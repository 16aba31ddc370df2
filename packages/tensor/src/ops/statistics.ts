import { isFloat } from '../dtype.js';
import { ShapeError } from '../errors.js';
import { expr } from '../expr/index.js';
import { tidy } from '../runtime/tidy.js';
import { normalizeDim, normalizeDims, showShape, sizeOf } from '../shape.js';
import { live, type Tensor } from '../tensor.js';
import { elementwise, inFloat32 } from './apply.js';
import { arange } from './create.js';
import { gather } from './indexing.js';
import { isNaN, where } from './math.js';
import { narrow } from './movement.js';
import { pin } from './nodes.js';
import { max, mean, min, sum, type Dims } from './reduce.js';
import { sort, type Sorted } from './sort.js';

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

/** The extreme along a dimension, taken from its place: the gradient goes to that one element. */
function withPlace(name: string, fold: typeof max, x: Tensor, dim: number, keepdim: boolean): Sorted {
  return tidy(() => {
    const indices = firstPlace(name, fold, x, dim, true);
    if (x.rank === 0) return { values: x.reshape([]), indices: indices.reshape([]) };
    const d = normalizeDim(name, dim, x.rank);
    const shaped = (t: Tensor): Tensor => (keepdim ? t : t.squeeze(d));
    return { values: shaped(gather(x, d, indices)), indices: shaped(indices) };
  });
}

/**
 * Largest elements along a dimension and their places, as PyTorch's `max` of a dimension: the first of equal ones, NaN
 * counts as largest. The gradient goes to the element that was taken; that of `max` is shared between equal ones.
 * @throws ShapeError for a dimension of no elements.
 */
export const maxWithIndices = (x: Tensor, dim: number, keepdim = false): Sorted =>
  withPlace('maxWithIndices', max, x, dim, keepdim);

/** Smallest elements along a dimension and their places, as `maxWithIndices`; NaN counts as smallest here. */
export const minWithIndices = (x: Tensor, dim: number, keepdim = false): Sorted =>
  withPlace('minWithIndices', min, x, dim, keepdim);

/** What lies at a place (from 0, not always whole) of each line in ascending order; NaN for a line with NaN. */
function atRank(
  name: string,
  x: Tensor,
  dim: number | undefined,
  keepdim: boolean,
  place: (n: number) => number,
): Tensor {
  if (dim === undefined) {
    const one = atRank(name, x.flatten(), 0, false, place);
    return keepdim ? one.reshape(x.shape.map(() => 1)) : one;
  }
  const d = normalizeDim(name, dim, x.rank);
  const n = x.shape[d]!;
  if (n === 0) throw new ShapeError(`${name}: there is no ${name} of no elements, got shape ${showShape(x.shape)}`);
  const { values } = sort(x, d);
  const at = (k: number): Tensor => narrow(values, d, k, 1);
  const low = Math.floor(place(n));
  const part = place(n) - low;
  const found = part === 0 ? at(low) : at(low).lerp(at(low + 1), part);
  const result = isFloat(x.dtype) ? where(isNaN(at(n - 1)), at(n - 1), found) : found;
  return keepdim ? result : result.squeeze(d);
}

/**
 * The q-quantile along a dimension (of all elements by default): with the n elements in order, what lies at place
 * q (n - 1), between two elements by linear interpolation. NaN where there is a NaN. Integers convert to float32.
 * @param q from 0 to 1.
 * @throws ShapeError for another q, and for no elements.
 */
export function quantile(x: Tensor, q: number, dim?: number, keepdim = false): Tensor {
  if (!(q >= 0 && q <= 1)) throw new ShapeError(`quantile: q must lie in [0, 1], got ${q}`);
  return inFloat32('quantile', x, (wide) => atRank('quantile', wide, dim, keepdim, (n) => q * (n - 1)));
}

/**
 * The median along a dimension (of all elements by default), as PyTorch's: an element of x, the lower one of two in the
 * middle (`quantile` of 0.5 gives their mean), NaN where there is a NaN. The gradient goes to that element.
 * @throws ShapeError for no elements.
 */
export function median(x: Tensor, dim?: number, keepdim = false): Tensor {
  live(x, 'median');
  return tidy(() => atRank('median', x, dim, keepdim, (n) => Math.floor((n - 1) / 2)));
}
