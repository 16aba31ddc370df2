import { evaluateNodes, isFloat, make, Node, toHostArray, type HostArray } from '@chiaro/tensor/engine';
import { Draw, Input, type Argument, type Operation } from '../../tensor/src/ops/table/index.js';
import * as library from './index.js';
import type { Tensor } from './index.js';

/** Numbers from a seed, in [-1, 1). */
export function noise(seed: number): () => number {
  const draw = new Draw(seed);
  return () => 2 * draw.next() - 1;
}

/** One sample of an operation as a function of its real inputs, which stand in the graph as leaves. */
export interface Case {
  readonly name: string;
  readonly seed: number;
  readonly variables: readonly Tensor[];
  /** Elements of the leaves. */
  readonly values: Map<Node, HostArray>;
  /** The real results, from the variables. */
  readonly call: (variables: readonly Tensor[]) => Tensor[];
}

/** A sample of an operation's gradient claim; elements are moved a little, off ties and kinks. */
export function caseOf(operation: Operation, seed: number, views = 0.5): Case {
  if (operation.gradient === false) throw new Error(`${operation.name} claims no gradient`);
  const { inputs, sample = operation.sample } = operation.gradient;
  const args = sample(new Draw(seed, { views, empty: 0.1 }));
  const random = noise(seed ^ 0x5bd1e995);
  const values = new Map<Node, HostArray>();
  const variables: Tensor[] = [];
  const places: ((given: readonly Tensor[]) => unknown)[] = args.map((arg, position) => {
    const leaf = (input: Input): ((given: readonly Tensor[]) => Tensor) => {
      const real = isFloat(input.value.dtype) && inputs.includes(position);
      const moves = real ? apart(input.base.data.length, random) : undefined;
      const data = Float32Array.from(input.base.data, (v, i) => v + (moves ? 3e-3 * moves[i]! : 0));
      const node = new Node('data', [], {}, [...input.base.shape], input.base.dtype);
      node.data = input.base.dtype === 'float32' ? data : typed(input.base.data, input.base.dtype);
      const tensor = make(node);
      values.set(node, toHostArray(node.data, input.base.dtype));
      if (!real) return () => input.view(tensor);
      const at = variables.push(tensor) - 1;
      return (given) => input.view(given[at]!);
    };
    if (arg instanceof Input) return leaf(arg);
    if (isInputs(arg)) {
      const leaves = arg.map(leaf);
      return (given) => leaves.map((l) => l(given));
    }
    return () => arg;
  });
  const call = (given: readonly Tensor[]): Tensor[] => {
    const fn = (library as unknown as Record<string, (...a: unknown[]) => unknown>)[operation.name]!;
    const result = fn(...places.map((p) => p(given)));
    const all = result instanceof library.Tensor ? [result] : (Object.values(result as object) as Tensor[]);
    return all.filter((t) => isFloat(t.dtype));
  };
  return { name: operation.name, seed, variables, values, call };
}

/**
 * As many numbers within (-1, 1), in random order and each in a cell of its own: those of a pure draw may be equal once they
 * are float32, a tie again.
 */
function apart(count: number, random: () => number): number[] {
  const places = Array.from({ length: count }, (_, k) => [random(), (2 * k + 1 + 0.8 * random()) / count - 1] as const);
  return places.sort(([a], [b]) => a - b).map(([, place]) => place);
}

const isInputs = (a: Argument): a is readonly Input[] =>
  Array.isArray(a) && a.length > 0 && a.every((v) => v instanceof Input);

function typed(data: Float64Array, dtype: Tensor['dtype']): library.TypedArray {
  if (dtype === 'int32') return Int32Array.from(data);
  if (dtype === 'uint32') return Uint32Array.from(data);
  return dtype === 'bool' ? Uint8Array.from(data) : Float32Array.from(data);
}

/** A leaf of random numbers like another tensor, entered into `values`. */
export function randomLike(t: Tensor, random: () => number, values: Map<Node, HostArray>): Tensor {
  const data = Float32Array.from({ length: t.size }, random);
  const node = new Node('data', [], {}, t.shape, t.dtype);
  node.data = data;
  values.set(node, toHostArray(data, 'float32'));
  return make(node);
}

/** Sum of the products of the elements of lists of tensors. */
export const inner = (a: readonly Tensor[], b: readonly Tensor[]): Tensor =>
  a.map((t, i) => t.mul(b[i]!).sum()).reduce((s, t) => s.add(t), library.tensor(0));

/** Elements of tensors in float64, from the elements of the leaves (`moved` replaces some). */
export function evaluate(
  tensors: readonly Tensor[],
  values: ReadonlyMap<Node, HostArray>,
  moved?: ReadonlyMap<Node, HostArray>,
): HostArray[] {
  const leaf = (n: Node): HostArray => moved?.get(n) ?? values.get(n) ?? toHostArray(n.data!, n.dtype);
  return evaluateNodes(
    tensors.map((t) => t.node),
    leaf,
  );
}

/** Sum of products on the host. */
export const dot = (a: readonly HostArray[], b: readonly HostArray[]): number => {
  let sum = 0;
  a.forEach((list, k) => {
    for (let i = 0; i < list.length; i++) sum += list[i]! * b[k]![i]!;
  });
  return sum;
};

/** Leaves moved by h in a direction. */
export function moveBy(
  h: number,
  variables: readonly Tensor[],
  by: readonly HostArray[],
  values: ReadonlyMap<Node, HostArray>,
): Map<Node, HostArray> {
  return new Map(variables.map((v, k) => [v.node, values.get(v.node)!.map((x, i) => x + h * by[k]![i]!)]));
}
