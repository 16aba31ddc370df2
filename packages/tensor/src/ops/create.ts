import { expectKnownDType, type DType, type TypedArray } from '../dtype.js';
import { DTypeError, ShapeError } from '../errors.js';
import { expectShape, showShape, sizeOf, type Shape } from '../shape.js';
import { live, type Tensor } from '../tensor.js';
import { castNode, expandNode, make, scalarNode } from './apply.js';
import { fromData, iotaNode, reshapeNode } from './nodes.js';

/** What tensors are made from: numbers, booleans, nested arrays of them, typed arrays. */
export type TensorLike = number | boolean | readonly TensorLike[] | TypedArray;

/**
 * A tensor from numbers. The shape follows the nesting, or is given (row-major elements). Without a dtype: bool for
 * booleans, the typed array's own (Uint8Array: int32), float32 for the rest. Typed arrays are copied.
 *
 * @example tensor([[1, 2], [3, 4]])            // shape [2, 2]
 * @example tensor(new Float32Array(12), [3, 4])
 */
export function tensor(values: TensorLike, options?: Shape | { shape?: Shape; dtype?: DType }): Tensor {
  const { shape, dtype } = Array.isArray(options)
    ? { shape: options as Shape }
    : ((options ?? {}) as { shape?: Shape; dtype?: DType });
  if (dtype) expectKnownDType('tensor', dtype);
  if (shape) expectShape('tensor', shape);
  if (typeof values === 'number' || typeof values === 'boolean') {
    const node = scalarNode(Number(values), dtype ?? (typeof values === 'boolean' ? 'bool' : 'float32'));
    return make(shape ? expandNode(node, shape) : node);
  }
  const flat = isTyped(values)
    ? { data: values, shape: [values.length], kind: typedDType(values) }
    : flattenNested(values);
  const sizes = shape ?? flat.shape;
  if (sizeOf(sizes) !== flat.data.length) {
    throw new ShapeError(`tensor: ${flat.data.length} elements do not fill shape ${showShape(sizes)}`);
  }
  return fromData(flat.data, sizes, dtype ?? flat.kind);
}

const isTyped = (v: unknown): v is TypedArray => ArrayBuffer.isView(v);

function typedDType(data: TypedArray): DType {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Int32Array) return 'int32';
  if (data instanceof Uint32Array) return 'uint32';
  if (data instanceof Uint8Array) return 'int32';
  throw new DTypeError(
    `tensor: ${(data as object).constructor.name} is not supported; use Float32Array, Int32Array, Uint32Array, Uint8Array or plain arrays`,
  );
}

function flattenNested(values: readonly TensorLike[]): { data: number[]; shape: number[]; kind: DType } {
  const shape: number[] = [];
  for (let v: TensorLike | undefined = values; Array.isArray(v) || isTyped(v); v = (v as readonly TensorLike[])[0])
    shape.push(v.length);
  const data: number[] = [];
  let booleans = 0;
  const visit = (v: TensorLike, depth: number): void => {
    if (typeof v === 'number' || typeof v === 'boolean') {
      if (depth !== shape.length) throw raggedError(shape);
      if (typeof v === 'boolean') booleans++;
      data.push(Number(v));
      return;
    }
    if (!Array.isArray(v) && !isTyped(v))
      throw new DTypeError(`tensor: expected numbers, got ${v === null ? 'null' : typeof v}`);
    if (depth >= shape.length || v.length !== shape[depth]) throw raggedError(shape);
    for (const item of v as readonly TensorLike[]) visit(item, depth + 1);
  };
  visit(values, 0);
  return { data, shape, kind: booleans > 0 && booleans === data.length ? 'bool' : 'float32' };
}

const raggedError = (shape: Shape): ShapeError =>
  new ShapeError(
    `tensor: nested arrays must all have the same lengths; the first ones suggest shape ${showShape(shape)}`,
  );

/** Options of the creation functions. */
export interface CreateOptions {
  /** float32 by default. */
  readonly dtype?: DType;
}

