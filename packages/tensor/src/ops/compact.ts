import { isFloat } from '../dtype.js';
import { ShapeError } from '../errors.js';
import { expr } from '../expr/index.js';
import { realize } from '../runtime/realize.js';
import { assertMayRead } from '../runtime/scope.js';
import { tidy } from '../runtime/tidy.js';
import { broadcastShapes, contiguousStrides, expectShape, sameShape, showShape } from '../shape.js';
import { live, type Tensor } from '../tensor.js';
import { elementwise, type Operand } from './apply.js';
import { arange, full, ones, tensor, zeros } from './create.js';
import { gather, scatterAdd } from './indexing.js';
import { isNaN, where } from './math.js';
import { concat, narrow } from './movement.js';
import { cumSum } from './scan.js';
import { sort } from './sort.js';

// What depends on how many elements meet a condition comes in two forms: one that waits for the number and gives a tensor
// of that size, and one (...UpTo) that never waits, gives room for `capacity` results and says how many there are.

/** x with a value where the mask is true (not zero), in x's dtype. The mask broadcasts to x. */
export function maskedFill(x: Tensor, mask: Tensor, value: Operand): Tensor {
  if (!sameShape(broadcastShapes('maskedFill', x.shape, mask.shape), x.shape)) {
    throw new ShapeError(
      `maskedFill: a mask of shape ${showShape(mask.shape)} does not broadcast to ${showShape(x.shape)}`,
    );
  }
  return tidy(() => {
    const fill = typeof value === 'number' ? full([], value, { dtype: x.dtype }) : value.to(x.dtype);
    if (!sameShape(broadcastShapes('maskedFill', x.shape, fill.shape), x.shape)) {
      throw new ShapeError(
        `maskedFill: a value of shape ${showShape(fill.shape)} does not broadcast to ${showShape(x.shape)}`,
      );
    }
    return where(mask, fill, x);
  });
}

/**
 * x with the elements where a mask is true replaced by those of `source`, in row-major order: the first true one by the
 * first, and so on. The mask broadcasts to x; `source` has any shape and, as PyTorch's `masked_scatter` demands, at least
 * as many elements as the mask has true ones (its last one serves for those that are missing). Gradients flow to both.
 * @throws ShapeError for a mask that does not broadcast to x, and for an empty source.
 */
export function maskedScatter(x: Tensor, mask: Tensor, source: Tensor): Tensor {
  if (!sameShape(broadcastShapes('maskedScatter', x.shape, mask.shape), x.shape)) {
    throw new ShapeError(
      `maskedScatter: a mask of shape ${showShape(mask.shape)} does not broadcast to ${showShape(x.shape)}`,
    );
  }
  if (x.size === 0) return x.to(x.dtype);
  if (source.size === 0) throw new ShapeError('maskedScatter: the source has no elements');
  return tidy(() => {
    const chosen = mask.to('bool').expand(x.shape);
    const number = cumSum(chosen.flatten().to('int32'), 0, { exclusive: true });
    return where(chosen, gather(source.to(x.dtype).flatten(), 0, number).reshape(x.shape), x);
  });
}

/** Numbers of the true elements of a flat mask, in order, in `capacity` places, and how many there are. */
function placesOf(mask: Tensor, capacity: number): { places: Tensor; filled: Tensor; count: Tensor } {
  const each = mask.to('bool').to('int32');
  const before = cumSum(each, 0, { exclusive: true });
  // what has no place goes behind the end, where a scatter skips it
  const to = where(mask, before, capacity);
  const places = scatterAdd(zeros([capacity], { dtype: 'int32' }), 0, to, arange(mask.size));
  const count = each.sum();
  return { places, filled: arange(capacity).lt(count), count };
}

/** Elements by number, zeros in places that are not filled. */
const taken = (flat: Tensor, places: Tensor, filled: Tensor): Tensor =>
  flat.size === 0
    ? zeros(places.shape, { dtype: flat.dtype })
    : where(filled, gather(flat, 0, places), full([], 0, { dtype: flat.dtype }));

/** The first results of a selection and how many there are in all. */
export interface Selected {
  /** [capacity]; places from `count` on hold 0. */
  readonly values: Tensor;
  /** int32, shape []: may be more than the capacity; then the last ones are missing. */
  readonly count: Tensor;
}

/**
 * The elements where a mask is true, in row-major order: the first `capacity` of them, and how many there are. x and mask
 * broadcast. Never waits, so it may stand in a compiled function.
 */
export function maskedSelectUpTo(x: Tensor, mask: Tensor, capacity: number): Selected {
  expectShape('maskedSelectUpTo', [capacity]);
  const shape = broadcastShapes('maskedSelect', x.shape, mask.shape);
  return tidy(() => {
    const { places, filled, count } = placesOf(mask.expand(shape).flatten(), capacity);
    return { values: taken(x.expand(shape).flatten(), places, filled), count };
  });
}

