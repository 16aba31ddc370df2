/**
 * @chiaro/tensor: lazy, fusing tensors on WebGPU. Operations only describe; the scheduler turns what is asked for into
 * few kernels. See docs/guides/tensors.md.
 * @packageDocumentation
 */
import './ops/methods.js';

export { Tensor } from './tensor.js';
export type { NestedArray } from './tensor.js';
export type { TensorMethods } from './ops/methods.js';
export type { DType, TypedArray } from './dtype.js';
export type { Shape } from './shape.js';
export * from './errors.js';
export { elementwise } from './ops/apply.js';
export type { Operand } from './ops/apply.js';
export * from './ops/create.js';
export * from './ops/math.js';
export * from './ops/twoNumbers.js';
export * from './ops/notNumbers.js';
export * from './ops/movement.js';
export * from './ops/reduce.js';
export * from './ops/conv/index.js';
export * from './ops/statistics.js';
export * from './ops/distance.js';
export * from './ops/indexing.js';
export * from './ops/scatter.js';
export * from './ops/compact.js';
export * from './ops/count.js';
export * from './ops/search.js';
export * from './ops/segment.js';
export * from './ops/split.js';
export * from './ops/matrixParts.js';
export * from './ops/matmul.js';
export * from './ops/products.js';
export * from './ops/einsum.js';
export * from './ops/linalg/index.js';
export * from './ops/scan.js';
export * from './ops/recurrence.js';
export * from './ops/sort.js';
export * from './ops/random.js';
export { Cell, Parameter } from './cell.js';
export { defaultGenerator, Generator, manualSeed } from './generator.js';
export type { GeneratorState } from './generator.js';
export { tidy } from './runtime/tidy.js';
export { compile } from './runtime/compile.js';
export type { Compiled, CompileOptions } from './runtime/compile.js';
export { expr } from './expr/index.js';
export type { ExprFunction } from './expr/index.js';
export { idle, realize } from './runtime/realize.js';
export { Series, clearTracked, track, tracked } from './runtime/track.js';
export type { CacheStore } from './host/host.js';
export { autotune } from './runtime/autotune.js';
export type { AutotuneOptions, TunedKernel, TuningCandidate, TuningReport } from './runtime/autotune.js';
export { deviceInfo, memory, profile } from './runtime/profile.js';
export type { KernelRecord, MemoryReport, Profile } from './runtime/profile.js';
export { loadState, saveState } from './runtime/state.js';
export type { SavedCell, SavedState } from './runtime/state.js';
export { printGraph } from './graph/print.js';
export { referenceData } from './runtime/reference.js';
export { releaseDevice } from './runtime/devices.js';
export { defineProgram } from './program/define.js';
export type {
  AnyProgram,
  DispatchSpec,
  HostTensor,
  OutputSpec,
  ProgramDefinition,
  ProgramDetail,
  ScratchSpec,
} from './program/define.js';
export type { OptionTypes } from './program/options.js';
export type { ElementName } from './program/declaration.js';
export type { AccumulateMode } from './program/accumulate.js';
export type { HostArray } from './kernel/dispatch.js';
export { wgsl } from './wgsl/link.js';
export type { WgslModule } from './wgsl/link.js';