/** A tensor filled with one value; it takes no memory until something needs it stored. */
export function full(shape: Shape, value: number, { dtype = 'float32' }: CreateOptions = {}): Tensor {
  expectShape('full', shape);
  expectKnownDType('full', dtype);
  return make(expandNode(scalarNode(value, dtype), shape));
}

/** Zeros. */
export const zeros = (shape: Shape, options?: CreateOptions): Tensor => full(shape, 0, options);
/** Ones. */
export const ones = (shape: Shape, options?: CreateOptions): Tensor => full(shape, 1, options);
/** Zeros of another tensor's shape and dtype. */
export const zerosLike = (x: Tensor): Tensor => full(x.shape, 0, { dtype: x.dtype });
/** Ones of another tensor's shape and dtype. */
export const onesLike = (x: Tensor): Tensor => full(x.shape, 1, { dtype: x.dtype });

/** start, start + step, ... below `end`; int32 if all three are whole numbers, else float32. `arange(n)` starts at 0. */
export function arange(start: number, end?: number, step = 1, options: CreateOptions = {}): Tensor {
  const [from, until] = end === undefined ? [0, start] : [start, end];
  if (step === 0 || !Number.isFinite((until - from) / step)) {
    throw new ShapeError(`arange: from ${from} to ${until} in steps of ${step} is not a finite sequence`);
  }
  const n = Math.max(0, Math.ceil((until - from) / step));
  const whole = [from, until, step].every(Number.isInteger);
  const dtype = options.dtype ?? (whole ? 'int32' : 'float32');
  const count = make(castNode(iotaNode(n), whole ? 'int32' : 'float32'));
  return (step === 1 ? count : count.mul(step)).add(from).to(dtype);
}

/** `count` evenly spaced values from `start` to `end`, both included. */
export function linspace(start: number, end: number, count: number): Tensor {
  if (!Number.isInteger(count) || count < 0)
    throw new ShapeError(`linspace: count must be a whole number, got ${count}`);
  const t = make(castNode(iotaNode(count), 'float32')).div(Math.max(count - 1, 1));
  return t.mul(end - start).add(start);
}

/** The identity matrix (or its first `columns` columns). */
export function eye(rows: number, columns = rows, { dtype = 'float32' }: CreateOptions = {}): Tensor {
  expectShape('eye', [rows, columns]);
  const i = make(reshapeNode(iotaNode(rows), [rows, 1]));
  return i.eq(make(iotaNode(columns))).to(dtype);
}

/**
 * Rows [..., classes] with a 1 at the place that the index names and 0 elsewhere; int32 unless told otherwise. An index
 * outside [0, classes) gives a row of zeros (PyTorch raises an error).
 */
export function oneHot(index: Tensor, classes: number, { dtype = 'int32' }: CreateOptions = {}): Tensor {
  expectShape('oneHot', [classes]);
  if (index.dtype !== 'int32' && index.dtype !== 'uint32')
    throw new DTypeError(`oneHot: indices must be int32 or uint32, got ${index.dtype}`);
  const i = make(castNode(reshapeNode(live(index, 'oneHot'), [...index.shape, 1]), 'int32'));
  return i.eq(make(iotaNode(classes))).to(dtype);
}

/**
 * Coordinates of a grid from the coordinates along its axes: n vectors of lengths d_1 ... d_n give n tensors of shape
 * [d_1, ..., d_n], views of the vectors. With `indexing: 'xy'` the first two dimensions are exchanged, as images have them.
 */
export function meshgrid(
  axes: readonly Tensor[],
  { indexing = 'ij' }: { readonly indexing?: 'ij' | 'xy' } = {},
): Tensor[] {
  const wrong = axes.find((t) => t.rank > 1);
  if (wrong) throw new ShapeError(`meshgrid: takes vectors, got shape ${showShape(wrong.shape)}`);
  const place = (k: number): number => (indexing === 'xy' && axes.length > 1 && k < 2 ? 1 - k : k);
  const shape = axes.map((_, k) => axes[place(k)]!.size);
  return axes.map((t, k) => {
    const line = reshapeNode(
      live(t, 'meshgrid'),
      shape.map((_, d) => (d === place(k) ? t.size : 1)),
    );
    return make(expandNode(line, shape));
  });
}
