import { zeros, type Tensor } from '@chiaro/tensor';
import { aliasNode, make, type Node } from '@chiaro/tensor/engine';

/** A part of the graph with a derivative of its own: results that point past how they were computed to the inputs. */
export interface CustomCall {
  readonly name: string;
  /** What gradients flow to. */
  readonly primals: readonly Node[];
  /** The nodes that stand for the results. */
  readonly outputs: readonly Node[];
  /** Gradients of the primals from those of all results (zeros where nothing depends on one). */
  readonly vjp: (grads: readonly Tensor[]) => readonly (Tensor | undefined)[];
  /** Tangents of all results from those of the primals. */
  readonly jvp: (tangents: readonly (Tensor | undefined)[]) => readonly (Tensor | undefined)[];
}

const calls = new WeakMap<Node, CustomCall>();

/** The custom derivative that a node has, if any. */
export const customOf = (node: Node): CustomCall | undefined => calls.get(node);

/** Gives values that were computed without gradients the derivative `rules`; they come back as new tensors. */
export function attach(
  name: string,
  values: readonly Tensor[],
  primals: readonly Node[],
  rules: (outputs: readonly Node[]) => Pick<CustomCall, 'vjp' | 'jvp'>,
): Tensor[] {
  const outputs = values.map((v) => aliasNode(v.node, true, primals));
  const call = { name, primals, outputs, ...rules(outputs) };
  for (const node of outputs) calls.set(node, call);
  return outputs.map(make);
}

const collected = new WeakMap<ReadonlySet<Node>, Map<CustomCall, (Tensor | undefined)[]>>();

/** Collects gradients of a call's results during one walk; once the last has come, gives those of its primals. */
export function customVjp(
  call: CustomCall,
  node: Node,
  grad: Tensor | undefined,
  walk: ReadonlySet<Node>,
): readonly (Tensor | undefined)[] | undefined {
  let calls = collected.get(walk);
  if (!calls) collected.set(walk, (calls = new Map()));
  let grads = calls.get(call);
  if (!grads) calls.set(call, (grads = call.outputs.map(() => undefined)));
  grads[call.outputs.indexOf(node)] = grad;
  if (call.outputs.some((o) => o.id < node.id && walk.has(o))) return undefined;
  if (grads.every((g) => g === undefined)) return undefined;
  return call.vjp(grads.map((g, i) => g ?? zeros(call.outputs[i]!.shape, { dtype: call.outputs[i]!.dtype })));
}
