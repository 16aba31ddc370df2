import { gradientMode, inScope } from '@chiaro/tensor/engine';

function withMode<T>(name: string, enabled: boolean, fn: () => T): T {
  const before = gradientMode.enabled;
  gradientMode.enabled = enabled;
  try {
    return inScope({ name, made: undefined, noReading: undefined }, fn);
  } finally {
    gradientMode.enabled = before;
  }
}

/**
 * Runs a synchronous function whose results gradients do not flow through: optimiser updates, statistics, evaluation.
 *
 * @example noGrad(() => w.assign(w.sub(w.grad!.mul(0.1))));
 */
export const noGrad = <T>(fn: () => T extends PromiseLike<unknown> ? never : T): T => withMode<T>('noGrad', false, fn);

/** Turns gradients back on inside of `noGrad`. */
export const enableGrad = <T>(fn: () => T extends PromiseLike<unknown> ? never : T): T =>
  withMode<T>('enableGrad', true, fn);
