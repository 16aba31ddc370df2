import type { Generator, Tensor } from '@chiaro/autograd';
import { BatchNorm2d, Conv2d, Module } from '@chiaro/nn';

/** Batch normalisation without parameters, as SfSNet was published. */
export const normalisation = (channels: number): BatchNorm2d => new BatchNorm2d(channels, { affine: false });

/** A convolution that keeps the size, unless it has a stride. */
export const convolution = (from: number, to: number, kernel: number, generator: Generator, stride = 1): Conv2d =>
  new Conv2d(from, to, kernel, { stride, padding: Math.floor(kernel / 2), generator });

/** C of the appendix: a convolution and its normalisation, [B, from, H, W] -> [B, to, H, W]. */
export class ConvNorm extends Module {
  readonly conv: Conv2d;
  readonly norm: BatchNorm2d;

  constructor(from: number, to: number, kernel: number, generator: Generator, stride = 1) {
    super();
    this.conv = convolution(from, to, kernel, generator, stride);
    this.norm = normalisation(to);
  }

  override forward(x: Tensor): Tensor {
    return this.norm.forward(this.conv.forward(x));
  }
}

/** Res of the appendix, with pre-activation (He et al. 2016): x + conv(ReLU(BN(conv(ReLU(BN(x)))))). */
export class ResidualBlock extends Module {
  readonly norm1: BatchNorm2d;
  readonly conv1: Conv2d;
  readonly norm2: BatchNorm2d;
  readonly conv2: Conv2d;

  constructor(channels: number, generator: Generator) {
    super();
    this.norm1 = normalisation(channels);
    this.conv1 = convolution(channels, channels, 3, generator);
    this.norm2 = normalisation(channels);
    this.conv2 = convolution(channels, channels, 3, generator);
  }

  override forward(x: Tensor): Tensor {
    const inner = this.conv1.forward(this.norm1.forward(x).relu());
    return x.add(this.conv2.forward(this.norm2.forward(inner).relu()));
  }
}

/** That many blocks, one after the other. */
export const residualBlocks = (count: number, channels: number, generator: Generator): ResidualBlock[] =>
  Array.from({ length: count }, () => new ResidualBlock(channels, generator));
