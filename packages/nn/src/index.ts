/**
 * @chiaro/nn: neural layers on @chiaro/autograd, readers of published weights, optimisers.
 * @packageDocumentation
 */
export * from './optim/index.js';
export * from './data/index.js';
export * from './functional/index.js';
export * from './losses/index.js';
export * from './layers/index.js';
export * from './models/index.js';
export * from './precision/index.js';
export * from './train/index.js';
export * from './io/numpy/index.js';
export * from './io/safetensors/index.js';
export * from './io/tfjs/index.js';
export * from './io/torch/index.js';
export type { Elements } from './io/elements.js';
