import type { Generator, Parameter, Shape, Tensor } from '../engine.js';
import { stored } from '../precision/autocast.js';
import { initialWeights } from './initial.js';
import { Module } from './module.js';

/** x W^T + b over the last dimension: [..., in] -> [..., out]. */
export class Linear extends Module {
  /** [out, in] */
  readonly weight: Parameter;
  /** [out] */
  readonly bias: Parameter | null;

  constructor(
    inFeatures: number,
    outFeatures: number,
    { bias = true, generator }: { readonly bias?: boolean; readonly generator?: Generator } = {},
  ) {
    super();
    ({ weight: this.weight, bias: this.bias } = initialWeights([outFeatures, inFeatures], bias, generator));
  }

  /** Numbers that each of the result is a sum of. */
  get fanIn(): number {
    return this.weight.shape[1]!;
  }

  override forward(x: Tensor): Tensor {
    return this.apply(x, this.weight);
  }

  /** The product with other weights of the same shape. */
  apply(x: Tensor, weight: Tensor): Tensor {
    const product = stored(x).matmul(stored(weight).transpose());
    return this.bias ? product.add(this.bias).to(product.dtype) : product;
  }

  override multiplyAdds(input: Shape): number {
    return input.reduce((a, b) => a * b, 1) * this.weight.shape[0]!;
  }
}
