import {
  conv2d,
  convTranspose2d,
  type Conv2dOptions,
  type ConvTranspose2dOptions,
  type Generator,
  type Pair,
  type Parameter,
  type Tensor,
} from '../engine.js';
import { initialWeights } from './initial.js';
import { Module } from './module.js';

/** Options of `Conv2d`; the defaults are PyTorch's. */
export interface Conv2dLayerOptions extends Conv2dOptions {
  /** Whether a number per channel is added: true. */
  readonly bias?: boolean;
  /** Draws the first weights; without one, from the default generator. */
  readonly generator?: Generator;
}

/** Convolution of images [B, in, H, W] -> [B, out, H', W']; see `conv2d`. `groups: in` makes it depthwise. */
export class Conv2d extends Module {
  /** [out, in / groups, kh, kw] */
  readonly weight: Parameter;
  /** [out] */
  readonly bias: Parameter | null;
  readonly #options: Conv2dOptions;

  constructor(inChannels: number, outChannels: number, kernelSize: Pair, options: Conv2dLayerOptions = {}) {
    super();
    const { bias = true, generator, ...layout } = options;
    const shape = [outChannels, inChannels / (layout.groups ?? 1), ...bothOf(kernelSize)];
    ({ weight: this.weight, bias: this.bias } = initialWeights(shape, bias, generator));
    this.#options = layout;
  }

  override forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, this.bias, this.#options);
  }
}

const bothOf = (size: Pair): readonly [number, number] => (typeof size === 'number' ? [size, size] : size);

/** Options of `ConvTranspose2d`; the defaults are PyTorch's. */
export interface ConvTranspose2dLayerOptions extends ConvTranspose2dOptions {
  /** Whether a number per channel is added: true. */
  readonly bias?: boolean;
  /** Draws the first weights; without one, from the default generator. */
  readonly generator?: Generator;
}

/** Transposed convolution of images [B, in, H, W] -> [B, out, H', W'], which makes them larger; see `convTranspose2d`. */
export class ConvTranspose2d extends Module {
  /** [in, out / groups, kh, kw] */
  readonly weight: Parameter;
  /** [out] */
  readonly bias: Parameter | null;
  readonly #options: ConvTranspose2dOptions;

  constructor(inChannels: number, outChannels: number, kernelSize: Pair, options: ConvTranspose2dLayerOptions = {}) {
    super();
    const { bias = true, generator, ...layout } = options;
    const shape = [inChannels, outChannels / (layout.groups ?? 1), ...bothOf(kernelSize)];
    ({ weight: this.weight, bias: this.bias } = initialWeights(shape, bias, generator, outChannels));
    this.#options = layout;
  }

  override forward(x: Tensor): Tensor {
    return convTranspose2d(x, this.weight, this.bias, this.#options);
  }
}

/**
 * A depthwise convolution without bias, then a 1 x 1 convolution that mixes the channels: TensorFlow's `separableConv2d`,
 * the building block of MobileNet (Howard et al. 2017).
 */
export class SeparableConv2d extends Module {
  readonly depthwise: Conv2d;
  readonly pointwise: Conv2d;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Pair,
    options: Omit<Conv2dLayerOptions, 'groups'> = {},
  ) {
    super();
    const { bias, generator } = options;
    this.depthwise = new Conv2d(inChannels, inChannels, kernelSize, { ...options, bias: false, groups: inChannels });
    this.pointwise = new Conv2d(inChannels, outChannels, 1, { bias, generator });
  }

  override forward(x: Tensor): Tensor {
    return this.pointwise.forward(this.depthwise.forward(x));
  }
}
