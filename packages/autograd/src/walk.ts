import { GradientError, tidy, type Tensor } from '@chiaro/tensor';
import { gradientMode, isFloat, make, type Node, type PrimitiveName } from '@chiaro/tensor/engine';
import { customOf, customVjp } from './customCall.js';
import type { VjpCall, VjpRule } from './rules/rule.js';
import { mergeScatters } from './rules/indexing.js';
import { vjpRules } from './rules/vjp.js';

/** Told which node a rule is differentiating; anomaly detection names it. */
export const differentiating: { node: Node | undefined } = { node: undefined };

/** What a walk back through the graph is for. */
export interface WalkOptions {
  /** Nodes to stop at; their gradients are the result. */
  readonly isTarget: (node: Node) => boolean;
  /** If given, only what lies between these and the outputs is looked at (default: wherever a gradient is required). */
  readonly only?: ReadonlySet<Node>;
  /** Build derivatives that can be differentiated again. */
  readonly createGraph: boolean;
  /** Called with the complete gradient of a node before it goes on; may replace it. */
  readonly arrived?: (node: Node, grad: Tensor) => Tensor;
}

/** The nodes between `outputs` and the targets, latest first; later nodes have higher numbers. */
function between(outputs: readonly Node[], { isTarget, only }: WalkOptions): Node[] {
  const seen = new Set<Node>();
  const oldest = only ? Math.min(...[...only].map((n) => n.id)) : 0;
  const pending = [...outputs];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (seen.has(node) || !node.requiresGrad || node.id < oldest) continue;
    if (node.freed) {
      throw new GradientError(
        `backward: the graph behind this tensor was freed by an earlier backward() (at ${describe(node)}); ` +
          'pass { retainGraph: true } to the first call, or compute the value again',
      );
    }
    seen.add(node);
    if (!isTarget(node)) pending.push(...node.inputs);
  }
  const order = [...seen].sort((a, b) => b.id - a.id);
  return only ? leadingTo(only, order) : order;
}

/** The nodes of a walk that depend on one of `targets`. */
function leadingTo(targets: ReadonlySet<Node>, order: readonly Node[]): Node[] {
  const leads = new Set<Node>(targets);
  for (const node of [...order].reverse()) if (node.inputs.some((n) => leads.has(n))) leads.add(node);
  return order.filter((n) => leads.has(n));
}

/** A node in words. */
export function describe(node: Node): string {
  const name = node.is('elementwise') ? node.attrs.fn.name : node.is('program') ? node.attrs.name : node.prim;
  return `${name} [${node.shape.join(', ')}]${node.site ? ` made at ${node.site}` : ''}`;
}

/** Gradients that have arrived at nodes: lists to be added up, one per result (only programs have several). */
class Arrivals {
  readonly #of = new Map<Node, Tensor[][]>();

  add(node: Node, index: number, grad: Tensor): void {
    let slots = this.#of.get(node);
    if (!slots) this.#of.set(node, (slots = []));
    (slots[index] ??= []).push(grad);
  }

  take(node: Node): (Tensor | undefined)[] | undefined {
    const slots = this.#of.get(node);
    this.#of.delete(node);
    return slots && Array.from(slots, (list: Tensor[] | undefined) => list && total(list));
  }
}

/** Terms that one kernel adds up. */
const terms = 6;

/** The sum of what has arrived. Long sums are cut where kernels would have to bind too many buffers. */
function total(contributions: readonly Tensor[]): Tensor {
  if (contributions.length === 1) return contributions[0]!;
  return mergeScatters(contributions).reduce((sum, t, i) => {
    const next = sum.add(t);
    if (i % terms === 0) next.node.pinned = true;
    return next;
  });
}

/** Results of one expression on the same inputs: differentiated together, when all their gradients are there. */
class Siblings {
  readonly #last = new Map<readonly Node[], Node>();
  readonly #grads = new Map<readonly Node[], (Tensor | undefined)[]>();

