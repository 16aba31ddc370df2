import type { DType } from '../../dtype.js';
import { contiguousStrides, sizeOf, type Shape } from '../../shape.js';

/**
 * A tensor as plain numbers, row-major: float64 for real dtypes, exact integers, bool as 0 and 1. The references of
 * the operation table compute with these and share no code with the engine.
 */
export interface HostTensor {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: Float64Array;
  /**
   * Per element, the size of what was added up to make it, where that is larger than the element: the error of a sum is
   * relative to this.
   */
  readonly scale?: Float64Array;
}

/** Row-major position of a coordinate. */
export function positionOf(shape: Shape, at: readonly number[]): number {
  let p = 0;
  for (let d = 0; d < shape.length; d++) p = p * shape[d]! + at[d]!;
  return p;
}

/** Calls `visit` with every coordinate of a shape in row-major order. The array is reused between calls. */
export function forEachCoordinate(shape: Shape, visit: (at: readonly number[], position: number) => void): void {
  const size = sizeOf(shape);
  const at = shape.map(() => 0);
  for (let p = 0; p < size; p++) {
    visit(at, p);
    for (let d = shape.length - 1; d >= 0; d--) {
      at[d]!++;
      if (at[d]! < shape[d]!) break;
      at[d] = 0;
    }
  }
}

/** A tensor from a function of the coordinate. */
export function generate(
  shape: Shape,
  dtype: DType,
  value: (at: readonly number[], position: number) => number,
): HostTensor {
  const data = new Float64Array(sizeOf(shape));
  forEachCoordinate(shape, (at, p) => (data[p] = value(at, p)));
  return { shape: [...shape], dtype, data };
}

/** Element at a coordinate. */
export const elementAt = (x: HostTensor, at: readonly number[]): number => x.data[positionOf(x.shape, at)]!;

/** Element that broadcasting puts at a coordinate of a larger shape. */
export function broadcastAt(x: HostTensor, at: readonly number[]): number {
  let p = 0;
  const skip = at.length - x.shape.length;
  for (let d = 0; d < x.shape.length; d++) p = p * x.shape[d]! + (x.shape[d] === 1 ? 0 : at[d + skip]!);
  return x.data[p]!;
}

/** Shape that shapes broadcast to, which the caller knows to fit. */
export function broadcastShape(shapes: readonly Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, d) => {
    const sizes = shapes.map((s) => s[d - rank + s.length] ?? 1);
    return sizes.find((n) => n !== 1) ?? 1;
  });
}

const order: readonly DType[] = ['bool', 'uint32', 'int32', 'float16', 'float32'];

/** Common dtype of operands; a number counts as the smallest dtype of its kind that keeps the tensors' dtype. */
export function commonDType(operands: readonly (HostTensor | number)[]): DType {
  const known = operands.filter((x): x is HostTensor => typeof x !== 'number').map((x) => order.indexOf(x.dtype));
  const dtype = order[Math.max(-1, ...known)] ?? 'float32';
  if (dtype === 'float32' || dtype === 'float16') return dtype;
  const numbers = operands.filter((x): x is number => typeof x === 'number');
  if (numbers.some((n) => !Number.isInteger(n))) return 'float32';
  return numbers.length > 0 && dtype === 'bool' ? 'int32' : dtype;
}

/** True for float32 and float16. */
export const isReal = (dtype: DType): boolean => dtype === 'float32' || dtype === 'float16';

/** A number as an element of a dtype: integers wrap, conversions of reals truncate and saturate. */
export function convert(value: number, from: DType, to: DType): number {
  if (isReal(to)) return value;
  if (to === 'bool') return value === 0 ? 0 : 1;
  if (isReal(from)) {
    const [lo, hi] = to === 'int32' ? [-(2 ** 31), 2 ** 31 - 1] : [0, 2 ** 32 - 1];
    return Number.isNaN(value) ? 0 : Math.min(Math.max(Math.trunc(value), lo), hi) + 0;
  }
  return wrap(value, to);
}

/** An exact integer result as the dtype holds it. */
export function wrap(value: number, dtype: DType): number {
  if (isReal(dtype)) return value;
  return dtype === 'int32' ? Number(BigInt.asIntN(32, BigInt(value))) : Number(BigInt.asUintN(32, BigInt(value)));
}

