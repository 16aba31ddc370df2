/**
 * @chiaro/autograd: derivatives of everything that @chiaro/tensor computes, which it re-exports. Reverse and forward
 * mode on the lazy graph, to any order, and open to operations of your own. See docs/guides/autograd.md.
 * @packageDocumentation
 */
import './install.js';

export * from '@chiaro/tensor';
export type { TensorGradients } from './install.js';
export type { BackwardOptions } from './backward.js';
export type { GradientHook } from './hooks.js';
export { enableGrad, noGrad } from './noGrad.js';
export { fastScatter } from './rules/indexing.js';
export { grad, hessian, hvp, jacobian, jvp, valueAndGrad, vjp } from './functional.js';
export type { JacobianOptions } from './functional.js';
export type { Gradients } from './tree.js';
export { customOp } from './custom.js';
export type { ArgumentGradients, CustomDefinition, CustomResult } from './custom.js';
export { checkpoint } from './checkpoint.js';
export { clipGradNorm, clipGradValue } from './clip.js';
export { gradcheck, gradgradcheck } from './gradcheck.js';
export type { CheckedFunction, GradcheckOptions } from './gradcheck.js';
export { GradcheckReport } from './gradcheckReport.js';
export type { GradcheckEntry } from './gradcheckReport.js';
export { detectAnomaly } from './anomaly.js';
export type { AnomalyOptions } from './anomaly.js';
