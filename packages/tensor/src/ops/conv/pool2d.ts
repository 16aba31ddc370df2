import { ShapeError } from '../../errors.js';
import { tidy } from '../../runtime/tidy.js';
import type { Tensor } from '../../tensor.js';
import { ones } from '../create.js';
import { div } from '../math.js';
import { max, mean, sum } from '../reduce.js';
import { expectImages, paddingOf, pairOf, windowsOf, type Padding, type Pair, type Windows } from './spatial.js';

/** How a pooling window moves over an image. */
export interface Pool2dOptions {
  /** Pixels from one window to the next: the size of the window. */
  readonly stride?: Pair;
  /** Pixels around the image, at most half a window: 0. */
  readonly padding?: Padding;
}

function layoutOf(op: string, size: Pair, { stride = size, padding = 0 }: Pool2dOptions): Windows {
  const kernel = pairOf(op, 'the window', size, 1);
  const amounts = paddingOf(op, padding);
  if (amounts.some((pair, d) => pair.some((v) => v > kernel[d]! / 2))) {
    throw new ShapeError(
      `${op}: padding of ${JSON.stringify(padding)} is more than half of the window ${kernel.join(' x ')}`,
    );
  }
  return { kernel, stride: pairOf(op, 'stride', stride, 1), padding: amounts };
}

/**
 * Largest element in every window of images [B, C, H, W]; NaN if there is one. What stands around the image counts as
 * -Infinity. As PyTorch's `max_pool2d`, but equal largest elements share the gradient.
 * @param size of the window, in pixels.
 */
export function maxPool2d(x: Tensor, size: Pair, options: Pool2dOptions = {}): Tensor {
  expectImages('maxPool2d', x);
  const layout = layoutOf('maxPool2d', size, options);
  return tidy(() => max(windowsOf('maxPool2d', x, layout, -Infinity), [-2, -1]));
}

/** Options of `avgPool2d`. */
export interface AvgPool2dOptions extends Pool2dOptions {
  /** Whether the zeros around the image count as pixels: true. */
  readonly countIncludePad?: boolean;
}

/** Mean of every window of images [B, C, H, W]. As PyTorch's `avg_pool2d`. */
export function avgPool2d(x: Tensor, size: Pair, options: AvgPool2dOptions = {}): Tensor {
  expectImages('avgPool2d', x);
  const layout = layoutOf('avgPool2d', size, options);
  const counted = options.countIncludePad ?? true;
  return tidy(() => {
    const windows = windowsOf('avgPool2d', x.to('float32'), layout);
    if (counted) return mean(windows, [-2, -1]).to(x.dtype);
    const inside = windowsOf('avgPool2d', ones([1, 1, x.shape[2]!, x.shape[3]!]), layout);
    return div(sum(windows, [-2, -1]), sum(inside, [-2, -1])).to(x.dtype);
  });
}
