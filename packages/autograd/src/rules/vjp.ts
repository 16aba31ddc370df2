import type { Tensor } from '@chiaro/tensor';
import { imageGradient, kernelGradient, type PrimitiveName } from '@chiaro/tensor/engine';
import { elementwiseVjp } from './elementwise.js';
import { gatherVjp } from './indexing.js';
import { fold, inverse, unconcat, unexpand, unpad, unslice } from './movement.js';
import { programVjp } from './program.js';
import { reduceVjp } from './reduce.js';
import { constant, type VjpRule } from './rule.js';

/** Height and width of images or kernels. */
const lastTwo = ({ shape }: Tensor): readonly [number, number] => [shape[2]!, shape[3]!];

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
  matmul: ({ inputs: [a, b], wants: [toA, toB], grad }) => [
    toA ? grad.matmul(b!.transpose()) : undefined,
    toB ? a!.transpose().matmul(grad) : undefined,
  ],
  conv: ({ node, inputs: [images, kernels], wants: [toImages, toKernels], grad }) => [
    toImages ? imageGradient(grad, kernels!, lastTwo(images!), node.attrs) : undefined,
    toKernels ? kernelGradient(images!, grad, lastTwo(kernels!), node.attrs) : undefined,
  ],
  program: programVjp,
  pick: ({ grad }) => [grad], // reaches the program as the gradient of result `index`
};
