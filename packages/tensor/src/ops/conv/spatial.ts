import { isFloat } from '../../dtype.js';
import { DTypeError, ShapeError } from '../../errors.js';
import { showShape } from '../../shape.js';
import { live, type Tensor } from '../../tensor.js';
import { pad, unfold } from '../movement.js';

/** One number for both dimensions, or [vertical, horizontal]. */
export type Pair = number | readonly [y: number, x: number];

/** What stands around an image: one amount, [vertical, horizontal], or [[top, bottom], [left, right]]. */
export type Padding = Pair | readonly [y: readonly [number, number], x: readonly [number, number]];

/** Amounts before and after, per dimension. */
type Amounts = readonly [readonly [number, number], readonly [number, number]];

/** Throws unless `x` is a tensor [B, C, H, W] of real numbers. */
export function expectImages(op: string, x: Tensor): void {
  live(x, op);
  if (x.rank !== 4) {
    throw new ShapeError(`${op}: takes images [B, C, H, W], got ${showShape(x.shape)}; unsqueeze adds a dimension`);
  }
  if (!isFloat(x.dtype))
    throw new DTypeError(`${op}: takes float32 or float16, got ${x.dtype}; convert with .to('float32')`);
}

/** Throws unless there is no bias, or a number for every channel of the result. */
export function expectBias(op: string, bias: Tensor | null, channels: number): void {
  if (bias && (bias.rank !== 1 || bias.shape[0] !== channels)) {
    throw new ShapeError(
      `${op}: the bias must have shape [${channels}], one number per channel of the result, got ${showShape(bias.shape)}`,
    );
  }
}

/** Both numbers of a pair, whole and at least `least`. */
export function pairOf(op: string, name: string, pair: Pair, least: number): readonly [number, number] {
  const [y, x] = typeof pair === 'number' ? [pair, pair] : pair;
  if ([y, x].every((v) => Number.isInteger(v) && v >= least)) return [y, x];
  throw new ShapeError(`${op}: ${name} must be whole numbers of ${least} or more, got ${JSON.stringify(pair)}`);
}

/** The amounts of a padding. */
export function paddingOf(op: string, padding: Padding): Amounts {
  const [y, x] = typeof padding === 'number' ? [padding, padding] : padding;
  const both = [y, x].map((v) => (typeof v === 'number' ? [v, v] : v)) as unknown as Amounts;
  if (both.flat().every((v) => Number.isInteger(v) && v >= 0)) return both;
  throw new ShapeError(`${op}: padding must be whole numbers of 0 or more, got ${JSON.stringify(padding)}`);
}

/** How windows lie on an image. */
export interface Windows {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: Amounts;
}

/** Throws unless a window fits images that have their zeros around them already; gives its size in pixels. */
export function expectWindows(
  op: string,
  images: Tensor,
  kernel: readonly [number, number],
  dilation: readonly [number, number],
): readonly [number, number] {
  const [height, width] = kernel.map((k, d) => dilation[d]! * (k - 1) + 1) as [number, number];
  if (height > images.shape[2]! || width > images.shape[3]!) {
    throw new ShapeError(
      `${op}: a window of ${height} x ${width} does not fit images of ${images.shape.slice(2).join(' x ')} (padding included)`,
    );
  }
  return [height, width];
}

/** [B, C, H, W] -> [B, C, rows of windows, columns of windows, rows in a window, columns in it]: a view. */
export function windowsOf(op: string, images: Tensor, windows: Windows, outside = 0): Tensor {
  const { kernel, stride, padding } = windows;
  const wide = pad(images, padding, outside);
  const [height, width] = expectWindows(op, wide, kernel, [1, 1]);
  return unfold(unfold(wide, 2, height, stride[0]), 3, width, stride[1]);
}
