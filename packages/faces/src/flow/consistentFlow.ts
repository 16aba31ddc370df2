import { ShapeError } from '../engine.js';

/** Where the forward flow can be believed. */
export interface ConsistencyOptions {
  /** Pixels by which there and back may miss the start; 1 if not given. */
  readonly tolerance?: number;
}

/**
 * Pixels whose way there and back ends where it began: what is hidden in the other picture, or leaves it, does not.
 * @param forward [H, W, 2] `opticalFlow(a, b)`. @param backward [H, W, 2] `opticalFlow(b, a)`.
 * @param size height and width.
 * @returns [H, W] 1 where the forward flow leads into the picture and back within the tolerance, else 0.
 * @throws ShapeError where the lists do not fit the size.
 */
export function consistentFlow(
  forward: ArrayLike<number>,
  backward: ArrayLike<number>,
  [height, width]: readonly [number, number],
  { tolerance = 1 }: ConsistencyOptions = {},
): Uint8Array {
  const size = height * width;
  if (forward.length !== 2 * size || backward.length !== 2 * size)
    throw new ShapeError(
      `consistentFlow: ${height} x ${width} pixels have ${2 * size} numbers, got ${forward.length} and ${backward.length}`,
    );
  return Uint8Array.from({ length: size }, (_, k) => {
    const x = (k % width) + forward[2 * k];
    const y = Math.floor(k / width) + forward[2 * k + 1];
    if (!(x >= 0 && y >= 0 && x <= width - 1 && y <= height - 1)) return 0;
    const back = flowAt(backward, [height, width], x, y);
    return Math.hypot(forward[2 * k] + back[0], forward[2 * k + 1] + back[1]) <= tolerance ? 1 : 0;
  });
}

/** Bilinear displacement of a flow [H, W, 2] at (x, y) in pixels, edges repeated. */
export function flowAt(
  flow: ArrayLike<number>,
  [height, width]: readonly [number, number],
  x: number,
  y: number,
): [number, number] {
  const [cx, cy] = [Math.min(Math.max(x, 0), width - 1), Math.min(Math.max(y, 0), height - 1)];
  const [left, top] = [Math.floor(cx), Math.floor(cy)];
  const [right, below] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)];
  const [fx, fy] = [cx - left, cy - top];
  const value = (c: number): number => {
    const read = (row: number, column: number): number => flow[2 * (row * width + column) + c];
    const upper = read(top, left) + fx * (read(top, right) - read(top, left));
    const lower = read(below, left) + fx * (read(below, right) - read(below, left));
    return upper + fy * (lower - upper);
  };
  return [value(0), value(1)];
}
