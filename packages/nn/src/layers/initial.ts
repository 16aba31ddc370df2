import { Parameter, rand, type Generator, type Tensor } from '../engine.js';

/** Uniform numbers in [-bound, bound]. */
const uniform = (shape: readonly number[], bound: number, generator: Generator | undefined): Tensor =>
  rand(shape, generator ? { generator } : {})
    .mul(2 * bound)
    .sub(bound);

/**
 * PyTorch's first weights of linear and convolutional layers, and their bias: uniform in +-1 / sqrt(fanIn), what
 * `kaiming_uniform_(a=sqrt(5))` comes to.
 */
export function initialWeights(
  shape: readonly number[],
  bias: boolean,
  generator: Generator | undefined,
  outputs = shape[0]!,
): { readonly weight: Parameter; readonly bias: Parameter | null } {
  const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
  const bound = 1 / Math.sqrt(fanIn);
  return {
    weight: new Parameter(uniform(shape, bound, generator)),
    bias: bias ? new Parameter(uniform([outputs], bound, generator)) : null,
  };
}