  constructor(order: readonly Node[]) {
    for (const node of order) if (node.is('elementwise')) this.#last.set(node.inputs, node);
  }

  /** Keeps the gradient of one result; gives those of all once the last has come. */
  collect(node: Node<'elementwise'>, grad: Tensor): (Tensor | undefined)[] | undefined {
    const { fn, output } = node.attrs;
    if (fn.outputs.length === 1) return [grad];
    let grads = this.#grads.get(node.inputs);
    if (!grads) this.#grads.set(node.inputs, (grads = fn.outputs.map(() => undefined)));
    grads[output] = grad;
    return undefined;
  }

  /** The gradients of all siblings, if `node` is the last of them in the walk. */
  complete(node: Node<'elementwise'>): (Tensor | undefined)[] | undefined {
    return this.#last.get(node.inputs) === node ? this.#grads.get(node.inputs) : undefined;
  }
}

/**
 * Reverse mode: walks from `outputs` back to the targets and gives their gradients. What the rules make on the way is
 * freed; the graph is left as it is.
 */
export function walkBack(
  outputs: readonly Node[],
  seeds: readonly Tensor[],
  options: WalkOptions,
): { grads: Map<Node, Tensor>; order: readonly Node[] } {
  const order = between(outputs, options);
  const before = gradientMode.enabled;
  gradientMode.enabled = options.createGraph;
  try {
    const pairs = tidy(() => gradients(order, outputs, seeds, options)) as [Node, Tensor][];
    return { grads: new Map(pairs), order };
  } finally {
    gradientMode.enabled = before;
    differentiating.node = undefined;
  }
}

function gradients(
  order: readonly Node[],
  outputs: readonly Node[],
  seeds: readonly Tensor[],
  { isTarget, arrived }: WalkOptions,
): [Node, Tensor][] {
  const arrivals = new Arrivals();
  const siblings = new Siblings(order);
  const results: [Node, Tensor][] = [];
  const relevant = new Set(order);
  outputs.forEach((node, i) => arrivals.add(node, 0, seeds[i]!));
  for (const node of order) {
    let grads = arrivals.take(node);
    differentiating.node = node;
    if (grads && arrived && !node.is('program')) grads = [arrived(node, grads[0]!)];
    if (isTarget(node)) {
      if (grads) results.push([node, grads[0]!]);
      continue;
    }
    const custom = customOf(node);
    if (custom) {
      const given = customVjp(custom, node, grads?.[0], relevant);
      given?.forEach((g, i) => g && send(arrivals, relevant, custom.primals[i]!, 0, g));
      continue;
    }
    if (node.is('elementwise') && node.attrs.fn.outputs.length > 1) {
      if (grads) siblings.collect(node, grads[0]!);
      grads = siblings.complete(node);
    }
    if (!grads) continue;
    derive(node, grads, arrivals, relevant);
  }
  return results;
}

function derive(node: Node, grads: (Tensor | undefined)[], arrivals: Arrivals, relevant: ReadonlySet<Node>): void {
  const { inputs } = node;
  if (inputs.length === 0) return;
  const rule = vjpRules[node.prim] as VjpRule<PrimitiveName>;
  const call: VjpCall<PrimitiveName> = {
    node,
    inputs: inputs.map(make),
    wants: inputs.map((n) => relevant.has(n)),
    output: make(node),
    grad: grads.find((g) => g !== undefined)!,
    grads,
  };
  const index = node.is('pick') ? node.attrs.index : 0;
  rule(call).forEach((g, i) => g && send(arrivals, relevant, inputs[i]!, index, g));
}

function send(arrivals: Arrivals, relevant: ReadonlySet<Node>, to: Node, index: number, grad: Tensor): void {
  if (!relevant.has(to) || (!isFloat(to.dtype) && !to.is('program'))) return;
  arrivals.add(to, index, grad.dtype === to.dtype || to.is('program') ? grad : grad.to(to.dtype));
}
