import type { DType, TypedArray } from '../dtype.js';
import { Node } from '../graph/node.js';
import { isMovement } from '../graph/primitive.js';
import { sameShape, type Shape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { make } from './apply.js';

/** A leaf that holds a copy of `data`. */
export function fromData(data: ArrayLike<number>, shape: Shape, dtype: DType): Tensor {
  const node = new Node('data', [], {}, [...shape], dtype);
  node.data = hostCopy(data, dtype);
  return make(node);
}

function hostCopy(data: ArrayLike<number>, dtype: DType): TypedArray {
  if (dtype === 'int32') return Int32Array.from(data);
  if (dtype === 'uint32') return Uint32Array.from(data);
  if (dtype === 'bool') return Uint8Array.from(data, (v) => (v ? 1 : 0));
  return Float32Array.from(data);
}

/** 0, 1, ..., n - 1 as int32, computed inside the kernels that use it. */
export const iotaNode = (n: number): Node => new Node('iota', [], {}, [n], 'int32');

/** A reshape node; a reshape of a reshape is one reshape. */
export function reshapeNode(node: Node, shape: Shape): Node {
  if (sameShape(node.shape, shape)) return node;
  // not through what stops or turns gradients: versions of cells, detached tensors, custom derivatives
  const plain =
    node.is('reshape') &&
    !node.realized &&
    !node.leaf &&
    !node.opaque &&
    node.requiresGrad === node.inputs[0]!.requiresGrad;
  const source = plain ? node.inputs[0]! : node;
  return sameShape(source.shape, shape) ? source : new Node('reshape', [source], {}, [...shape], node.dtype);
}

/** Another node for the same elements, which views built on it do not look behind. */
export function aliasNode(node: Node, requiresGrad: boolean, also: readonly Node[] = []): Node {
  const alias = new Node('reshape', [node, ...also], {}, node.shape, node.dtype);
  alias.opaque = true;
  alias.requiresGrad = requiresGrad;
  return alias;
}

/** A node with its dimensions in another order: out.shape[i] = node.shape[axes[i]]. */
export function permuteNode(node: Node, axes: readonly number[]): Node {
  if (axes.every((a, i) => a === i)) return node;
  return new Node(
    'permute',
    [node],
    { axes },
    axes.map((a) => node.shape[a]!),
    node.dtype,
  );
}

/** A slice node. */
export function sliceNode(node: Node, starts: readonly number[], sizes: Shape, steps: readonly number[]): Node {
  const whole = starts.every((s) => s === 0) && steps.every((s) => s === 1) && sameShape(sizes, node.shape);
  return whole ? node : new Node('slice', [node], { starts, steps }, [...sizes], node.dtype);
}

/** A pad node. */
export function padNode(node: Node, before: readonly number[], shape: Shape): Node {
  return new Node('pad', [node], { before }, [...shape], node.dtype);
}

/** Makes sure that what is read twice is stored once: two computations of one expression may be rounded differently. */
export function pin(node: Node): void {
  let n = node;
  // a view is never stored: what it shows is
  while (isMovement(n)) n = n.inputs[0]!;
  n.pinned = true;
}
