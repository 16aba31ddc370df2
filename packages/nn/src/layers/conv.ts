import {
  conv2d,
  convTranspose2d,
  type Conv2dOptions,
  type ConvTranspose2dOptions,
  type Generator,
  paddingOf,
  Parameter,
  ShapeError,
  type Pair,
  type Shape,
  type Tensor,
} from '../engine.js';
import { pad2d, type PaddingMode } from '../functional/padding.js';
import { stored } from '../precision/autocast.js';
import { initialWeights } from './initial.js';
import { Module } from './module.js';

/** Options of `Conv2d`; the defaults are PyTorch's. */
export interface Conv2dLayerOptions extends Conv2dOptions {
  /** Whether a number per channel is added: true. */
  readonly bias?: boolean;
  /** What stands in the padding: `zeros`. */
  readonly paddingMode?: PaddingMode;
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
  readonly #paddingMode: PaddingMode;

  constructor(inChannels: number, outChannels: number, kernelSize: Pair, options: Conv2dLayerOptions = {}) {
    super();
    const { bias = true, paddingMode = 'zeros', generator, ...layout } = options;
    const shape = [outChannels, inChannels / (layout.groups ?? 1), ...bothOf(kernelSize)];
    ({ weight: this.weight, bias: this.bias } = initialWeights(shape, bias, generator));
    this.#options = layout;
    this.#paddingMode = paddingMode;
  }

  /** Numbers that each of the result is a sum of. */
  get fanIn(): number {
    return elementsOf(this.weight.shape.slice(1));
  }

  override forward(x: Tensor): Tensor {
    return this.apply(x, this.weight);
  }

  /** The convolution with other weights of the same shape. */
  apply(x: Tensor, weight: Tensor): Tensor {
    if (this.#paddingMode === 'zeros') return conv2d(stored(x), stored(weight), this.bias, this.#options);
    const [[top, bottom], [left, right]] = paddingOf('Conv2d', this.#options.padding ?? 0);
    const surrounded = pad2d(stored(x), [left, right, top, bottom], this.#paddingMode);
    return conv2d(surrounded, stored(weight), this.bias, { ...this.#options, padding: 0 });
  }

  override multiplyAdds(_input: Shape, output: Shape): number {
    return elementsOf(output) * elementsOf(this.weight.shape.slice(1));
  }
}

const elementsOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);
const bothOf = (size: Pair): readonly [number, number] => (typeof size === 'number' ? [size, size] : size);

/** Options of `ConvTranspose2d`; the defaults are PyTorch's. */
export interface ConvTranspose2dLayerOptions extends ConvTranspose2dOptions {
  /** Whether a number per channel is added: true. */
  readonly bias?: boolean;
  /**
   * Height and width of the result, for a number per channel and pixel instead of one per channel: an untied bias, as in
   * the decoder of Lombardi et al. 2018, "Deep Appearance Models".
   */
  readonly untiedBias?: Pair;
  /** Draws the first weights; without one, from the default generator. */
  readonly generator?: Generator;
}

/** Transposed convolution of images [B, in, H, W] -> [B, out, H', W'], which makes them larger; see `convTranspose2d`. */
export class ConvTranspose2d extends Module {
  /** [in, out / groups, kh, kw] */
  readonly weight: Parameter;
  /** [out], or [out, H', W'] where it is untied */
  readonly bias: Parameter | null;
  readonly #options: ConvTranspose2dOptions;

  constructor(inChannels: number, outChannels: number, kernelSize: Pair, options: ConvTranspose2dLayerOptions = {}) {
    super();
    const { bias = true, untiedBias, generator, ...layout } = options;
    const shape = [inChannels, outChannels / (layout.groups ?? 1), ...bothOf(kernelSize)];
    const tied = bias && untiedBias === undefined;
    ({ weight: this.weight, bias: this.bias } = initialWeights(shape, tied, generator, outChannels));
    if (bias && untiedBias !== undefined) this.bias = Parameter.zeros([outChannels, ...bothOf(untiedBias)]);
    this.#options = layout;
  }

  /** Numbers that each of the result is a sum of, on average where the stride does not divide the kernel. */
  get fanIn(): number {
    const { stride = 1, groups = 1 } = this.#options;
    const [down, across] = bothOf(stride);
    const [inputs, , height, width] = this.weight.shape;
    return (inputs! * height! * width!) / (groups * down * across);
  }

  override forward(x: Tensor): Tensor {
    return this.apply(x, this.weight);
  }

  /** The transposed convolution with other weights of the same shape. */
  apply(x: Tensor, weight: Tensor): Tensor {
    const { bias } = this;
    if (bias?.rank !== 3) return convTranspose2d(stored(x), stored(weight), bias, this.#options);
    const y = convTranspose2d(stored(x), stored(weight), null, this.#options);
    if (bias.shape.some((n, d) => n !== y.shape[d + 1])) {
      throw new ShapeError(
        `ConvTranspose2d: the untied bias is for results [B, ${bias.shape.join(', ')}], got [${y.shape.join(', ')}]`,
      );
    }
    return y.add(bias).to(y.dtype);
  }

  override multiplyAdds(input: Shape): number {
    return elementsOf(input) * elementsOf(this.weight.shape.slice(1));
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
