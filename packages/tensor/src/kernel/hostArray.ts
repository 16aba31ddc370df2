import type { DType } from '../dtype.js';
import type { HostArray } from '../kernel/dispatch.js';

/** Zeros in the reference device's form: float64 for real dtypes, exact integers for the others. */
export function hostArray(dtype: DType, size: number): HostArray {
  if (dtype === 'float32' || dtype === 'float16') return new Float64Array(size);
  return dtype === 'int32' ? new Int32Array(size) : new Uint32Array(size);
}
