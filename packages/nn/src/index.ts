/**
 * @chiaro/nn: neural layers on @chiaro/autograd, readers of published weights, optimisers.
 * @packageDocumentation
 */
export * from './optim/index.js';
export * from './layers/index.js';
export * from './io/tfjs/index.js';
