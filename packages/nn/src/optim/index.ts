export { Adam } from './adam.js';
export type { AdamOptions } from './adam.js';
export { Optimizer, ParameterGroup } from './optimizer.js';
export type { GroupOf, OptimizerInput, ParameterTree } from './groups.js';