/**
 * The elements where a mask is true, in row-major order: a tensor of one dimension. Waits for their number, so it is
 * refused inside `compile`, where `maskedSelectUpTo` does it. Gradients flow to x.
 */
export function maskedSelect(x: Tensor, mask: Tensor): Promise<Tensor> {
  assertMayRead('maskedSelect (use maskedSelectUpTo)');
  return counted(mask, (condition, count) => maskedSelectUpTo(x, condition, count).values, x.shape);
}

/** Counts a condition, keeps it as it was counted, and selects by it. */
async function counted(
  mask: Tensor,
  select: (condition: Tensor, count: number) => Tensor,
  other: readonly number[] = [],
): Promise<Tensor> {
  const condition = mask
    .to('bool')
    .expand(broadcastShapes('maskedSelect', mask.shape, other))
    .clone();
  await realize(condition);
  return select(condition, await condition.sum().item());
}

const coordinate = expr`fn coordinate(at: i32, stride: i32, size: i32) -> i32 { return at / stride % size; }`;

/**
 * Coordinates of the elements that are not zero, in row-major order: the first `capacity` of them as int32
 * [capacity, rank], rows of -1 behind the last, and how many there are. PyTorch's `nonzero_static`.
 */
export function nonzeroUpTo(x: Tensor, capacity: number): { readonly indices: Tensor; readonly count: Tensor } {
  expectShape('nonzeroUpTo', [capacity]);
  live(x, 'nonzeroUpTo');
  return tidy(() => {
    const { places, filled, count } = placesOf(x.ne(0).flatten(), capacity);
    if (x.size === 0 || x.rank === 0) return { indices: full([capacity, x.rank], -1, { dtype: 'int32' }), count };
    const row = (values: readonly number[]): Tensor => tensor([...values], { dtype: 'int32' });
    const at = elementwise(coordinate, places.reshape([-1, 1]), row(contiguousStrides(x.shape)), row(x.shape));
    return { indices: where(filled.reshape([-1, 1]), at, -1), count };
  });
}

/**
 * Coordinates of the elements that are not zero, in row-major order: int32 [n, rank]. Waits for their number; inside
 * `compile` use `nonzeroUpTo`.
 */
export function nonzero(x: Tensor): Promise<Tensor> {
  assertMayRead('nonzero (use nonzeroUpTo)');
  return counted(x.ne(0), (condition, count) => nonzeroUpTo(condition, count).indices);
}

/** The different elements of a tensor. */
export interface Unique {
  /** Ascending. */
  readonly values: Tensor;
  /** int32, in the shape of the tensor: which of `values` each element is. */
  readonly inverse: Tensor;
  /** int32: how often each of `values` occurs. */
  readonly counts: Tensor;
}

/**
 * The different elements of a tensor in ascending order: the first `capacity` of them in `values` and `counts` (0 behind
 * the last), and how many there are. NaN comes last and, as in PyTorch, equals nothing: every one counts.
 */
export function uniqueUpTo(x: Tensor, capacity: number): Unique & { readonly count: Tensor } {
  expectShape('uniqueUpTo', [capacity]);
  return tidy(() => {
    const flat = x.flatten();
    const { values, indices } = sort(flat, 0);
    const numbered = { dtype: 'int32' } as const;
    const first = firsts(values);
    const { places, filled, count } = placesOf(first, capacity);
    const group = cumSum(first.to('int32'), 0).sub(1);
    const counts = scatterAdd(zeros([capacity], numbered), 0, group, ones([x.size], numbered));
    const inverse = scatterAdd(zeros([x.size], numbered), 0, indices, group).reshape(x.shape);
    return { values: taken(values, places, filled), inverse, counts, count };
  });
}

/** True for sorted elements that differ from the one before. */
function firsts(sorted: Tensor): Tensor {
  const n = sorted.size;
  if (n === 0) return zeros([0], { dtype: 'bool' });
  const [here, last] = [narrow(sorted, 0, 1, n - 1), narrow(sorted, 0, 0, n - 1)];
  const differs = isFloat(sorted.dtype) ? here.ne(last).logicalOr(isNaN(here)) : here.ne(last);
  return concat([ones([1], { dtype: 'bool' }), differs], 0);
}

/**
 * The different elements of a tensor in ascending order, where they stood, and how often they occur. Waits for their
 * number; inside `compile` use `uniqueUpTo`. No gradient is claimed.
 */
export function unique(x: Tensor): Promise<Unique> {
  assertMayRead('unique (use uniqueUpTo)');
  const all = uniqueUpTo(x, x.size);
  return all.count.item().then((n) => ({
    values: narrow(all.values, 0, 0, n),
    inverse: all.inverse,
    counts: narrow(all.counts, 0, 0, n),
  }));
}
