import { ShapeError } from '../../errors.js';
import { showShape } from '../../shape.js';
import { tidy } from '../../runtime/tidy.js';
import type { Tensor } from '../../tensor.js';
import { add } from '../math.js';
import { pad, reshape } from '../movement.js';
import { correlate } from './correlate.js';
import { expectBias, expectImages, expectWindows, paddingOf, pairOf, type Padding, type Pair } from './spatial.js';

/** How a kernel moves over an image. */
export interface Conv2dOptions {
  /** Pixels from one window to the next: 1. */
  readonly stride?: Pair;
  /** Zeros around the image: 0. */
  readonly padding?: Padding;
  /** Pixels from one element of the kernel to the next: 1. */
  readonly dilation?: Pair;
  /** The channels fall into this many groups, each with kernels of its own: 1. As many as channels: depthwise. */
  readonly groups?: number;
}

/**
 * Cross-correlation of images [B, I, H, W] with kernels [O, I / groups, kh, kw], plus a bias [O] where there is one:
 * [B, O, H', W'] with H' = floor((H + padding - dilation (kh - 1) - 1) / stride) + 1. As PyTorch's `conv2d`; padding may
 * differ before and after as well. Sums are in float32.
 *
 * It is a matrix product of the kernels with the windows of the images, which kernels read where they overlap: nothing
 * of the size of all windows is ever stored, neither here nor in the gradients. Padding stores the images with their
 * zeros. A kernel of one pixel is a plain matrix product. A depthwise convolution runs in kernels of its own; where its
 * windows slide over the images pixel by pixel, these put in the zeros themselves.
 * @throws ShapeError where channels, groups or sizes do not fit.
 */
export function conv2d(x: Tensor, weight: Tensor, bias: Tensor | null = null, options: Conv2dOptions = {}): Tensor {
  expectImages('conv2d', x);
  expectImages('conv2d', weight);
  const { groups = 1 } = options;
  const I = x.shape[1]!;
  const [O, perGroup, kh, kw] = weight.shape as [number, number, number, number];
  if (!Number.isInteger(groups) || groups < 1 || O % groups !== 0 || perGroup * groups !== I) {
    throw new ShapeError(
      `conv2d: images ${showShape(x.shape)} and kernels ${showShape(weight.shape)} in ${groups} groups: the images must ` +
        'have groups times the channels of a kernel, and the number of kernels must be a multiple of groups',
    );
  }
  expectBias('conv2d', bias, O);
  const stride = pairOf('conv2d', 'stride', options.stride ?? 1, 1);
  const padding = paddingOf('conv2d', options.padding ?? 0);
  const dilation = pairOf('conv2d', 'dilation', options.dilation ?? 1, 1);
  return tidy(() => {
    const wide = pad(x, [[0, 0], [0, 0], ...padding]).to('float32');
    expectWindows('conv2d', wide, [kh, kw], dilation);
    const out = correlate(wide, weight.to('float32'), { stride, dilation, groups });
    return (bias ? add(out, reshape(bias.to('float32'), [O, 1, 1])) : out).to(x.dtype);
  });
}
