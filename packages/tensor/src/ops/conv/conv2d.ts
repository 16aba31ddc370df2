import { ShapeError } from '../../errors.js';
import { showShape } from '../../shape.js';
import { tidy } from '../../runtime/tidy.js';
import type { Tensor } from '../../tensor.js';
import { add, mul } from '../math.js';
import { matmul } from '../matmul.js';
import { permute, reshape, unsqueeze } from '../movement.js';
import { sum } from '../reduce.js';
import { expectImages, paddingOf, pairOf, windowsOf, type Padding, type Pair } from './spatial.js';

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
 * A kernel of one pixel is a matrix product. A depthwise convolution is one pass that multiplies and adds windows in
 * place. Others lay the windows out as columns, and multiply: on lavapipe 64 channels of 56 x 56 to as many take 18 ms of
 * CPU time so, and 370 when every sum walks its window.
 * @throws ShapeError where channels, groups or sizes do not fit.
 */
export function conv2d(x: Tensor, weight: Tensor, bias: Tensor | null = null, options: Conv2dOptions = {}): Tensor {
  expectImages('conv2d', x);
  expectImages('conv2d', weight);
  const { groups = 1 } = options;
  const [B, I] = x.shape as [number, number];
  const [O, perGroup, kh, kw] = weight.shape as [number, number, number, number];
  if (!Number.isInteger(groups) || groups < 1 || O % groups !== 0 || perGroup * groups !== I) {
    throw new ShapeError(
      `conv2d: images ${showShape(x.shape)} and kernels ${showShape(weight.shape)} in ${groups} groups: the images must ` +
        'have groups times the channels of a kernel, and the number of kernels must be a multiple of groups',
    );
  }
  if (bias && (bias.rank !== 1 || bias.shape[0] !== O)) {
    throw new ShapeError(
      `conv2d: the bias must have shape [${O}], one number per kernel, got ${showShape(bias.shape)}`,
    );
  }
  const layout = {
    kernel: [kh, kw] as const,
    stride: pairOf('conv2d', 'stride', options.stride ?? 1, 1),
    padding: paddingOf('conv2d', options.padding ?? 0),
    dilation: pairOf('conv2d', 'dilation', options.dilation ?? 1, 1),
  };
  return tidy(() => {
    const windows = windowsOf('conv2d', x.to('float32'), layout); // [B, I, H', W', kh, kw]
    const [H, W] = [windows.shape[2]!, windows.shape[3]!];
    const kernels = weight.to('float32');
    const correlated =
      perGroup === 1 && groups > 1 ? depthwise(windows, kernels, groups) : dense(windows, kernels, groups);
    const out = reshape(correlated, [B, O, H, W]);
    return (bias ? add(out, reshape(bias.to('float32'), [O, 1, 1])) : out).to(x.dtype);
  });
}

/**
 * One channel per group: [B, G, O / G, H', W']. One loop over the window serves every kernel size. Written out, one
 * product per tap, 3 x 3 on 16 x 207 x 207 takes 15 instead of 27 ms of CPU time on lavapipe, but such kernels take longer
 * to compile (half a second for the landmark network of packages/faces), and their derivatives far longer.
 */
function depthwise(windows: Tensor, weight: Tensor, groups: number): Tensor {
  const [O, , kh, kw] = weight.shape as [number, number, number, number];
  const kernels = reshape(weight, [groups, O / groups, 1, 1, kh, kw]);
  return sum(mul(unsqueeze(windows, 2), kernels), [-2, -1]);
}

/** Products of the kernels [G, O / G, K] with the windows as columns [B, G, K, H' W']. */
function dense(windows: Tensor, weight: Tensor, groups: number): Tensor {
  const [B, I, H, W, kh, kw] = windows.shape as [number, number, number, number, number, number];
  const [O, K] = [weight.shape[0]!, (I / groups) * kh * kw];
  const columns = permute(windows, [0, 1, 4, 5, 2, 3]);
  if (groups === 1) return matmul(reshape(weight, [O, K]), reshape(columns, [B, K, H * W]));
  return matmul(reshape(weight, [groups, O / groups, K]), reshape(columns, [B, groups, K, H * W]));
}
