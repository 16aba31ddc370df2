import { DTypeError } from '../../errors.js';
import type { DType } from '../../dtype.js';
import type { BufferBinding, HostArray, ProgramKernel, UniformValue } from '../../kernel/dispatch.js';
import type { Shape } from '../../shape.js';

/** Element types that matrices may have (bool converts first). */
export type MatmulDType = Exclude<DType, 'bool'>;

/** One of the nested loops that an axis consists of. */
export interface Loop {
  readonly size: number;
  /** Elements from one turn to the next. */
  readonly stride: number;
}

/** Rows and columns as nested loops, outermost first, at most three each: windows of images are such a matrix. */
export interface Nest {
  readonly rows: readonly Loop[];
  readonly cols: readonly Loop[];
}

type Pair<T> = readonly [down: T, across: T];

/**
 * Windows of images with zeros around them, of which memory holds the images alone. Row (channel, p, q) and column
 * (y, x) of the matrix is the pixel at y * stride + p * dilation - before down and likewise across, or zero where there
 * is none. Across, stride and dilation are equal: neighbouring windows share all but one of the pixels in a row.
 */
export interface Windows {
  /** Channels that one product sums over. */
  readonly channels: Loop;
  /** Rows and columns of an image; the operand's offset is its first pixel. */
  readonly pixels: Pair<Loop>;
  /** Rows and columns of a kernel. */
  readonly taps: Pair<number>;
  /** Windows down and across. */
  readonly count: Pair<number>;
  /** Zeros before the first row and column. */
  readonly before: Pair<number>;
  readonly stride: Pair<number>;
  readonly dilation: Pair<number>;
}

/** One operand of a matrix product: where its elements stand in its buffer. All numbers count elements. */
export interface MatmulOperand {
  readonly dtype: MatmulDType;
  readonly offset: number;
  /** Strides of the batch dimensions (0 broadcasts), of a row and of a column. */
  readonly strides: readonly [batch: readonly number[], row: number, col: number];
  /** Of `b` only: its rows and columns are not evenly spaced, and lie like this instead. */
  readonly nest?: Nest;
  /** Of `b` only: its rows and columns are windows of images, instead of what strides say. */
  readonly windows?: Windows;
}

/** Where the product is written; columns are always adjacent. */
export interface MatmulResult {
  readonly offset: number;
  readonly strides: readonly [batch: readonly number[], row: number];
  /** Columns fall into blocks of `size` adjacent ones, `stride` elements from one block to the next. */
  readonly blocks?: Loop;
}

/** What happens to a finished element instead of a plain store: bias, activation, extra outputs. */
export interface MatmulEpilogue {
  /** The operations that it does, for tables and messages. */
  readonly label?: string;
  /**
   * WGSL that defines `fn finish(batch: u32, row: u32, col: u32, acc: f32)` (acc is i32 or u32 for integer products)
   * and stores by itself. It is called once for every element, from one call site.
   */
  readonly code: string;
  /** Buffers of `code`; the names `a`, `b`, `c` and `partial` are taken. */
  readonly buffers: readonly BufferBinding[];
  /** Uniforms of `code`; begin their names with `e_` to stay clear of the kernel's. */
  readonly uniforms: Readonly<Record<string, UniformValue>>;
  readonly outputs: ProgramKernel['outputs'];
  /** Outputs from the product in float64 (contiguous [batch..., M, N]) and the kernel's inputs. */
  readonly reference: (product: Float64Array, inputs: readonly HostArray[]) => HostArray[];
}

/** A batched matrix product c[.., m, n] = sum over k of a[.., m, k] b[.., k, n]. */
export interface MatmulSpec {
  /** Sizes of the batch dimensions, outermost first; fewer are faster, so collapse what collapses. */
  readonly batch: Shape;
  readonly M: number;
  readonly N: number;
  readonly K: number;
  /** Input 0: [.., M, K]. */
  readonly a: MatmulOperand;
  /** Input 1: [.., K, N]. */
  readonly b: MatmulOperand;
  /** dtype of the result; by default the operands' common one. Ignored with an epilogue. */
  readonly dtype?: MatmulDType;
  /** Place of the result in its buffer; contiguous [batch..., M, N] from 0 by default. */
  readonly c?: MatmulResult;
  /** Adds to what output 0 holds instead of overwriting it (pieces of a K-split). */
  readonly accumulate?: boolean;
  /** Row and column of element (0, 0) in the whole product, for the coordinates that an epilogue sees. */
  readonly origin?: readonly [row: number, col: number];
  readonly epilogue?: MatmulEpilogue;
}

/** Scalar type that products of these operands are summed in. */
export function accumulatorType(spec: MatmulSpec): 'f32' | 'i32' | 'u32' {
  const types = [spec.a.dtype, spec.b.dtype];
  if (types.every((t) => t === 'float32' || t === 'float16')) return 'f32';
  if (types[0] !== types[1]) throw new DTypeError(`matmul takes operands of one kind, got ${types.join(' and ')}`);
  return types[0] === 'int32' ? 'i32' : 'u32';
}

/** dtype of the result. */
export function resultType(spec: MatmulSpec): MatmulDType {
  if (spec.dtype) return spec.dtype;
  if (spec.a.dtype === spec.b.dtype) return spec.a.dtype;
  return 'float32';
}

/** Strides of a contiguous [batch..., M, N] result. */
export function contiguousResult(batch: Shape, M: number, N: number): MatmulResult {
  const strides = new Array<number>(batch.length);
  let s = M * N;
  for (let i = batch.length - 1; i >= 0; i--) {
    strides[i] = s;
    s *= batch[i]!;
  }
  return { offset: 0, strides: [strides, N] };
}

/** WGSL element type of an array that holds `dtype`. */
export const elementOf: Readonly<Record<MatmulDType, string>> = {
  float32: 'f32',
  float16: 'f16',
  int32: 'i32',
  uint32: 'u32',
};
