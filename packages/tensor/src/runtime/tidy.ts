import { Tensor } from '../tensor.js';
import { inScope, noteTensor, tensorsOf } from './scope.js';

const isTensor = (value: unknown): value is Tensor => value instanceof Tensor;

/**
 * Runs a synchronous function and disposes of every tensor it made, except those it returns (alone, or in arrays and
 * objects). A function that returns a promise is refused.
 *
 * @example
 * const normalised = tidy(() => x.sub(x.mean()).div(x.sub(x.mean()).square().mean().sqrt()));
 */
export function tidy<T>(fn: () => T extends PromiseLike<unknown> ? never : T): T {
  const made = new Set<Tensor>();
  const result = inScope<T>({ name: 'tidy', made, noReading: undefined }, fn);
  const kept = new Set(tensorsOf(result, isTensor));
  for (const t of made) {
    if (kept.has(t))
      noteTensor(t); // an enclosing scope frees it, unless it returns it too
    else t.dispose();
  }
  return result;
}
