import { adaptiveParts, indexSelect, ShapeError, tensor, where, type Pair, type Tensor } from '../engine.js';

/**
 * Largest elements of images [B, C, H, W] in windows that cover them in equal parts, so that the result has the given size:
 * window i of n along H pixels begins at floor(i H / n) and ends before ceil((i + 1) H / n); NaN where there is one. As
 * PyTorch's `adaptive_max_pool2d`, but equal largest elements share the gradient.
 * @param size [height, width] of the result, or one number for both.
 * @throws ShapeError for another rank, a size that is no size, and images without pixels.
 */
export function adaptiveMaxPool2d(x: Tensor, size: Pair): Tensor {
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  if (![height, width].every((n) => Number.isInteger(n) && n >= 1)) {
    throw new ShapeError(`adaptiveMaxPool2d: the size must be whole numbers of 1 or more, got ${height} x ${width}`);
  }
  if (x.rank !== 4 || x.shape[2] === 0 || x.shape[3] === 0) {
    throw new ShapeError(`adaptiveMaxPool2d: takes images [B, C, H, W] with pixels, got [${x.shape.join(', ')}]`);
  }
  return largest(largest(x, 2, height), 3, width);
}

/** The largest elements of n windows along a dimension. Windows differ by a pixel in length: what is too much counts as -Infinity. */
function largest(x: Tensor, dim: 2 | 3, n: number): Tensor {
  const parts = adaptiveParts(x.shape[dim]!, n);
  const length = Math.max(...parts.map(([from, to]) => to - from));
  const places = parts.flatMap(([from, to]) => Array.from({ length }, (_, k) => Math.min(from + k, to - 1)));
  const inside = parts.flatMap(([from, to]) => Array.from({ length }, (_, k) => from + k < to));
  const behind = x.shape.slice(dim + 1);
  const windows = indexSelect(x, dim, tensor(Int32Array.from(places)));
  const shape = [...x.shape.slice(0, dim), n, length, ...behind];
  const kept = inside.includes(false)
    ? where(tensor(inside).reshape([n, length, ...behind.map(() => 1)]), windows.reshape(shape), -Infinity)
    : windows.reshape(shape);
  return kept.max(dim + 1);
}
