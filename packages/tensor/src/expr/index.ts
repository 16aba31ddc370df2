/** The scalar expression language: one text, and from it WGSL, a float64 interpreter and derivatives. See parse/. */
export { Graph, Value, boundOf, externOf, inputKey, literalOf, loopOf, reachable, slotOf } from './ir.js';
export type { Bound, Extern, Loop, Op } from './ir.js';
export { bitcastNumber, convertNumber, isOp, ops } from './ops.js';
export type { OpInfo, OpName, ScalarType } from './ops.js';
export {
  componentsOf,
  elementOf,
  isScalar,
  isStruct,
  isVector,
  sameType,
  sizeOf,
  typeName,
  vectorOf,
} from './types.js';
export type { Component, StructType, ValueType, VectorType } from './types.js';
export { build, inline, inputsOf, makeFunction } from './function.js';
export type { ExprFunction, Param, Signature } from './function.js';
export { Emitter } from './emit/emitter.js';
export type { Target } from './emit/target.js';
export { laneType, wgsl, wgslTarget, wgslType } from './emit/wgsl.js';
export type { WgslOptions } from './emit/wgsl.js';
export { js } from './emit/js.js';
export { emitFunction, emitStruct, wgslHelpers } from './emit/function.js';
export type { EmittedFunction } from './emit/function.js';
export { compileToJS, evaluate } from './evaluate.js';
export { jsLibrary } from './emit/js.js';
export { expr, link } from './parse/expr.js';
export { parse } from './parse/parse.js';
export type { ExprModule, ParseOptions } from './parse/parse.js';
export { ExprError } from './parse/source.js';
export { jvp, vjp } from './derive/derive.js';
export { normal, normal2, philox, uniform01 } from './stdlib/philox.js';
export { errorInUlp, isWithin, tolerances, ulpAt } from './stdlib/tolerances.js';
export type { Tolerance } from './stdlib/tolerances.js';
