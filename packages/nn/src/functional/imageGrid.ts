import { pad, ShapeError, type Tensor } from '../engine.js';

/** Options of `imageGrid`. */
export interface ImageGridOptions {
  /** Images per row: as many as make the grid about square. */
  readonly columns?: number;
  /** Pixels between and around the images: 2. */
  readonly gap?: number;
  /** Value of the gaps and of places without an image: 0. */
  readonly background?: number;
}

/**
 * Many images as one: [B, C, H, W] -> [C, H', W'], row by row from the top left.
 * @throws ShapeError for other ranks, or no images.
 *
 * @example imageGrid(faces, { columns: 8 }) // [64, 3, 32, 32] -> [3, 274, 274]
 */
export function imageGrid(images: Tensor, { columns, gap = 2, background = 0 }: ImageGridOptions = {}): Tensor {
  const [B = 0, C = 0, H = 0, W = 0] = images.shape;
  if (images.rank !== 4 || images.size === 0) {
    throw new ShapeError(`imageGrid: takes images [B, C, H, W], got [${images.shape.join(', ')}]`);
  }
  const wide = columns ?? Math.ceil(Math.sqrt(B));
  if (![wide, gap + 1].every((n) => Number.isInteger(n) && n >= 1)) {
    throw new ShapeError(`imageGrid: columns must be 1 or more and gap 0 or more, got ${wide} and ${gap}`);
  }
  const high = Math.ceil(B / wide);
  const cells = pad(
    images,
    [
      [0, wide * high - B],
      [0, 0],
      [0, gap],
      [0, gap],
    ],
    background,
  );
  const grid = cells
    .reshape([high, wide, C, H + gap, W + gap])
    .permute([2, 0, 3, 1, 4])
    .reshape([C, high * (H + gap), wide * (W + gap)]);
  return pad(
    grid,
    [
      [0, 0],
      [gap, 0],
      [gap, 0],
    ],
    background,
  );
}
