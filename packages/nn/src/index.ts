/**
 * @chiaro/nn: neural layers on @chiaro/autograd, readers of published weights, optimisers.
 * @packageDocumentation
 */
export {};
