import { arange, cumMax, cumMin, cumProd, cumSum, scatterAdd, where, zerosLike, type Tensor } from '@chiaro/tensor';
import type { ScanDetail } from '@chiaro/tensor/engine';
import { oneWhere } from './reduce.js';

/**
 * Gradient of a running total. Maxima and minima give it to the element that they were last taken from, as PyTorch's
 * cummax; products treat zeros as PyTorch's cumprod (a second derivative through a zero factor is incomplete there).
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

/** d(running product): sum of g * out after each element, divided by it; zeros of their own. */
function prodVjp(x: Tensor, g: Tensor, dim: number, reverse: boolean): Tensor {
  const zero = x.eq(0);
  const zeros = cumSum(zero, dim, { reverse });
  const first = zero.logicalAnd(zeros.eq(1));
  const total = (terms: Tensor): Tensor => cumSum(terms, dim, { reverse: !reverse });
  const before = total(g.mul(cumProd(x, dim, { reverse }))).div(oneWhere(zero, x));
  const at = total(g.mul(cumProd(oneWhere(first, x), dim, { reverse })));
  return where(zeros.eq(0), before, where(first, at, 0));
}

/** The transpose of `prodVjp`. */
function prodJvp(x: Tensor, t: Tensor, dim: number, reverse: boolean): Tensor {
  const zero = x.eq(0);
  const zeros = cumSum(zero, dim, { reverse });
  const first = zero.logicalAnd(zeros.eq(1));
  const moved = cumSum(where(zeros.eq(0), t.div(oneWhere(zero, x)), 0), dim, { reverse });
  const jumped = cumSum(where(first, t, 0), dim, { reverse });
  const product = cumProd(x, dim, { reverse });
  return moved.mul(product).add(jumped.mul(cumProd(oneWhere(first, x), dim, { reverse })));
}
