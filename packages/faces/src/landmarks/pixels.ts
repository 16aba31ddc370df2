import { linearToSRGB } from '@chiaro/render';
import { concat, ShapeError, tensor, type Tensor } from '../engine.js';
import type { Square } from './box.js';

/** An image as the networks see it: planes [3, H, W] of sRGB values from 0 to 255. */
export type Planes = Tensor;

/**
 * Linear RGB [H, W, 3] or [1, H, W, 3], nominal [0, 1], as planes.
 * @throws ShapeError for anything else, and for an image without pixels.
 */
export function planesOf(op: string, image: Tensor): Planes {
  const rows = image.rank === 4 && image.shape[0] === 1 ? image.squeeze(0) : image;
  if (rows.rank !== 3 || rows.shape[2] !== 3 || rows.size === 0) {
    throw new ShapeError(
      `${op}: takes one image [H, W, 3] or [1, H, W, 3] of linear RGB, got [${image.shape.join(', ')}]`,
    );
  }
  return linearToSRGB(rows.clamp(0, 1)).mul(255).permute([2, 0, 1]);
}

/**
 * How a square is brought to the size of a network's input:
 * - `bilinear`: pixel i at i * scale, between its two neighbours; what the networks were published with
 * - `smooth`: pixel centres onto pixel centres; where the image shrinks, weighted means over as many pixels
 */
export type Resampling = 'bilinear' | 'smooth';

/** Squares of an image at another size, black outside of the image: [squares, 3, size, size]. */
export function cutSquares(planes: Planes, squares: readonly Square[], size: number, how: Resampling): Tensor {
  const [, H, W] = planes.shape;
  const parts = squares.map((square) => {
    const rows = interpolation(square.y, square.size, size, H, how);
    const columns = interpolation(square.x, square.size, size, W, how);
    const seen = planes.slice(null, [rows.from, rows.to], [columns.from, columns.to]);
    return rows.matrix.matmul(seen.matmul(columns.matrix.transpose()));
  });
  return concat(parts.map((p) => p.unsqueeze(0)));
}

/** A matrix [n, to - from] that takes elements `from` to `to` of a line of `length` to n new ones. */
interface Interpolation {
  readonly from: number;
  readonly to: number;
  readonly matrix: Tensor;
}

function interpolation(start: number, extent: number, n: number, length: number, how: Resampling): Interpolation {
  const scale = extent / n;
  const last = Math.ceil(start + extent) - 1; // as published, the square's last pixel goes on behind it
  const reach = how === 'smooth' ? Math.max(scale, 1) : 1;
  const places = Array.from({ length: n }, (_, i) => start + (how === 'smooth' ? (i + 0.5) * scale - 0.5 : i * scale));
  const limit = (v: number): number => Math.min(Math.max(v, 0), length);
  const from = Math.min(limit(Math.floor(places[0] - reach)), length - 1);
  const to = Math.max(limit(Math.ceil(places[n - 1] + reach) + 1), from + 1);
  const matrix = new Float32Array(n * (to - from));
  places.forEach((place, i) => {
    // a triangle over the neighbours, those outside of the image (which are black) included in its area
    const first = Math.floor(place - reach) + 1;
    const weights = Array.from({ length: Math.ceil(2 * reach) }, (_, k) =>
      Math.max(0, 1 - Math.abs(first + k - place) / reach),
    );
    const area = weights.reduce((a, b) => a + b, 0);
    weights.forEach((w, k) => {
      const at = how === 'bilinear' ? Math.min(first + k, last) : first + k;
      if (at >= from && at < to) matrix[i * (to - from) + at - from] += w / area;
    });
  });
  return { from, to, matrix: tensor(matrix, [n, to - from]) };
}

/** (x - mean) / 255 per channel: what both networks take. */
export const normalised = (images: Tensor, mean: readonly [number, number, number]): Tensor =>
  images.sub(tensor(mean, [3, 1, 1])).mul(1 / 255);
