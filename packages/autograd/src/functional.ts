import { eye, GradientError, ShapeError, stack, Tensor, tidy, zeros } from '@chiaro/tensor';
import { showShape, sizeOf } from '@chiaro/tensor/engine';
import { Recorded, scalarResult } from './record.js';
import { expectVariables, gradientTree, matching, variablesOf, type Gradients } from './tree.js';
import { seedOf } from './backward.js';

/** A function of trees of tensors; `fn` of the transforms. Only its first argument is differentiated. */

function record<A, R extends readonly unknown[], T>(
  op: string,
  fn: (a: A, ...rest: R) => T,
  a: A,
  rest: R,
  once = true,
): [Recorded<T>, Tensor[]] {
  const variables = variablesOf(a);
  expectVariables(op, variables);
  return [new Recorded<T>(op, (stand: A) => fn(stand, ...rest), a, variables, once), variables];
}

/**
 * A function that gives value and gradient of `fn` with respect to its first argument: a tensor, or a tree of them in
 * arrays and objects; the gradient is a tree of the same form. Inside, parameters are plain tensors.
 *
 * @example const [loss, g] = valueAndGrad((p: { w: Tensor }) => x.matmul(p.w).square().mean())({ w });
 */
export function valueAndGrad<A, R extends readonly unknown[]>(
  fn: (argument: A, ...rest: R) => Tensor,
): (argument: A, ...rest: R) => [value: Tensor, gradient: Gradients<A>] {
  return (argument, ...rest) => {
    const [recorded] = record('grad', fn, argument, rest);
    const y = scalarResult('grad', recorded);
    const gradients = recorded.pull([seedOf('grad', y, undefined)]);
    return [recorded.value, gradientTree(argument, gradients)];
  };
}

/** The gradient function of `fn` with respect to its first argument; see `valueAndGrad`. `grad(grad(f))` works. */
export function grad<A, R extends readonly unknown[]>(
  fn: (argument: A, ...rest: R) => Tensor,
): (argument: A, ...rest: R) => Gradients<A> {
  const both = valueAndGrad(fn);
  return (argument, ...rest) => both(argument, ...rest)[1];
}

/**
 * Value of `fn` at `argument`, and the function that takes gradients of the result back to the argument (as often as
 * wanted).
 */
export function vjp<A, T>(
  fn: (argument: A) => T,
  argument: A,
): [value: T, pullback: (seed: Gradients<T>) => Gradients<A>] {
  const [recorded] = record('vjp', fn, argument, [], false);
  const pullback = (seed: Gradients<T>): Gradients<A> =>
    gradientTree(argument, recorded.pull(matching('vjp', 'the seeds', seed, recorded.outputs)));
  return [recorded.value, pullback];
}

/** Value of `fn` at `argument`, and its change when the argument changes by `tangent` (forward mode). */
export function jvp<A, T>(
  fn: (argument: A) => T,
  argument: A,
  tangent: Gradients<A>,
): [value: T, change: Gradients<T>] {
  const [recorded, variables] = record('jvp', fn, argument, []);
  const moved = recorded.push(matching('jvp', 'the tangents', tangent, variables));
  return [recorded.value, gradientTree(recorded.result, moved)];
}

/** Product of the Hessian of a scalar function with a vector (a tree like the argument): forward over reverse. */
export function hvp<A>(fn: (argument: A) => Tensor, argument: A, vector: Gradients<A>): Gradients<A> {
  return jvp(grad(fn), argument, vector)[1] as Gradients<A>;
}

/** Options of `jacobian`. */
export interface JacobianOptions {
  /** `reverse` (default) costs one pass per element of the result, `forward` one per element of the argument. */
  readonly mode?: 'reverse' | 'forward';
}

/** All partial derivatives of a function from tensor to tensor, of shape [...result, ...argument]; for small cases. */
export function jacobian(fn: (x: Tensor) => Tensor, x: Tensor, { mode = 'reverse' }: JacobianOptions = {}): Tensor {
  const [recorded, [variable]] = record('jacobian', fn, x, [], false);
  const y = recorded.result;
  if (!(y instanceof Tensor) || recorded.outputs.length !== 1)
    throw new GradientError('jacobian: the function must return one float tensor');
  const shape = [...y.shape, ...x.shape];
  if (sizeOf(shape) === 0) return zeros(shape);
  const [from, rows] = mode === 'reverse' ? [y, y.size] : [variable!, x.size];
  if (rows > 4096) {
    throw new ShapeError(
      `jacobian: ${showShape(from.shape)} would take ${rows} passes; use vjp, jvp or hvp for products with it`,
    );
  }
  return tidy(() => {
    const basis = eye(rows, rows, { dtype: from.dtype });
    const unit = (k: number): Tensor => basis.select(0, k).reshape(from.shape);
    const passes = Array.from(
      { length: rows },
      (_, k) => (mode === 'reverse' ? recorded.pull([unit(k)]) : recorded.push([unit(k)]))[0]!,
    );
    return stack(
      passes.map((p) => p.flatten()),
      mode === 'reverse' ? 0 : 1,
    ).reshape(shape);
  });
}

/** All second derivatives of a scalar function, of shape [...argument, ...argument]; for small cases. */
export const hessian = (fn: (x: Tensor) => Tensor, x: Tensor): Tensor =>
  jacobian(grad(fn) as (x: Tensor) => Tensor, x, { mode: 'forward' });
