import { tidy, type Tensor } from '@chiaro/tensor';
import { isFloat, make, type Node, type PrimitiveName } from '@chiaro/tensor/engine';
import { customOf } from './customCall.js';
import { jvpRules } from './rules/jvp.js';
import type { JvpRule } from './rules/rule.js';

/**
 * Forward mode: walks from the nodes that move to the outputs and gives the outputs' tangents; undefined where nothing
 * moves. The rules' tensors can be differentiated again.
 */
export function pushForward(outputs: readonly Node[], seeds: ReadonlyMap<Node, Tensor>): (Tensor | undefined)[] {
  const order = below(outputs, seeds);
  return tidy(() => {
    const tangents = new Map<Node, readonly (Tensor | undefined)[]>([...seeds].map(([n, t]) => [n, [t]]));
    for (const node of order) if (!tangents.has(node)) tangents.set(node, tangentsOf(node, tangents));
    return outputs.map((n) => tangents.get(n)?.[0]);
  }) as (Tensor | undefined)[];
}

/** Nodes between the seeds and the outputs, inputs first: nodes made later have higher numbers. */
function below(outputs: readonly Node[], seeds: ReadonlyMap<Node, Tensor>): Node[] {
  const seen = new Set<Node>();
  const oldest = Math.min(...[...seeds.keys()].map((n) => n.id));
  const pending = [...outputs];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (seen.has(node) || !node.requiresGrad || node.id < oldest) continue;
    seen.add(node);
    if (!seeds.has(node)) pending.push(...node.inputs);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

function tangentsOf(
  node: Node,
  known: ReadonlyMap<Node, readonly (Tensor | undefined)[]>,
): readonly (Tensor | undefined)[] {
  const custom = customOf(node);
  if (custom) {
    const moved = custom.primals.map((n) => known.get(n)?.[0]);
    return moved.some((t) => t) ? [custom.jvp(moved)[custom.outputs.indexOf(node)]] : [];
  }
  const { inputs } = node;
  const tangents = node.is('pick') ? (known.get(inputs[0]!) ?? []) : inputs.map((n) => known.get(n)?.[0]);
  if (!tangents.some((t) => t)) return [];
  if (!isFloat(node.dtype) && !node.is('program')) return [];
  const rule = jvpRules[node.prim] as JvpRule<PrimitiveName>;
  const given = rule({ node, inputs: inputs.map(make), output: make(node), tangents });
  return node.is('program') ? given : given.map((t) => (t && t.dtype !== node.dtype ? t.to(node.dtype) : t));
}
