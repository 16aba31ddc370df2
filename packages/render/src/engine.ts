/** What this package takes from the layers below, by one name. */
export * from '@chiaro/autograd';
export {
  compileToJS,
  componentsOf,
  emitFunction,
  emitStruct,
  wgslTarget,
  isStruct,
  jvp as jvpOf,
  link,
  makeFunction,
  parse,
  philox,
  uniform01,
  vjp as vjpOf,
} from '@chiaro/tensor/expr';
export type { StructType, ValueType } from '@chiaro/tensor/expr';
export { filterAlong, gaussianWeights, structure } from '@chiaro/tensor/engine';
