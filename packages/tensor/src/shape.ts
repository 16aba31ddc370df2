import { ShapeError } from './errors.js';

/** Sizes of a tensor's dimensions, outermost first; `[]` is a single value. */
export type Shape = readonly number[];

/** Number of elements of a shape. */
export function sizeOf(shape: Shape): number {
  let n = 1;
  for (const d of shape) n *= d;
  return n;
}

/** Row-major strides, in elements. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let s = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = s;
    s *= shape[i]!;
  }
  return strides;
}

/** True when both shapes have the same sizes. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

/** `[2, 3]`, for messages. */
export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`;

/** Checks that a shape is a list of non-negative integers. */
export function expectShape(op: string, shape: Shape): void {
  for (const d of shape) {
    if (!Number.isInteger(d) || d < 0) {
      throw new ShapeError(`${op}: sizes must be non-negative integers, got ${showShape(shape)}`);
    }
  }
}

/** Shape of an elementwise operation on operands that broadcast as in NumPy and PyTorch. */
export function broadcastShapes(op: string, ...shapes: readonly Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const out = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    const pad = rank - shape.length;
    for (let i = 0; i < shape.length; i++) {
      const d = shape[i]!;
      const o = out[i + pad]!;
      if (d === o || d === 1) continue;
      if (o !== 1) {
        throw new ShapeError(
          `${op}: shapes ${shapes.map(showShape).join(' and ')} do not broadcast: sizes must be equal or 1 from the right`,
        );
      }
      out[i + pad] = d;
    }
  }
  return out;
}

/** A dimension number in [0, rank), counting from the end when negative. */
export function normalizeDim(op: string, dim: number, rank: number): number {
  const d = dim < 0 ? dim + rank : dim;
  if (!Number.isInteger(dim) || d < 0 || d >= rank) {
    throw new ShapeError(`${op}: dimension ${dim} is out of range for a tensor of rank ${rank}`);
  }
  return d;
}

/** Distinct dimension numbers in ascending order; `undefined` means all of them. */
export function normalizeDims(op: string, dims: number | readonly number[] | undefined, rank: number): number[] {
  if (dims === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = (typeof dims === 'number' ? [dims] : [...dims]).map((d) => normalizeDim(op, d, rank));
  list.sort((a, b) => a - b);
  if (list.some((d, i) => i > 0 && d === list[i - 1])) {
    throw new ShapeError(`${op}: dimensions ${JSON.stringify(dims)} name one dimension twice`);
  }
  return list;
}
