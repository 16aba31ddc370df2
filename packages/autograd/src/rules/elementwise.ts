import { full, zeros, type ExprFunction, type Tensor } from '@chiaro/tensor';
import {
  aliasNode,
  build,
  constantOf,
  evaluate,
  fitBuffers,
  gradientMode,
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

const singles = new WeakMap<ExprFunction, Map<string, Single>>();

/**
 * Takes an expression of several results apart: a derivative with respect to one input must not make the scheduler
 * compute forward values that only the others need. Kernels that hold several share what they have in common.
 * @param ones inputs that are 1 everywhere, as the gradient that a backward pass begins with.
 */
function single(fn: ExprFunction, output: number, ones: readonly number[]): Single {
  let all = singles.get(fn);
  if (!all) singles.set(fn, (all = new Map()));
  const key = `${output}: ${ones.join()}`;
  let one = all.get(key);
  if (one) return one;
  const needed = new Set(reachable([fn.outputs[output]!]));
  const given = fn.inputs.flatMap((v, k) => (needed.has(v) && !ones.includes(k) ? [k] : []));
  const params = given.map((k) => ({ name: `x${k}`, type: fn.inputs[k]!.type }));
  const alone = build(fn.name, params, fn.outputs[output]!.type, (g, ...values) => {
    const args = fn.inputs.map((v, k) => values[given.indexOf(k)] ?? g.literal(v.type, ones.includes(k) ? 1 : 0));
    return inline(g, fn, args)[output]!;
  });
  const constant = literalOf(alone.outputs[0]!);
  one = { fn: alone, used: given, constant: typeof constant === 'number' ? constant : undefined };
  all.set(key, one);
  return one;
}

/** One result of an expression on tensors of one shape. Constants are folded, and a product with ones is no kernel. */
function applied(fn: ExprFunction, output: number, inputs: readonly Tensor[], dtype: Tensor['dtype']): Tensor {
  const { shape } = inputs[0]!;
  const constants = inputs.map((x) => constantOf(x.node));
  const ones = constants.flatMap((c, k) => (c === 1 ? [k] : []));
  const { fn: alone, used, constant } = single(fn, output, ones);
  if (constant !== undefined) return full(shape, constant, { dtype });
  const known = used.flatMap((k) => constants[k] ?? []);
  if (known.length === used.length) return full(shape, evaluate(alone, known)[0]!, { dtype });
  const same = inputs[used[alone.inputs.indexOf(alone.outputs[0]!)]!];
  if (same?.dtype === dtype) return unchanged(same.node);
  const nodes = fitBuffers(used.map((k) => inputs[k]!.node));
  return make(new Node('elementwise', nodes, { fn: alone, output: 0 }, shape, dtype));
}

/** A gradient that is another tensor: one that may want gradients itself, unless this one is to be differentiated too. */
function unchanged(node: Node): Tensor {
  return make(node.requiresGrad && !gradientMode.enabled ? aliasNode(node, false) : node);
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
