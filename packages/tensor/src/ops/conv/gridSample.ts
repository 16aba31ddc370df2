import { DTypeError, ShapeError } from '../../errors.js';
import { isFloat } from '../../dtype.js';
import { showShape } from '../../shape.js';
import { tidy } from '../../runtime/tidy.js';
import { live, type Tensor } from '../../tensor.js';
import { gather } from '../indexing.js';
import { abs, add, clamp, floor, mul, remainder, round, sub, where } from '../math.js';
import { expand, reshape, select, unsqueeze } from '../movement.js';
import { expectImages } from './spatial.js';

/** Options of `gridSample`; the defaults are PyTorch's. */
export interface GridSampleOptions {
  /** Between the four nearest pixels, or the nearest one (the even one of two): `bilinear`. */
  readonly mode?: 'bilinear' | 'nearest';
  /**
   * What stands around the images: zeros, the pixel at their border, or their reflection at the border, over and over:
   * `zeros`.
   */
  readonly padding?: 'zeros' | 'border' | 'reflection';
  /** Whether -1 and 1 are the centres of the outer pixels instead of their outer edges: false. */
  readonly alignCorners?: boolean;
  /**
   * What the grid holds: places `relative` to the images, from -1 to 1, or in `pixels` from their top left corner, where the
   * first pixel's centre is (0.5, 0.5) and pixels are hit exactly, whatever the size of the images: `relative`.
   */
  readonly units?: 'relative' | 'pixels';
}

/**
 * Images [B, C, H, W] looked up at places: grid [B, H', W', 2] of (x, y) with (-1, -1) the top left and (1, 1) the bottom
 * right corner; the result is [B, C, H', W']. As PyTorch's `grid_sample`; gradients flow to images and, unless the mode
 * is `nearest`, to the grid. A place that is not a number gives NaN.
 * @throws ShapeError where the batch sizes differ or the grid is none, DTypeError for a grid of whole numbers.
 */
export function gridSample(x: Tensor, grid: Tensor, options: GridSampleOptions = {}): Tensor {
  expectImages('gridSample', x);
  live(grid, 'gridSample');
  const { mode = 'bilinear', padding = 'zeros', alignCorners = false, units = 'relative' } = options;
  const [B, , H, W] = x.shape as [number, number, number, number];
  if (grid.rank !== 4 || grid.shape[0] !== B || grid.shape[3] !== 2) {
    throw new ShapeError(
      `gridSample: the grid must be [${B}, H, W, 2], an (x, y) for every pixel of the result of images ` +
        `${showShape(x.shape)}; got ${showShape(grid.shape)}`,
    );
  }
  if (!isFloat(grid.dtype)) throw new DTypeError(`gridSample: the grid must be float32 or float16, got ${grid.dtype}`);
  if (H === 0 || W === 0) throw new ShapeError(`gridSample: images of ${H} x ${W} pixels hold nothing to look up`);
  return tidy(() => {
    const places = grid.to('float32');
    const along = (k: 0 | 1, n: number): Tensor => {
      const at = select(places, 3, k);
      return inside(units === 'pixels' ? sub(at, 0.5) : pixels(at, n, alignCorners), n, padding, alignCorners);
    };
    const [column, row] = [along(0, W), along(1, H)];
    const images = x.to('float32');
    const zeros = padding === 'zeros';
    if (mode === 'nearest') return pixel(images, round(row), round(column), zeros).to(x.dtype);
    const [top, left] = [floor(row), floor(column)];
    const [down, right] = [sub(row, top), sub(column, left)].map((part) => unsqueeze(part, 1)) as [Tensor, Tensor];
    const line = (at: Tensor): Tensor =>
      add(mul(pixel(images, at, left, zeros), sub(1, right)), mul(pixel(images, at, add(left, 1), zeros), right));
    return add(mul(line(top), sub(1, down)), mul(line(add(top, 1)), down)).to(x.dtype);
  });
}

/** Where a coordinate lies in pixels of n, counted from the centre of the first. */
const pixels = (at: Tensor, n: number, alignCorners: boolean): Tensor =>
  alignCorners ? mul(add(at, 1), (n - 1) / 2) : sub(mul(add(at, 1), n / 2), 0.5);

/** A place outside of the images, moved to where its pixel is taken from. */
function inside(at: Tensor, n: number, padding: 'zeros' | 'border' | 'reflection', alignCorners: boolean): Tensor {
  if (padding === 'zeros') return at;
  if (padding === 'border') return clamp(at, 0, n - 1);
  // mirrors stand in the centres of the outer pixels, or at their edges
  const [first, span] = alignCorners ? [0, n - 1] : [-0.5, n];
  if (span === 0) return mul(at, 0);
  const away = remainder(abs(sub(at, first)), 2 * span);
  return clamp(add(where(away.gt(span), sub(2 * span, away), away), first), 0, n - 1);
}

/** The pixels of images [B, C, H, W] at rows and columns [B, H', W'], which hold whole numbers. */
function pixel(images: Tensor, row: Tensor, column: Tensor, zeros: boolean): Tensor {
  const [B, C, H, W] = images.shape as [number, number, number, number];
  const [height, width] = row.shape.slice(1) as [number, number];
  const index = add(mul(clamp(row, 0, H - 1).to('int32'), W), clamp(column, 0, W - 1).to('int32'));
  const at = expand(reshape(index, [B, 1, height * width]), [B, C, height * width]);
  const found = reshape(gather(reshape(images, [B, C, H * W]), 2, at), [B, C, height, width]);
  if (!zeros) return found;
  const outside = row
    .lt(0)
    .logicalOr(row.gt(H - 1))
    .logicalOr(column.lt(0))
    .logicalOr(column.gt(W - 1));
  return where(unsqueeze(outside, 1), 0, found);
}
