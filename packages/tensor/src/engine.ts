/**
 * What packages that build on the graph itself need: nodes, scopes, traces, the scheduler and the reference device; and what packages
 * beside each other share.
 * packages/autograd differentiates through it; applications use the main entry point.
 * @packageDocumentation
 */
export { gradientMode, Node, nextNodeId, nodeObserver } from './graph/node.js';
export type { CellVersion } from './graph/node.js';
export type { PrimitiveAttrs, PrimitiveName, ProgramCall } from './graph/primitive.js';
export { sourceOf } from './graph/source.js';
export { applyNode, castNode, constantOf, expandNode, fitBuffers, make, scalarNode } from './ops/apply.js';
export { aliasNode, pin } from './ops/nodes.js';
export { correlate, imageGradient, kernelGradient } from './ops/conv/correlate.js';
export { adaptiveParts } from './ops/conv/adaptivePool2d.js';
export { paddingOf } from './ops/conv/spatial.js';
export { filterAlong, gaussianWeights, structure } from './ops/structure.js';
export type { ScanDetail } from './ops/scan.js';
export type { ScatterDetail } from './ops/indexing.js';
export type { SortDetail } from './ops/sort.js';
export { live } from './tensor.js';
export { drawTape } from './generator.js';
export type { Draw } from './generator.js';
export { isFloat } from './dtype.js';
export { sameShape, showShape, sizeOf } from './shape.js';
export { inScope, keepTensor } from './runtime/scope.js';
export { activeTrace } from './runtime/trace.js';
export type { Trace } from './runtime/trace.js';
export { leavesOf, mapTree } from './runtime/tree.js';
export { userLine } from './runtime/debug.js';
export { readNode } from './runtime/realize.js';
export { evaluateNodes, toHostArray } from './device/reference.js';
export type { HostArray } from './kernel/dispatch.js';
export { isBacked, topologicalOrder } from './schedule/fuse.js';
export { schedule } from './schedule/schedule.js';
export { jvp as jvpOf, vjp as vjpOf } from './expr/index.js';
export { build, componentsOf, evaluate, inline, literalOf, reachable } from './expr/index.js';
