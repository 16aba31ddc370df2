import type { Tensor } from '@chiaro/tensor';
import { imageGradient, kernelGradient, type Node, type PrimitiveName } from '@chiaro/tensor/engine';
import { elementwiseVjp } from './elementwise.js';
import { gatherVjp } from './indexing.js';
import { fold, inverse, unconcat, unexpand, unpad, unslice } from './movement.js';
import { programVjp } from './program.js';
import { reduceVjp } from './reduce.js';
import { constant, type VjpRule } from './rule.js';

/** Height and width of images or kernels. */
const lastTwo = ({ shape }: Tensor): readonly [number, number] => [shape[2]!, shape[3]!];

/**
 * Gradient of the right operand. Where that is a transposed matrix, as the weight of a linear layer, the product is
 * transposed instead of the factors: the two transpositions cancel, and the gradient lies in memory as the matrix does.
 */
function gradientOfRight(a: Tensor, grad: Tensor, right: Node): Tensor {
  const last = right.shape.length - 1;
  const swapped = right.is('permute') && right.attrs.axes[last] === last - 1 && right.attrs.axes[last - 1] === last;
  return swapped ? grad.transpose().matmul(a).transpose() : a.transpose().matmul(grad);
}

/** Reverse derivative of every primitive. */
export const vjpRules: { readonly [P in PrimitiveName]: VjpRule<P> } = {
  data: constant,
  scalar: constant,
  argument: constant,
  iota: constant,
  elementwise: ({ node, inputs, wants, grads }) => elementwiseVjp(node.attrs.fn, inputs, wants, grads),
  reduce: ({ node, inputs: [x], output, grad }) => [reduceVjp(node, x!, output, grad)],
  reshape: ({ inputs: [x], grad }) => [grad.reshape(x!.shape)],
  permute: ({ node, grad }) => [grad.permute(inverse(node.attrs.axes))],
  expand: ({ inputs: [x], grad }) => [unexpand(grad, x!.shape)],
  slice: ({ node, inputs: [x], grad }) => [unslice(grad, node.attrs.starts, node.attrs.steps, x!.shape)],
  unfold: ({ node, inputs: [x], grad }) => [fold(grad, node.attrs.dim, node.attrs.step, x!.shape)],
  pad: ({ node, inputs: [x], grad }) => [unpad(grad, node.attrs.before, x!.shape)],
  concat: ({ node, inputs, grad }) =>
    unconcat(
      grad,
      node.attrs.dim,
      inputs.map((x) => x.shape),
    ),
  gather: ({ node, inputs: [table], grad }) => [gatherVjp(node, table!, grad), undefined],
  matmul: ({ node, inputs: [a, b], wants: [toA, toB], grad }) => [
    toA ? grad.matmul(b!.transpose()) : undefined,
    toB ? gradientOfRight(a!, grad, node.inputs[1]!) : undefined,
  ],
  conv: ({ node, inputs: [images, kernels], wants: [toImages, toKernels], grad }) => [
    toImages ? imageGradient(grad, kernels!, lastTwo(images!), node.attrs) : undefined,
    toKernels ? kernelGradient(images!, grad, lastTwo(kernels!), node.attrs) : undefined,
  ],
  program: programVjp,
  pick: ({ grad }) => [grad], // reaches the program as the gradient of result `index`
};
