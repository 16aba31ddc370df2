export { opticalFlow } from './opticalFlow.js';
export type { OpticalFlowOptions } from './opticalFlow.js';
export type { PatchOptions } from './patchSearch.js';
export type { RefineOptions } from './refine.js';
export { consistentFlow, flowAt } from './consistentFlow.js';
export type { ConsistencyOptions } from './consistentFlow.js';
