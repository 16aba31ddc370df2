import {
  arange,
  cumMax,
  cumMin,
  cumProd,
  cumSum,
  linearRecurrence,
  scatterAdd,
  where,
  zerosLike,
  type Tensor,
} from '@chiaro/tensor';
import type { ScanDetail } from '@chiaro/tensor/engine';

/**
 * Gradient of a running total. Maxima and minima give it to the element that they were last taken from, as PyTorch's
 * cummax.
 */
export function scanVjp(detail: ScanDetail, x: Tensor, grad: Tensor): Tensor {
  const { op, dim, reverse, exclusive } = detail;
  if (op === 'sum') return cumSum(grad, dim, { reverse: !reverse, exclusive });
  const g = exclusive ? shifted(grad, dim, reverse ? 1 : -1) : grad;
  if (op === 'prod') return prodVjp(x, g, dim, reverse);
  return scatterAdd(zerosLike(x), dim, source(detail, x), g);
}

/** Tangent of a running total. */
export function scanJvp(detail: ScanDetail, x: Tensor, tangent: Tensor): Tensor {
  const { op, dim, reverse, exclusive } = detail;
  if (op === 'sum') return cumSum(tangent, dim, { reverse, exclusive });
  const inclusive = op === 'prod' ? prodJvp(x, tangent, dim, reverse) : tangent.gather(dim, source(detail, x));
  return exclusive ? shifted(inclusive, dim, reverse ? -1 : 1) : inclusive;
}

/** Moved by one place along a dimension (forward: +1), a zero coming in. */
function shifted(x: Tensor, dim: number, by: 1 | -1): Tensor {
  const n = x.shape[dim]!;
  if (n === 0) return x;
  const pads = x.shape.map((_, d): [number, number] => (d !== dim ? [0, 0] : by > 0 ? [1, 0] : [0, 1]));
  return x.narrow(dim, by > 0 ? 0 : 1, n - 1).pad(pads);
}

/** Position of the element that each running maximum or minimum was last taken from. */
function source({ op, dim, reverse }: ScanDetail, x: Tensor): Tensor {
  const running = (op === 'max' ? cumMax : cumMin)(x, dim, { reverse });
  const n = x.shape[dim]!;
  const at = arange(n)
    .reshape(x.shape.map((_, d) => (d === dim ? n : 1)))
    .expand(x.shape);
  const taken = x.eq(running);
  return reverse ? cumMin(where(taken, at, n - 1), dim, { reverse }) : cumMax(where(taken, at, 0), dim);
}

/**
 * d(running product): what comes before an element times the sum of what comes after it, each a running total of its own.
 * Nothing is divided: zeros are factors like others, and the derivatives of it are exact too.
 */
function prodVjp(x: Tensor, g: Tensor, dim: number, reverse: boolean): Tensor {
  const after = linearRecurrence(shifted(x, dim, reverse ? 1 : -1), g, dim, { reverse: !reverse });
  return cumProd(x, dim, { reverse, exclusive: true }).mul(after);
}

/** The transpose of `prodVjp`: (x[0] ... x[k])' = x[k] (x[0] ... x[k - 1])' + x'[k] x[0] ... x[k - 1]. */
function prodJvp(x: Tensor, t: Tensor, dim: number, reverse: boolean): Tensor {
  return linearRecurrence(x, cumProd(x, dim, { reverse, exclusive: true }).mul(t), dim, { reverse });
}