/** The elements converted to a dtype. */
export function cast(x: HostTensor, dtype: DType): HostTensor {
  if (x.dtype === dtype) return x;
  return { ...x, dtype, data: x.data.map((v) => convert(v, x.dtype, dtype)) };
}

/** A function of elements over operands that broadcast, converted to `from` first. */
export function elementwiseOf(
  operands: readonly (HostTensor | number)[],
  from: DType,
  to: DType,
  fn: (...values: number[]) => number,
): HostTensor {
  const tensors = operands.map((x) => (typeof x === 'number' ? generate([], from, () => x) : cast(x, from)));
  const shape = broadcastShape(tensors.map((t) => t.shape));
  return generate(shape, to, (at) => fn(...tensors.map((t) => broadcastAt(t, at))));
}

/** The same elements in another shape. */
export const hostReshape = (x: HostTensor, shape: Shape): HostTensor => ({ ...x, shape: [...shape] });

/** out.shape[i] = x.shape[axes[i]]. */
export function hostPermute(x: HostTensor, axes: readonly number[]): HostTensor {
  const from = new Array<number>(axes.length);
  return generate(
    axes.map((a) => x.shape[a]!),
    x.dtype,
    (at) => {
      axes.forEach((a, i) => (from[a] = at[i]!));
      return elementAt(x, from);
    },
  );
}

/** Broadcast to a shape. */
export const hostExpand = (x: HostTensor, shape: Shape): HostTensor =>
  generate(shape, x.dtype, (at) => broadcastAt(x, at));

/** The elements at starts[d] + steps[d] * c[d]. */
export function hostSlice(
  x: HostTensor,
  starts: readonly number[],
  sizes: Shape,
  steps: readonly number[],
): HostTensor {
  return generate(sizes, x.dtype, (at) =>
    elementAt(
      x,
      at.map((c, d) => starts[d]! + steps[d]! * c),
    ),
  );
}

/** Coordinates split by a set of dimensions: which lie in it, and which stay. */
const without = (shape: Shape, dims: readonly number[]): number[] => shape.filter((_, d) => !dims.includes(d));

/** Folds dimensions away: `fold` sees the elements that fall together, in row-major order. */
export function foldDims(
  x: HostTensor,
  dims: readonly number[],
  keepdim: boolean,
  dtype: DType,
  fold: (values: number[]) => number,
): HostTensor {
  const kept = without(x.shape, dims);
  const strides = contiguousStrides(kept);
  const runs = Array.from({ length: sizeOf(kept) }, (): number[] => []);
  forEachCoordinate(x.shape, (at, p) => {
    let run = 0;
    let k = 0;
    for (let d = 0; d < at.length; d++) if (!dims.includes(d)) run += at[d]! * strides[k++]!;
    runs[run]!.push(x.data[p]!);
  });
  const shape = keepdim ? x.shape.map((n, d) => (dims.includes(d) ? 1 : n)) : kept;
  return { shape, dtype, data: Float64Array.from(runs, fold) };
}

/** Applies `run` to every line of elements along a dimension; it returns a line of any one length. */
export function alongLines(x: HostTensor, dim: number, dtype: DType, run: (line: number[]) => number[]): HostTensor {
  const axes = x.shape.map((_, d) => d).filter((d) => d !== dim);
  const lines = hostPermute(x, [...axes, dim]);
  const length = x.shape[dim]!;
  const results: number[] = [];
  let out = length;
  for (let from = 0; from < sizeOf(axes.map((d) => x.shape[d]!)); from++) {
    const line = run([...lines.data.subarray(from * length, (from + 1) * length)]);
    out = line.length;
    results.push(...line);
  }
  if (results.length === 0) out = run(new Array<number>(length).fill(0)).length;
  const permuted: HostTensor = {
    shape: [...axes.map((d) => x.shape[d]!), out],
    dtype,
    data: Float64Array.from(results),
  };
  const back = x.shape.map((_, d) => (d === dim ? axes.length : axes.indexOf(d)));
  return hostPermute(permuted, back);
}

/** A dimension counted from the front. */
export const fromFront = (dim: number, rank: number): number => (dim < 0 ? dim + rank : dim);

/** Dimensions as an ascending list; `undefined` is all of them. */
export function dimList(dims: number | readonly number[] | undefined, rank: number): number[] {
  if (dims === undefined) return Array.from({ length: rank }, (_, d) => d);
  return (typeof dims === 'number' ? [dims] : [...dims]).map((d) => fromFront(d, rank)).sort((a, b) => a - b);
}
