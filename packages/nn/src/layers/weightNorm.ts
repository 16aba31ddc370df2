import { Cell, ChiaroError, Parameter, type Shape, type Tensor } from '../engine.js';
import type { Conv2d, ConvTranspose2d } from './conv.js';
import type { Linear } from './linear.js';
import { Module } from './module.js';

/** Layers whose weight can be split. */
export type WeightedLayer = Linear | Conv2d | ConvTranspose2d;

/**
 * Weight normalisation (Salimans and Kingma 2016, eq. 2) of a layer: its weight is a length times a direction, g v / |v|,
 * with a length of its own for every index of dimension `dim`; the layer then learns g and v. Names are those of PyTorch's
 * `weight_norm`: `weight_g`, `weight_v`, `bias`. At first the product is the layer's own weight.
 *
 * @example const layer = new WeightNorm(new Conv2d(8, 16, 3, { padding: 1 }));
 */
export class WeightNorm extends Module {
  readonly bias: Parameter | null;
  /** [1, ..., n, ..., 1], n at `dim` */
  readonly weight_g: Parameter;
  /** The shape of the layer's weight. */
  readonly weight_v: Parameter;
  readonly #layer: WeightedLayer;
  readonly #others: readonly number[];

  /** @param dim 0, as in PyTorch: output channels of Linear and Conv2d, input channels of ConvTranspose2d. */
  constructor(layer: WeightedLayer, dim = 0) {
    super();
    const { weight } = layer;
    if (!(Number.isInteger(dim) && dim >= 0 && dim < weight.rank)) {
      throw new ChiaroError(`WeightNorm: dim must be one of the weight's ${weight.rank} dimensions, got ${dim}`);
    }
    this.#layer = layer;
    this.#others = weight.shape.map((_, d) => d).filter((d) => d !== dim);
    this.bias = layer.bias;
    const start = weight.detach();
    this.weight_g = new Parameter(lengths(start, this.#others));
    this.weight_v = new Parameter(start);
  }

  override forward(x: Tensor): Tensor {
    return this.#layer.apply(x, this.weight_v.mul(this.weight_g.div(lengths(this.weight_v, this.#others))));
  }

  override multiplyAdds(input: Shape, output: Shape): number {
    return this.#layer.multiplyAdds(input, output);
  }
}

const lengths = (v: Tensor | Cell, dims: readonly number[]): Tensor => v.square().sum(dims, true).sqrt();
