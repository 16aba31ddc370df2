import { cumProd, onesLike, type Tensor } from '@chiaro/tensor';
import { pin, type Node } from '@chiaro/tensor/engine';
import { keptDims } from './movement.js';

/**
 * Gradient of a reduction, as PyTorch's: a sum passes it on; amax and amin share it evenly among ties; a product uses
 * the products of the elements before and after, so that zeros among them are no matter.
 */
export function reduceVjp(node: Node<'reduce'>, x: Tensor, output: Tensor, grad: Tensor): Tensor {
  const { op, axes } = node.attrs;
  const g = grad.reshape(keptDims(x.shape, axes)).expand(x.shape);
  if (op === 'sum') return g;
  if (op === 'prod') return g.mul(others(x, axes));
  return g.mul(shares(node, x, output));
}

/** Tangent of a reduction: the same weights, summed. */
export function reduceJvp(node: Node<'reduce'>, x: Tensor, output: Tensor, tangent: Tensor): Tensor {
  const { op, axes } = node.attrs;
  if (op === 'sum') return tangent.sum(axes);
  return tangent.mul(op === 'prod' ? others(x, axes) : shares(node, x, output)).sum(axes);
}

/** 1 / (number of ties) where an element is the largest (smallest), 0 elsewhere; NaN where there is a NaN. */
function shares(node: Node<'reduce'>, x: Tensor, output: Tensor): Tensor {
  // the elements must be those that the reduction saw, not computed a second time with other rounding
  pin(node.inputs[0]!);
  const { axes } = node.attrs;
  const ties = x.eq(output.reshape(keptDims(x.shape, axes))).to(x.dtype);
  return ties.div(ties.sum(axes, true));
}

/** For each element the product of the others along `axes`. */
function others(x: Tensor, axes: readonly number[]): Tensor {
  if (axes.length === 0 || x.size === 0) return onesLike(x);
  const kept = x.shape.map((_, d) => d).filter((d) => !axes.includes(d));
  const order = [...kept, ...axes];
  const moved = x.permute(order);
  const rows = moved.reshape([...kept.map((d) => x.shape[d]!), axes.reduce((n, d) => n * x.shape[d]!, 1)]);
  const last = kept.length;
  const before = cumProd(rows, last, { exclusive: true });
  const after = cumProd(rows, last, { exclusive: true, reverse: true });
  const back = order.map((_, d) => order.indexOf(d));
  return before.mul(after).reshape(moved.shape).permute(back);
}
