import type { DType } from '../dtype.js';
import type { Shape } from '../shape.js';

/** Which buffer of a kernel: one of its inputs, outputs or scratch areas. */
export interface BufferRef {
  readonly kind: 'input' | 'output' | 'scratch';
  readonly index: number;
}

/** A storage buffer as WGSL sees it. */
export interface BufferBinding {
  /** Name of the WGSL variable. */
  readonly name: string;
  readonly ref: BufferRef;
  /** WGSL element type of the runtime-sized array: `f32`, `u32`, `vec4f`, `atomic<u32>`, ... */
  readonly element: string;
  readonly access: 'read' | 'read_write';
}

/** A value in a kernel's uniform block, read in WGSL as `u.NAME`. */
export interface UniformValue {
  readonly type: 'u32' | 'i32' | 'f32';
  readonly value: number;
  /** Set when the value is the number argument of a compiled function: its slot. */
  readonly argument?: number;
}

/**
 * One dispatch of hand-written WGSL. The engine writes the declarations (`struct Uniforms`, `var<uniform> u`, one
 * `var<storage>` per buffer) in front of `code`; sizes belong into uniforms, so that one pipeline serves all sizes.
 */
export interface Dispatch {
  readonly label: string;
  /** WGSL functions and one `@compute @workgroup_size(...) fn main`. */
  readonly code: string;
  readonly buffers: readonly BufferBinding[];
  readonly uniforms: Readonly<Record<string, UniformValue>>;
  /** Workgroups in x, y, z (each at most 65,535), or the place in a buffer where they stand. */
  readonly workgroups: readonly [number, number, number] | { readonly indirect: BufferRef; readonly offset: number };
}

/** A kernel of several dispatches with its own float64 reference. */
export interface ProgramKernel {
  readonly label: string;
  readonly outputs: readonly { readonly shape: Shape; readonly dtype: DType }[];
  readonly scratch: readonly {
    readonly bytes: number;
    /** Must hold zeros before the first dispatch. */
    readonly zero: boolean;
  }[];
  /** Outputs that must hold zeros before the first dispatch. */
  readonly zeroOutputs?: readonly number[];
  readonly dispatches: readonly Dispatch[];
  /** The same in float64 on the host: inputs in, one array per output. */
  readonly reference: (inputs: readonly HostArray[]) => HostArray[];
}

/** Host data of the reference device: float64 for real dtypes, exact integers otherwise (bool as 0 or 1). */
export type HostArray = Float64Array | Int32Array | Uint32Array;

/** A run of outer iterations (times parts) that one dispatch covers, and where its windows of the buffers start. */
export interface DispatchRange {
  readonly start: number;
  readonly count: number;
  /** First element of each buffer's window. */
  readonly windows: readonly number[];
}
