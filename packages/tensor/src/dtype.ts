import { DTypeError } from './errors.js';
import type { ScalarType } from './expr/index.js';

/**
 * Element types of tensors. `float16` is a storage type: loads widen to f32, arithmetic is f32, stores round.
 * `bool` is stored as one u32 per element (0 or 1).
 */
export type DType = 'float32' | 'float16' | 'int32' | 'uint32' | 'bool';

/** What reading a tensor back gives: one typed array per dtype (`float16` widens, `bool` is 0 or 1). */
export type TypedArray = Float32Array | Int32Array | Uint32Array | Uint8Array;

/** Type of a tensor's element inside kernels' arithmetic. */
export const scalarType: Readonly<Record<DType, ScalarType>> = {
  float32: 'f32',
  float16: 'f32',
  int32: 'i32',
  uint32: 'u32',
  bool: 'bool',
};

/** Bytes of one element in a GPU buffer. */
export const bytesPerElement: Readonly<Record<DType, number>> = {
  float32: 4,
  float16: 2,
  int32: 4,
  uint32: 4,
  bool: 4,
};

/** True for dtypes that hold real numbers. */
export const isFloat = (dtype: DType): boolean => dtype === 'float32' || dtype === 'float16';

const rank: Readonly<Record<DType, number>> = { bool: 0, uint32: 1, int32: 2, float16: 3, float32: 4 };

/** The common dtype of two operands, by PyTorch's rules (bool < uint32 < int32 < float16 < float32). */
export function promote(a: DType, b: DType): DType {
  return rank[a] >= rank[b] ? a : b;
}

/**
 * The dtype of `tensor op number`: a plain number adapts to the tensor (as PyTorch's Python scalars do), so an
 * integer tensor stays an integer unless the number has a fraction.
 */
export function promoteNumber(dtype: DType, value: number): DType {
  if (isFloat(dtype)) return dtype;
  if (!Number.isInteger(value)) return 'float32';
  return dtype === 'bool' ? 'int32' : dtype;
}

/** Throws for what is not a dtype, as plain JavaScript may pass. */
export function expectKnownDType(op: string, dtype: string): void {
  if (!Object.hasOwn(bytesPerElement, dtype)) {
    throw new DTypeError(`${op}: there is no dtype ${dtype}; take one of ${Object.keys(bytesPerElement).join(', ')}`);
  }
}
