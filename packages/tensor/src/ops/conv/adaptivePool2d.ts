import { ShapeError } from '../../errors.js';
import { tidy } from '../../runtime/tidy.js';
import type { Tensor } from '../../tensor.js';
import { tensor } from '../create.js';
import { div } from '../math.js';
import { matmul } from '../matmul.js';
import { avgPool2d } from './pool2d.js';
import { expectImages, pairOf, type Pair } from './spatial.js';

/**
 * Means of images [B, C, H, W] over windows that cover them in equal parts, so that the result has the given size: window
 * i of n along H pixels begins at floor(i H / n) and ends before ceil((i + 1) H / n). As PyTorch's `adaptive_avg_pool2d`.
 * @param size [height, width] of the result, or one number for both.
 */
export function adaptiveAvgPool2d(x: Tensor, size: Pair): Tensor {
  expectImages('adaptiveAvgPool2d', x);
  const [height, width] = pairOf('adaptiveAvgPool2d', 'the size', size, 1);
  const [H, W] = [x.shape[2]!, x.shape[3]!];
  if (H === 0 || W === 0) throw new ShapeError(`adaptiveAvgPool2d: images of ${H} x ${W} pixels have no mean`);
  if (H % height === 0 && W % width === 0) return avgPool2d(x, [H / height, W / width]);
  const [rows, columns] = [adaptiveParts(H, height), adaptiveParts(W, width)];
  return tidy(() => {
    const sums = matmul(matmul(membership(rows, H), x.to('float32')), membership(columns, W).transpose());
    const counts = rows.flatMap(([top, bottom]) => columns.map(([left, right]) => (bottom - top) * (right - left)));
    return div(sums, tensor(Float32Array.from(counts), [height, width])).to(x.dtype);
  });
}

/** Where each of n windows that cover m pixels in equal parts begins and ends. */
export const adaptiveParts = (m: number, n: number): (readonly [from: number, to: number])[] =>
  Array.from({ length: n }, (_, i) => [Math.floor((i * m) / n), Math.ceil(((i + 1) * m) / n)]);

/** The matrix [n, m] of ones and zeros that says which of m pixels belong to which window. */
function membership(parts: readonly (readonly [number, number])[], m: number): Tensor {
  const matrix = new Float32Array(parts.length * m);
  parts.forEach(([from, to], i) => matrix.fill(1, i * m + from, i * m + to));
  return tensor(matrix, [parts.length, m]);
}
