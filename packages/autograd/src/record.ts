import { GradientError, zerosLike, type Tensor } from '@chiaro/tensor';
import { aliasNode, gradientMode, inScope, make, nextNodeId, type Node } from '@chiaro/tensor/engine';
import { walkBack } from './walk.js';
import { pushForward } from './forward.js';
import { variablesOf, withVariables } from './tree.js';

/**
 * A function as it ran once on stand-ins of its arguments: what the functional transforms differentiate. Transforms
 * nest: to an outer one, everything here is ordinary graph.
 */
export class Recorded<T> {
  readonly result: T;
  /** The real tensors of the result. */
  readonly outputs: readonly Tensor[];
  readonly #aliases: readonly Tensor[];
  readonly #originals: readonly Tensor[];
  readonly #first: number;

  /** @param once the graph is not used after the first `pull` or `push`: it need not be kept for others. */
  constructor(
    op: string,
    fn: (argument: never) => T,
    argument: unknown,
    variables: readonly Tensor[],
    private readonly once: boolean,
  ) {
    this.#first = nextNodeId();
    this.#originals = variables;
    this.#aliases = variables.map((v) => make(aliasNode(v.node, true)));
    const before = gradientMode.enabled;
    gradientMode.enabled = true;
    try {
      const stand = withVariables(argument, this.#aliases) as never;
      this.result = inScope<T>({ name: op, made: undefined, noReading: undefined }, () => fn(stand));
    } finally {
      gradientMode.enabled = before;
    }
    this.outputs = variablesOf(this.result);
  }

  /** Gradients of the variables from those of the outputs (zero where there is no way). */
  pull(seeds: readonly Tensor[]): Tensor[] {
    const first = nextNodeId();
    const targets = this.#aliases.map((a) => a.node);
    const set = new Set(targets);
    const through = this.outputs.flatMap((o, i) => (o.node.requiresGrad ? [[o, seeds[i]!] as const] : []));
    const { grads } = walkBack(
      through.map(([o]) => o.node),
      through.map(([, s]) => s),
      { isTarget: (n) => set.has(n), only: set, createGraph: true },
    );
    const gradients = targets.map((n, i) => grads.get(n) ?? zerosLike(this.#originals[i]!));
    return gradients.map((g) => this.#settled(g, first));
  }

  /** Tangents of the outputs from those of the variables (zero where nothing moves). */
  push(tangents: readonly Tensor[]): Tensor[] {
    const first = nextNodeId();
    const moved = pushForward(
      this.outputs.map((o) => o.node),
      new Map(this.#aliases.map((a, i) => [a.node, tangents[i]!])),
    );
    return moved.map((t, i) => this.#settled(t ?? zerosLike(this.outputs[i]!), first));
  }

  /**
   * The result as the caller gets it: it requires a gradient only if it would without the stand-ins. Ask for it last
   * when the recording is used only once.
   */
  get value(): T {
    return withVariables(
      this.result,
      this.outputs.map((o) => this.#settled(o, nextNodeId())),
    );
  }

  /** `t` with gradients flowing to what was there before the transform, and not to the stand-ins. */
  #settled(t: Tensor, since: number): Tensor {
    const madeSince = this.once ? this.#first : since;
    const memo = new Map<Node, boolean>();
    this.#aliases.forEach((a, i) => memo.set(a.node, this.#originals[i]!.node.requiresGrad));
    const requires = this.#requires(t.node, memo);
    if (t.node.requiresGrad === requires) return t;
    if (t.node.id >= madeSince) {
      // nodes of this pull: none of them is seen by anybody else
      for (const [node, yes] of memo) if (node.id >= madeSince && !yes) node.requiresGrad = false;
      return t;
    }
    return make(aliasNode(t.node, requires));
  }

  #requires(root: Node, memo: Map<Node, boolean>): boolean {
    const stack = [root];
    while (stack.length > 0) {
      const node = stack[stack.length - 1]!;
      if (memo.has(node) || !node.requiresGrad || node.leaf || node.id < this.#first) {
        if (!memo.has(node)) memo.set(node, node.requiresGrad);
        stack.pop();
        continue;
      }
      const open = node.inputs.filter((n) => !memo.has(n));
      if (open.length > 0) {
        stack.push(...open);
        continue;
      }
      memo.set(
        node,
        node.inputs.some((n) => memo.get(n)),
      );
      stack.pop();
    }
    return memo.get(root)!;
  }
}

/** The single tensor that a function must return to have a gradient. */
export function scalarResult(op: string, recorded: Recorded<unknown>): Tensor {
  const result: Tensor | undefined = recorded.result === recorded.outputs[0] ? recorded.outputs[0] : undefined;
  if (!result) throw new GradientError(`${op}: the function must return one float tensor`);
  if (result.size !== 1) {
    throw new GradientError(
      `${op}: the function returned ${result.toString()}, not one number; reduce it (sum, mean), or use vjp or jacobian`,
    );
  }
  return result;
}
