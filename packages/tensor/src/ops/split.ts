import { ShapeError } from '../errors.js';
import { tidy } from '../runtime/tidy.js';
import { expectShape, normalizeDim, showShape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { concat, expand, narrow, permute, reshape, select } from './movement.js';

/** Parts of the given lengths along dimension d. */
function parts(x: Tensor, d: number, lengths: readonly number[]): Tensor[] {
  let start = 0;
  return lengths.map((length) => {
    const part = narrow(x, d, start, length);
    start += length;
    return part;
  });
}

/** n cut into pieces of `size`, the last one shorter; no elements make one piece of none. */
const pieces = (n: number, size: number): number[] =>
  Array.from({ length: Math.max(1, Math.ceil(n / size)) }, (_, i) => Math.min(size, n - i * size));

/**
 * Views of consecutive parts along a dimension: of `sizes` elements each (the last one may be shorter), or of the listed
 * lengths, which must add up to the dimension.
 */
export function split(x: Tensor, sizes: number | readonly number[], dim = 0): Tensor[] {
  const d = normalizeDim('split', dim, x.rank);
  const n = x.shape[d]!;
  if (typeof sizes === 'number') {
    if (Number.isInteger(sizes) && sizes > 0) return parts(x, d, pieces(n, sizes));
    throw new ShapeError(`split: parts must have a whole number of 1 or more elements, got ${sizes}`);
  }
  expectShape('split', sizes);
  if (sizes.reduce((a, b) => a + b, 0) !== n) {
    throw new ShapeError(`split: lengths ${showShape(sizes)} do not add up to ${n}, the size of dimension ${dim}`);
  }
  return parts(x, d, sizes);
}

/**
 * Views of `count` parts along a dimension, all of ceil(n / count) elements but the last; as in PyTorch there are fewer
 * parts where that fills the dimension earlier.
 */
export function chunk(x: Tensor, count: number, dim = 0): Tensor[] {
  const d = normalizeDim('chunk', dim, x.rank);
  if (!Number.isInteger(count) || count < 1) {
    throw new ShapeError(`chunk: the number of parts must be a whole number of 1 or more, got ${count}`);
  }
  const n = x.shape[d]!;
  return parts(x, d, n === 0 ? new Array<number>(count).fill(0) : pieces(n, Math.ceil(n / count)));
}

/** Views of the slices along a dimension, which is gone from them: the reverse of `stack`. PyTorch's `unbind`. */
export function unstack(x: Tensor, dim = 0): Tensor[] {
  const d = normalizeDim('unstack', dim, x.rank);
  return Array.from({ length: x.shape[d]! }, (_, i) => select(x, d, i));
}

/**
 * The tensor repeated counts[d] times along each dimension; more counts than dimensions add dimensions in front.
 * @throws ShapeError for fewer counts than dimensions; `tile` takes those.
 */
export function repeat(x: Tensor, counts: readonly number[]): Tensor {
  expectShape('repeat', counts);
  if (counts.length < x.rank) {
    throw new ShapeError(`repeat: ${counts.length} counts for a tensor of rank ${x.rank}; tile repeats the last ones`);
  }
  const shape = [...counts.slice(x.rank).map(() => 1), ...x.shape];
  const rows = shape.flatMap((n) => [1, n]);
  const repeated = shape.flatMap((n, d) => [counts[d]!, n]);
  const whole = shape.map((n, d) => n * counts[d]!);
  return tidy(() => reshape(expand(reshape(x, rows), repeated), whole));
}

/** As `repeat`, but missing counts are those of the first dimensions and are 1. */
export const tile = (x: Tensor, counts: readonly number[]): Tensor =>
  repeat(x, [...new Array<number>(Math.max(0, x.rank - counts.length)).fill(1), ...counts]);

/** Every element (row, ...) along a dimension `count` times before the next one. */
export function repeatInterleave(x: Tensor, count: number, dim: number): Tensor {
  const d = normalizeDim('repeatInterleave', dim, x.rank);
  expectShape('repeatInterleave', [count]);
  const at = (n: number): number[] => [...x.shape.slice(0, d + 1), n, ...x.shape.slice(d + 1)];
  const shape = x.shape.map((n, k) => (k === d ? n * count : n));
  return tidy(() => reshape(expand(reshape(x, at(1)), at(count)), shape));
}

/**
 * Elements moved on by `shifts` places along dimensions; what leaves at one end enters at the other. Without dimensions
 * the elements are rolled in row-major order.
 */
export function roll(x: Tensor, shifts: number | readonly number[], dims?: number | readonly number[]): Tensor {
  if (dims === undefined && typeof shifts === 'number') {
    return tidy(() => reshape(roll(reshape(x, [x.size]), shifts, 0), x.shape));
  }
  const by = typeof shifts === 'number' ? [shifts] : shifts;
  const along = typeof dims === 'number' ? [dims] : (dims ?? []);
  if (by.length !== along.length || !by.every(Number.isInteger)) {
    throw new ShapeError(
      `roll: needs one whole number for each dimension, got ${showShape(by)} for dimensions ${showShape(along)}`,
    );
  }
  return tidy(() =>
    by.reduce(
      (y, shift, k) => {
        const d = normalizeDim('roll', along[k]!, x.rank);
        const n = x.shape[d]!;
        const moved = n === 0 ? 0 : ((shift % n) + n) % n;
        return moved === 0 ? y : concat([narrow(y, d, n - moved, moved), narrow(y, d, 0, n - moved)], d);
      },
      reshape(x, x.shape),
    ),
  );
}

/** Dimensions moved to other places; those not named keep their order. */
export function movedim(x: Tensor, from: number | readonly number[], to: number | readonly number[]): Tensor {
  const list = (dims: number | readonly number[]): number[] =>
    (typeof dims === 'number' ? [dims] : dims).map((d) => normalizeDim('movedim', d, x.rank));
  const [source, target] = [list(from), list(to)];
  const once = (dims: readonly number[]): boolean => new Set(dims).size === dims.length;
  if (source.length !== target.length || !once(source) || !once(target)) {
    throw new ShapeError(
      `movedim: ${JSON.stringify(from)} and ${JSON.stringify(to)} must be as many dimensions, each named once`,
    );
  }
  const others = x.shape.map((_, d) => d).filter((d) => !source.includes(d));
  const order = x.shape.map((_, d) => (target.includes(d) ? source[target.indexOf(d)]! : others.shift()!));
  return permute(x, order);
}
