import type { Generator, Parameter, Tensor } from '../engine.js';
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

  override forward(x: Tensor): Tensor {
    const product = x.matmul(this.weight.transpose());
    return this.bias ? product.add(this.bias) : product;
  }
}
