import type { DType } from '../dtype.js';
import { ShapeError } from '../errors.js';
import { Node } from '../graph/node.js';
import type { ReduceOp } from '../graph/primitive.js';
import { normalizeDim, normalizeDims, showShape, sizeOf } from '../shape.js';
import { tidy } from '../runtime/tidy.js';
import { live, type Tensor } from '../tensor.js';
import { castNode, inFloat32, make } from './apply.js';
import { isFinite, where } from './math.js';
import { detach } from './movement.js';
import { reshapeNode } from './nodes.js';

/** Dimensions of a reduction: one, several, or all of them when left out. */
export type Dims = number | readonly number[];

function reduce(name: string, op: ReduceOp, x: Tensor, dims: Dims | undefined, keepdim: boolean, dtype: DType): Tensor {
  const node = castNode(live(x, name), dtype);
  const axes = normalizeDims(name, dims, x.rank);
  if ((op === 'max' || op === 'min') && axes.some((d) => x.shape[d] === 0)) {
    throw new ShapeError(`${name}: there is no largest or smallest of no elements, got shape ${showShape(x.shape)}`);
  }
  const shape = x.shape.filter((_, d) => !axes.includes(d));
  const folded = axes.length === 0 ? node : new Node('reduce', [node], { op, axes }, shape, dtype);
  return make(
    keepdim
      ? reshapeNode(
          folded,
          x.shape.map((n, d) => (axes.includes(d) ? 1 : n)),
        )
      : folded,
  );
}

const countable = (dtype: DType): DType => (dtype === 'bool' ? 'int32' : dtype);

/** Sum over dimensions (all by default); bool counts, as int32. Long sums are split so that few digits are lost. */
export const sum = (x: Tensor, dims?: Dims, keepdim = false): Tensor =>
  reduce('sum', 'sum', x, dims, keepdim, countable(x.dtype));

/** Product over dimensions. */
export const prod = (x: Tensor, dims?: Dims, keepdim = false): Tensor =>
  reduce('prod', 'prod', x, dims, keepdim, countable(x.dtype));

/** Largest element over dimensions; NaN if there is one, as PyTorch's `amax`. */
export const max = (x: Tensor, dims?: Dims, keepdim = false): Tensor =>
  reduce('max', 'max', x, dims, keepdim, countable(x.dtype));

/** Smallest element over dimensions; NaN if there is one, as PyTorch's `amin`. */
export const min = (x: Tensor, dims?: Dims, keepdim = false): Tensor =>
  reduce('min', 'min', x, dims, keepdim, countable(x.dtype));

/** Mean over dimensions; integers convert to float32. */
export function mean(x: Tensor, dims?: Dims, keepdim = false): Tensor {
  const count = sizeOf(normalizeDims('mean', dims, x.rank).map((d) => x.shape[d]!));
  return inFloat32('mean', x, (wide) => reduce('mean', 'sum', wide, dims, keepdim, 'float32').mul(1 / count));
}

/** Is any element true (not zero)? */
export const any = (x: Tensor, dims?: Dims, keepdim = false): Tensor =>
  tidy(() => reduce('any', 'sum', x.ne(0), dims, keepdim, 'int32').ne(0));

/** Are all elements true (not zero)? */
export const all = (x: Tensor, dims?: Dims, keepdim = false): Tensor =>
  tidy(() => reduce('all', 'sum', x.eq(0), dims, keepdim, 'int32').eq(0));

/** e^x / sum(e^x) along a dimension, without overflow. */
export function softmax(x: Tensor, dim: number): Tensor {
  const d = normalizeDim('softmax', dim, x.rank);
  return inFloat32('softmax', x, (wide) => {
    if (x.shape[d] === 0) return wide;
    // the result does not depend on the shift: no gradient goes that way
    const e = wide.sub(detach(max(wide, d, true))).exp();
    return e.div(sum(e, d, true));
  });
}

/** log(softmax(x)), without the loss of digits of taking the logarithm afterwards. */
export function logSoftmax(x: Tensor, dim: number): Tensor {
  const d = normalizeDim('logSoftmax', dim, x.rank);
  return inFloat32('logSoftmax', x, (wide) => {
    if (x.shape[d] === 0) return wide;
    const shifted = wide.sub(detach(max(wide, d, true)));
    return shifted.sub(sum(shifted.exp(), d, true).log());
  });
}

/** log(sum(e^x)) over dimensions (all by default), without overflow; -Infinity for a sum of nothing. */
export function logSumExp(x: Tensor, dims?: Dims, keepdim = false): Tensor {
  const axes = normalizeDims('logSumExp', dims, x.rank);
  return inFloat32('logSumExp', x, (wide) => {
    if (axes.some((d) => x.shape[d] === 0)) return sum(wide, axes, keepdim).log();
    const top = detach(max(wide, axes, true));
    // an infinite maximum would give inf - inf; then the maximum itself is the answer
    const shift = where(isFinite(top), top, 0);
    const total = sum(wide.sub(shift).exp(), axes, true).log().add(shift);
    return keepdim ? total : total.reshape(x.shape.filter((_, d) => !axes.includes(d)));
  });
}
