import type { DType } from '../dtype.js';
import type { Graph, Value } from '../expr/index.js';
import type { ReduceOp } from '../graph/primitive.js';
import type { BufferId } from './buffer.js';
import type { Atom, Form } from './space.js';

/** A read of a buffer at form + clamp(dynamic, 0, extent - 1) * stride; `dynamic` is the load's argument, if any. */
export interface LoadSite {
  readonly kind: 'load';
  readonly buffer: BufferId;
  readonly form: Form;
  readonly dynamic: { readonly stride: number; readonly extent: number } | undefined;
}

/** An affine form of the loops used as an i32 value: arange, the conditions of pad. */
export interface FormSite {
  readonly kind: 'form';
  readonly form: Form;
}

/** A number from the uniform block. */
export interface ScalarSite {
  readonly kind: 'scalar';
  /** Index into the kernel's scalars. */
  readonly scalar: number;
}

/** What an extern value of a kernel's graph stands for. */
export type Site = LoadSite | FormSite | ScalarSite;

/** A write of one element. */
export interface StoreSite {
  readonly buffer: BufferId;
  readonly form: Form;
  readonly value: Value;
}

/** One accumulator over the inner loops. */
export interface Reduction {
  readonly op: ReduceOp;
  /** What is folded, per inner iteration. */
  readonly value: Value;
  /** The folded value, an input of the graph that later stages and stores may use. */
  readonly result: Value;
}

/** A buffer that a kernel binds. */
export interface KernelBuffer {
  readonly id: BufferId;
  readonly dtype: DType;
  readonly access: 'read' | 'read_write';
}

/** A number that stands in the uniform block; arguments of compiled functions are patched at every call. */
export interface KernelScalar {
  readonly dtype: DType;
  readonly value: number;
  /** Slot of a compiled function's number argument. */
  readonly argument: number | undefined;
}

/**
 * A fused kernel: for every outer index, run the stages (each a pass over the inner loops that folds its reductions),
 * then a last pass over the inner loops for the inner stores, then the outer stores. Without inner loops it is a map.
 * It is the same for every device: kernel/emit.ts writes it as WGSL, kernel/interpret.ts runs it in float64.
 */
export interface FusedKernel {
  readonly kind: 'fused';
  readonly label: string;
  readonly graph: Graph;
  readonly outer: readonly Atom[];
  readonly inner: readonly Atom[];
  /** What is bound, in order. */
  readonly buffers: readonly KernelBuffer[];
  readonly scalars: readonly KernelScalar[];
  readonly stages: readonly (readonly Reduction[])[];
  readonly innerStores: readonly StoreSite[];
  readonly outerStores: readonly StoreSite[];
  /**
   * When larger than 1, the inner loops are cut into this many parts, each an invocation of its own; the one stage's
   * results go to partial buffers (one per reduction: `partials`) at part * rows + row, and a second kernel folds them.
   */
  readonly parts: number;
  /** In the epilogue of a matmul: the value that stands for the product's element at the outer index. */
  readonly accumulator: Value | undefined;
  readonly partials: readonly BufferId[];
}
