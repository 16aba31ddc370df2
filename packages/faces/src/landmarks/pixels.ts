import { linearToSRGB } from '@chiaro/render';
import { triangleTaps } from '../crop/taps.js';
import { concat, ShapeError, tensor, type Tensor } from '../engine.js';
import type { Square } from './box.js';

/** An image that networks look at: [H, W, 3] linear RGB. */
export type Pixels = Tensor;

/**
 * Linear RGB [H, W, 3] or [1, H, W, 3], nominal [0, 1], as [H, W, 3].
 * @throws ShapeError for anything else, and for an image without pixels.
 */
export function pixelsOf(op: string, image: Tensor): Pixels {
  const rows = image.rank === 4 && image.shape[0] === 1 ? image.squeeze(0) : image;
  if (rows.rank !== 3 || rows.shape[2] !== 3 || rows.size === 0) {
    throw new ShapeError(
      `${op}: takes one image [H, W, 3] or [1, H, W, 3] of linear RGB, got [${image.shape.join(', ')}]`,
    );
  }
  return rows;
}

/**
 * How a square is brought to the size of a network's input:
 * - `bilinear`: pixel i at i * scale, between its two neighbours; what the networks were published with
 * - `smooth`: pixel centres onto pixel centres; where the image shrinks, weighted means over as many pixels
 */
export type Resampling = 'bilinear' | 'smooth';

/**
 * Squares of an image at another size, black outside of the image, as the networks see them: [squares, 3, size, size] sRGB
 * values from 0 to 255. Only rows and columns that count are looked at: a huge image costs little more than a small one.
 */
export function cutSquares(pixels: Pixels, squares: readonly Square[], size: number, how: Resampling): Tensor {
  const [H, W] = pixels.shape;
  const parts = squares.map((square) => {
    const rows = interpolation(square.y, square.size, size, H, how);
    const columns = interpolation(square.x, square.size, size, W, how);
    const read = pixels.indexSelect(0, rows.elements).indexSelect(1, columns.elements);
    const seen = linearToSRGB(read.clamp(0, 1)).mul(255).permute([2, 0, 1]);
    return rows.matrix.matmul(seen.matmul(columns.matrix.transpose()));
  });
  return concat(parts.map((p) => p.unsqueeze(0)));
}

/** A matrix [n, m] that takes m elements of a line to n new ones. */
interface Interpolation {
  /** [m] int32 */
  readonly elements: Tensor;
  readonly matrix: Tensor;
}

function interpolation(start: number, extent: number, n: number, length: number, how: Resampling): Interpolation {
  const scale = extent / n;
  const last = Math.ceil(start + extent) - 1; // as published, the square's last pixel goes on behind it
  const reach = how === 'smooth' ? Math.max(scale, 1) : 1;
  const places = Array.from({ length: n }, (_, i) => start + (how === 'smooth' ? (i + 0.5) * scale - 0.5 : i * scale));
  // those outside of the image, which are black, count in the weights
  const taps = places.map((place) =>
    triangleTaps(place, reach)
      .map(({ at, weight }) => ({ at: how === 'bilinear' ? Math.min(at, last) : at, weight }))
      .filter(({ at }) => at >= 0 && at < length),
  );
  const used = [...new Set(taps.flat().map(({ at }) => at))].sort((a, b) => a - b);
  if (used.length === 0) used.push(0); // a square beside the image
  const column = new Map(used.map((at, k) => [at, k]));
  const matrix = new Float32Array(n * used.length);
  taps.forEach((list, i) => {
    for (const { at, weight } of list) matrix[i * used.length + column.get(at)!] += weight;
  });
  return { elements: tensor(Int32Array.from(used)), matrix: tensor(matrix, [n, used.length]) };
}

/** (x - mean) / 255 per channel: what both networks take. */
export const normalised = (images: Tensor, mean: readonly [number, number, number]): Tensor =>
  images.sub(tensor(mean, [3, 1, 1])).mul(1 / 255);
