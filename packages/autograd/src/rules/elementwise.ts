import { full, zeros, type ExprFunction, type Tensor } from '@chiaro/tensor';
import {
  build,
  fitBuffers,
  inline,
  isFloat,
  jvpOf,
  literalOf,
  make,
  Node,
  reachable,
  vjpOf,
} from '@chiaro/tensor/engine';

/** One result of an expression as an expression of its own, of just the inputs that it needs. */
interface Single {
  readonly fn: ExprFunction;
  /** Numbers of those inputs. */
  readonly used: readonly number[];
  /** The value, where it does not depend on any. */
  readonly constant: number | undefined;
}

const singles = new WeakMap<ExprFunction, Map<number, Single>>();

/**
 * Takes an expression of several results apart: a derivative with respect to one input must not make the scheduler
 * compute forward values that only the others need. Kernels that hold several share what they have in common.
 */
function single(fn: ExprFunction, output: number): Single {
  let all = singles.get(fn);
  if (!all) singles.set(fn, (all = new Map()));
  let one = all.get(output);
  if (one) return one;
  const value = fn.outputs[output]!;
  const needed = new Set(reachable([value]));
  const used = fn.inputs.flatMap((v, k) => (needed.has(v) ? [k] : []));
  const constant = literalOf(value);
  const params = used.map((k) => ({ name: `x${k}`, type: fn.inputs[k]!.type }));
  const alone = build(fn.name, params, value.type, (g, ...given) => {
    const args = fn.inputs.map((v, k) => given[used.indexOf(k)] ?? g.literal(v.type, 0));
    return inline(g, fn, args)[output]!;
  });
  one = { fn: alone, used, constant: typeof constant === 'number' ? constant : undefined };
  all.set(output, one);
  return one;
}

/** One result of an expression on tensors of one shape. */
function applied(fn: ExprFunction, output: number, inputs: readonly Tensor[], dtype: Tensor['dtype']): Tensor {
  const { shape } = inputs[0]!;
  const { fn: alone, used, constant } = single(fn, output);
  if (constant !== undefined) return full(shape, constant, { dtype });
  const nodes = fitBuffers(used.map((k) => inputs[k]!.node));
  return make(new Node('elementwise', nodes, { fn: alone, output: 0 }, shape, dtype));
}

/** Results of an expression that carry gradients, by their number among all results. */
const realOutputs = (fn: ExprFunction): number[] => fn.outputs.flatMap((v, k) => (v.type === 'f32' ? [k] : []));

/**
 * Reverse rule of an expression: its own symbolic derivative, on the same inputs and the gradients of its results.
 * @param grads one per result; undefined is zero.
 */
export function elementwiseVjp(
  fn: ExprFunction,
  inputs: readonly Tensor[],
  wants: readonly boolean[],
  grads: readonly (Tensor | undefined)[],
): (Tensor | undefined)[] {
  const wrt = inputs.map((x, k) => wants[k]! && isFloat(x.dtype));
  if (!wrt.includes(true)) return inputs.map(() => undefined);
  const derived = vjpOf(fn, wrt);
  const given = [...inputs, ...realOutputs(fn).map((k) => grads[k] ?? zeros(inputs[0]!.shape))];
  let next = 0;
  return inputs.map((x, k) => (wrt[k] ? applied(derived, next++, given, x.dtype) : undefined));
}

/** Forward rule of an expression: the tangent of each result from the tangents of the inputs that move. */
export function elementwiseJvp(
  fn: ExprFunction,
  output: number,
  inputs: readonly Tensor[],
  tangents: readonly (Tensor | undefined)[],
  dtype: Tensor['dtype'],
): Tensor | undefined {
  const at = realOutputs(fn).indexOf(output);
  const wrt = tangents.map((t) => t !== undefined);
  if (at < 0 || !wrt.includes(true)) return undefined;
  return applied(jvpOf(fn, wrt), at, [...inputs, ...tangents.filter((t) => t !== undefined)], dtype);
}
