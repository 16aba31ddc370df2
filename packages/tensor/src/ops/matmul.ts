import { promote } from '../dtype.js';
import { DTypeError, ShapeError } from '../errors.js';
import { Node } from '../graph/node.js';
import { broadcastShapes, showShape, sizeOf } from '../shape.js';
import { live, type Tensor } from '../tensor.js';
import { castNode, expandNode, make } from './apply.js';
import { reshapeNode } from './nodes.js';

/**
 * Matrix product. Leading dimensions are batches and broadcast; a vector on the left is a row, on the right a column,
 * and its dimension is gone from the result, as in PyTorch. Sums are in float32; integer products wrap.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const fail = (why: string): never => {
    throw new ShapeError(`matmul: ${showShape(a.shape)} x ${showShape(b.shape)}: ${why}`);
  };
  if (a.rank === 0 || b.rank === 0) fail('both operands need at least one dimension; multiply by a number with mul');
  const dtype = promote(a.dtype, b.dtype);
  if (dtype === 'bool') throw new DTypeError("matmul: bool tensors have no product; convert with .to('float32')");
  // halves are widened: on adapters whose kernels read them, while these load them
  const computed = dtype === 'float16' ? 'float32' : dtype;
  const left = castNode(live(a, 'matmul'), computed);
  const right = castNode(live(b, 'matmul'), computed);
  const m = a.rank === 1 ? reshapeNode(left, [1, a.shape[0]!]) : left;
  const n = b.rank === 1 ? reshapeNode(right, [b.shape[0]!, 1]) : right;
  const [K, inner] = [m.shape[m.shape.length - 1]!, n.shape[n.shape.length - 2]!];
  if (K !== inner) fail(`the inner sizes ${K} and ${inner} must be equal`);
  if (n.shape.length === 2 && m.shape.length > 2 && sizeOf(m.shape) > 0) {
    // one matrix for all batches: rows of one product, forwards and in the gradient
    const rows = reshapeNode(m, [sizeOf(m.shape) / K!, K!]);
    const product = new Node('matmul', [rows, n], {}, [rows.shape[0]!, n.shape[1]!], computed);
    return make(
      castNode(reshapeNode(product, [...m.shape.slice(0, -1), ...(b.rank === 1 ? [] : [n.shape[1]!])]), dtype),
    );
  }
  const batch = broadcastShapes('matmul', m.shape.slice(0, -2), n.shape.slice(0, -2));
  const [M, N] = [m.shape[m.shape.length - 2]!, n.shape[n.shape.length - 1]!];
  const node = new Node(
    'matmul',
    [expandNode(m, [...batch, M, K]), expandNode(n, [...batch, K, N])],
    {},
    [...batch, M, N],
    computed,
  );
  const shape = [...batch, ...(a.rank === 1 ? [] : [M]), ...(b.rank === 1 ? [] : [N])];
  return make(castNode(reshapeNode(node, shape), dtype));
}

/** Sum of products of two vectors. */
export function dot(a: Tensor, b: Tensor): Tensor {
  if (a.rank !== 1 || b.rank !== 1)
    throw new ShapeError(`dot: takes two vectors, got ${showShape(a.shape)} and ${showShape(b.shape)}`);
  if (a.size !== b.size)
    throw new ShapeError(`dot: vectors ${showShape(a.shape)} and ${showShape(b.shape)} differ in length`);
  return a.mul(b).sum();
}
