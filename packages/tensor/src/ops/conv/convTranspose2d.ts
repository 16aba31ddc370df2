import { ShapeError } from '../../errors.js';
import { showShape } from '../../shape.js';
import { tidy } from '../../runtime/tidy.js';
import type { Tensor } from '../../tensor.js';
import { add } from '../math.js';
import { narrow, reshape } from '../movement.js';
import type { Conv2dOptions } from './conv2d.js';
import { imageGradient } from './correlate.js';
import { expectBias, expectImages, paddingOf, pairOf, type Pair } from './spatial.js';

/** Options of `convTranspose2d`: those of the convolution that it is the transpose of, and which of its sizes is meant. */
export interface ConvTranspose2dOptions extends Conv2dOptions {
  /** Rows and columns added at the bottom and on the right, fewer than the stride or the dilation: 0. */
  readonly outputPadding?: Pair;
}

/**
 * Transposed convolution ("deconvolution"), the gradient of a convolution as an operation of its own: every pixel of
 * images [B, I, H, W] adds a multiple of the kernels [I, O / groups, kh, kw] to the result [B, O, H', W'] with
 * H' = stride (H - 1) + dilation (kh - 1) + 1 - padding + outputPadding, plus a bias [O] where there is one. As PyTorch's
 * `conv_transpose2d`; padding, which takes rows and columns away here, may differ before and after as well.
 * @throws ShapeError where channels, groups or sizes do not fit.
 */
export function convTranspose2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvTranspose2dOptions = {},
): Tensor {
  const op = 'convTranspose2d';
  expectImages(op, x);
  expectImages(op, weight);
  const { groups = 1 } = options;
  const [, I, H, W] = x.shape as [number, number, number, number];
  const [kernels, perGroup, kh, kw] = weight.shape as [number, number, number, number];
  if (!Number.isInteger(groups) || groups < 1 || I % groups !== 0 || kernels !== I) {
    throw new ShapeError(
      `${op}: images ${showShape(x.shape)} and kernels ${showShape(weight.shape)} in ${groups} groups: there must be ` +
        'a kernel for every channel of the images, and their number must be a multiple of groups',
    );
  }
  expectBias(op, bias, groups * perGroup);
  const stride = pairOf(op, 'stride', options.stride ?? 1, 1);
  const padding = paddingOf(op, options.padding ?? 0);
  const dilation = pairOf(op, 'dilation', options.dilation ?? 1, 1);
  const extra = pairOf(op, 'outputPadding', options.outputPadding ?? 0, 0);
  if (extra.some((n, d) => n >= Math.max(stride[d]!, dilation[d]!))) {
    throw new ShapeError(
      `${op}: outputPadding of ${extra.join(' x ')} must be less than the stride or the dilation, ` +
        `${stride.join(' x ')} and ${dilation.join(' x ')}: more would be rows that nothing adds to`,
    );
  }
  const full = ([H, W] as const).map(
    (n, d) => stride[d]! * (n - 1) + dilation[d]! * ([kh, kw][d]! - 1) + 1 + extra[d]!,
  );
  const size = full.map((n, d) => n - padding[d]![0] - padding[d]![1]);
  if (H === 0 || W === 0 || size.some((n) => n < 1)) {
    throw new ShapeError(
      `${op}: images of ${H} x ${W} pixels would give ${size.join(' x ')} (padding of ${JSON.stringify(options.padding ?? 0)} taken off)`,
    );
  }
  return tidy(() => {
    const spec = { stride, dilation, groups };
    const whole = imageGradient(
      x.to('float32'),
      weight.to('float32'),
      full as unknown as readonly [number, number],
      spec,
    );
    const out = size.reduce((t, n, d) => narrow(t, 2 + d, padding[d]![0], n), whole);
    return (bias ? add(out, reshape(bias.to('float32'), [groups * perGroup, 1, 1])) : out).to(x.dtype);
  });
}
