import type { ExprFunction, Tensor } from '@chiaro/tensor';
import { fitBuffers, isFloat, jvpOf, make, Node, vjpOf } from '@chiaro/tensor/engine';
import { zeros } from '@chiaro/tensor';

/** One node per scalar result of an expression, over inputs of one shape. */
function applied(fn: ExprFunction, inputs: readonly Tensor[], dtypes: readonly Tensor['dtype'][]): Tensor[] {
  const nodes = fitBuffers(inputs.map((t) => t.node));
  const { shape } = inputs[0]!;
  return dtypes.map((dtype, output) => make(new Node('elementwise', nodes, { fn, output }, shape, dtype)));
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
  const marked = inputs.filter((_, k) => wrt[k]);
  if (marked.length === 0) return inputs.map(() => undefined);
  const { shape } = inputs[0]!;
  const seeds = realOutputs(fn).map((k) => grads[k] ?? zeros(shape));
  const results = applied(vjpOf(fn, wrt), [...inputs, ...seeds], marked.map((x) => x.dtype));
  return wrt.map((yes) => (yes ? results.shift() : undefined));
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
  const derived = jvpOf(fn, wrt);
  const nodes = fitBuffers([...inputs, ...tangents.filter((t) => t !== undefined)].map((t) => t.node));
  return make(new Node('elementwise', nodes, { fn: derived, output: at }, inputs[0]!.shape, dtype));
}
