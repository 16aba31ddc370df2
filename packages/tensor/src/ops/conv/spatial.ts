import { isFloat } from '../../dtype.js';
import { DTypeError, ShapeError } from '../../errors.js';
import { showShape } from '../../shape.js';
import { live, type Tensor } from '../../tensor.js';
import { pad, slice, unfold } from '../movement.js';

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
  readonly dilation: readonly [number, number];
}

/** [B, C, H, W] -> [B, C, rows of windows, columns of windows, rows in a window, columns in it]: a view. */
export function windowsOf(op: string, images: Tensor, windows: Windows, outside = 0): Tensor {
  const { kernel, stride, padding, dilation } = windows;
  const wide = pad(images, padding, outside);
  const span = kernel.map((k, d) => dilation[d]! * (k - 1) + 1);
  if (span[0]! > wide.shape[2]! || span[1]! > wide.shape[3]!) {
    throw new ShapeError(
      `${op}: a window of ${span.join(' x ')} does not fit images of ${wide.shape.slice(2).join(' x ')} (padding included)`,
    );
  }
  const all = unfold(unfold(wide, 2, span[0]!, stride[0]), 3, span[1]!, stride[1]);
  if (dilation[0] === 1 && dilation[1] === 1) return all;
  return slice(all, null, null, null, null, [null, null, dilation[0]], [null, null, dilation[1]]);
}
