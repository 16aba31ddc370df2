import { GradientError, Tensor } from '@chiaro/tensor';
import { gradientMode, inScope, isFloat, leavesOf, make, mapTree, type Node } from '@chiaro/tensor/engine';
import { attach, type CustomCall } from './customCall.js';
import { checked } from './rules/program.js';

/** For each argument its derivative: a tensor where the argument is one, null (or undefined) where there is none. */
export type ArgumentGradients<A extends readonly unknown[]> = {
  readonly [K in keyof A]: A[K] extends Tensor ? Tensor | null | undefined : null | undefined;
};

/** The result of a custom operation: one tensor, or several in an array or object. */
export type CustomResult = Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>>;

/** A composition of operations with a derivative given by hand. */
export interface CustomDefinition<A extends readonly unknown[], R extends CustomResult> {
  readonly name: string;
  /** Computes the result; nothing is recorded for its derivative. */
  readonly forward: (...args: A) => R;
  /** Gradients of the arguments from those of the result. */
  readonly vjp?: (grads: R, args: A, result: R) => ArgumentGradients<A>;
  /** Tangents of the result from those of the arguments (null for arguments that do not move). */
  readonly jvp?: (tangents: ArgumentGradients<A>, args: A, result: R) => R;
}

const running = new Set<string>();

/**
 * An operation made of others, with its own derivatives: straight-through estimators, implicit functions, formulas that
 * are more stable than what differentiation gives. Without vjp and jvp it is differentiated like any composition. Both
 * rules are tensor programs and are differentiated again for higher orders.
 *
 * @example
 * const quantise = customOp({
 *   name: 'quantise',
 *   forward: (x: Tensor, levels: number) => x.mul(levels).round().div(levels),
 *   vjp: (g) => [g, null],                                     // straight through: Bengio et al. 2013
 * });
 */
export function customOp<A extends readonly unknown[], R extends CustomResult>(
  definition: CustomDefinition<A, R>,
): (...args: A) => R {
  const { name, forward, vjp, jvp } = definition;
  return (...args) => {
    if (!vjp && !jvp) return once(name, () => forward(...args));
    const inputs = args.map((a) => (a instanceof Tensor && isFloat(a.dtype) ? a : undefined));
    const primals = inputs.flatMap((t, position) => (t ? [{ position, node: t.node }] : []));
    const result = once(name, () => withoutGradients(() => forward(...args)));
    if (!gradientMode.enabled || !primals.some((p) => p.node.requiresGrad)) return result;
    const values = resultTensors(name, result);
    const rules = (outputs: readonly Node[]): Pick<CustomCall, 'vjp' | 'jvp'> => {
      const given = (): A =>
        args.map((a, i) => (inputs[i] ? make(primals.find((p) => p.position === i)!.node) : a)) as unknown as A;
      const results = (): R => refill(result, outputs.map(make));
      return {
        vjp(grads) {
          if (!vjp) throw new GradientError(`${name} has no vjp: give customOp one, or use forward mode (jvp)`);
          const all = vjp(refill(result, grads), given(), results()) as readonly (Tensor | null | undefined)[];
          if (!Array.isArray(all) || all.length !== args.length) {
            throw new GradientError(
              `the vjp of ${name} must return one gradient (or null) for each of its ${args.length} arguments`,
            );
          }
          return primals.map(({ position, node }) =>
            checked(name, 'vjp', `argument ${position}`, all[position] ?? undefined, node.shape),
          );
        },
        jvp(tangents) {
          if (!jvp) throw new GradientError(`${name} has no jvp: give customOp one, or use reverse mode (grad, vjp)`);
          const moved = args.map((_, i) => tangents[primals.findIndex((p) => p.position === i)] ?? null);
          const all = resultTensors(name, jvp(moved as unknown as ArgumentGradients<A>, given(), results()));
          return values.map((v, i) => checked(name, 'jvp', `result ${i}`, all[i], v.shape));
        },
      };
    };
    return refill(
      result,
      attach(
        name,
        values,
        primals.map((p) => p.node),
        rules,
      ),
    );
  };
}

/** Runs the forward function; one that gets to itself again would never end. */
function once<T>(name: string, fn: () => T): T {
  if (running.has(name)) throw new GradientError(`${name} is cyclic: its forward function calls the operation itself`);
  running.add(name);
  try {
    return inScope({ name, made: undefined, noReading: undefined }, fn);
  } finally {
    running.delete(name);
  }
}

function withoutGradients<T>(fn: () => T): T {
  const before = gradientMode.enabled;
  gradientMode.enabled = false;
  try {
    return fn();
  } finally {
    gradientMode.enabled = before;
  }
}

function resultTensors(name: string, result: CustomResult): Tensor[] {
  const leaves = leavesOf(result);
  if (leaves.length > 0 && leaves.every((t): t is Tensor => t instanceof Tensor)) return leaves;
  throw new GradientError(`${name} must return a tensor, or an array or object of tensors`);
}

function refill<R>(result: R, tensors: readonly Tensor[]): R {
  let at = 0;
  return mapTree(result, () => tensors[at++]!) as R;
}
