import { DTypeError, ShapeError } from '../errors.js';
import { Node } from '../graph/node.js';
import type { ProgramCall } from '../graph/primitive.js';
import { scanKernel } from '../kernels/scan/scan.js';
import { normalizeDim, sizeOf } from '../shape.js';
import { tidy } from '../runtime/tidy.js';
import { live, type Tensor } from '../tensor.js';
import { castNode, make } from './apply.js';
import { narrow } from './movement.js';

/** What a rule of differentiation needs of a scan program. */
export interface ScanDetail {
  readonly op: 'sum' | 'prod' | 'max' | 'min';
  readonly dim: number;
  readonly reverse: boolean;
  readonly exclusive: boolean;
}

/** Variants of a cumulative operation. */
export interface ScanOptions {
  /** From the end instead of the start. */
  readonly reverse?: boolean;
  /** Element i holds the result of what lies before it, the first one the neutral value. */
  readonly exclusive?: boolean;
}

function scan(name: string, op: ScanDetail['op'], x: Tensor, dim: number, options: ScanOptions): Tensor {
  if (x.dtype === 'float16')
    throw new DTypeError(`${name}: takes float32, int32 or uint32; convert with .to('float32')`);
  const dtype = x.dtype === 'bool' ? 'int32' : x.dtype;
  const node = castNode(live(x, name), dtype);
  if (x.rank === 0) return scan(name, op, x.reshape([1]), dim, options).reshape([]);
  const d = normalizeDim(name, dim, x.rank);
  const { reverse = false, exclusive = false } = options;
  const spec = {
    op,
    outer: sizeOf(x.shape.slice(0, d)),
    length: x.shape[d]!,
    inner: sizeOf(x.shape.slice(d + 1)),
    dtype,
    reverse,
    exclusive,
  };
  const call: ProgramCall = {
    name,
    outputs: [{ shape: x.shape, dtype }],
    detail: { op, dim: d, reverse, exclusive } satisfies ScanDetail,
    build: () => scanKernel(spec),
  };
  const program = new Node('program', [node], call, [], dtype);
  return make(new Node('pick', [program], { index: 0 }, x.shape, dtype));
}

/** Running sum along a dimension. */
export const cumSum = (x: Tensor, dim: number, options: ScanOptions = {}): Tensor =>
  scan('cumSum', 'sum', x, dim, options);
/** Running product along a dimension. */
export const cumProd = (x: Tensor, dim: number, options: ScanOptions = {}): Tensor =>
  scan('cumProd', 'prod', x, dim, options);
/** Running maximum along a dimension; NaN stays from its place on. */
export const cumMax = (x: Tensor, dim: number, options: ScanOptions = {}): Tensor =>
  scan('cumMax', 'max', x, dim, options);
/** Running minimum along a dimension. */
export const cumMin = (x: Tensor, dim: number, options: ScanOptions = {}): Tensor =>
  scan('cumMin', 'min', x, dim, options);

/**
 * Differences of neighbours along a dimension, x[i + 1] - x[i], taken `times` times; the dimension gets shorter by one
 * each time, down to nothing. PyTorch's `diff`.
 * @throws DTypeError for bool; ShapeError for a tensor without dimensions.
 */
export function diff(x: Tensor, dim = -1, times = 1): Tensor {
  const d = normalizeDim('diff', dim, x.rank);
  if (!Number.isInteger(times) || times < 0)
    throw new ShapeError(`diff: can be taken a whole number of times, got ${times}`);
  return tidy(() => {
    let result = make(live(x, 'diff'));
    for (let k = 0; k < times; k++) {
      const n = Math.max(0, result.shape[d]! - 1);
      const from = Math.min(1, result.shape[d]!);
      result = narrow(result, d, from, n).sub(narrow(result, d, 0, n));
    }
    return result;
  });
}
