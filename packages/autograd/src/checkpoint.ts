import { GradientError, elementwise, Tensor } from '@chiaro/tensor';
import {
  build,
  drawTape,
  gradientMode,
  inScope,
  isFloat,
  leavesOf,
  make,
  mapTree,
  nextNodeId,
  type Draw,
  type Node,
} from '@chiaro/tensor/engine';
import { attach } from './customCall.js';
import { pushForward } from './forward.js';
import { walkBack } from './walk.js';

/**
 * Runs `fn` without keeping what it computes on the way: the backward pass computes that again when it gets there.
 * Memory for time: a chain of n layers in checkpoints of sqrt(n) keeps 2 sqrt(n) results instead of n (Chen et al.
 * 2016). Gradients flow to the arguments and to the parameters that `fn` captures; random numbers are the same again.
 *
 * @example const y = checkpoint((h: Tensor) => block2(block1(h)))(x);
 */
export function checkpoint<A extends readonly unknown[], R>(
  fn: (...args: A) => R extends PromiseLike<unknown> ? never : R,
): (...args: A) => R {
  return (...args) => {
    const run = (given: A): R =>
      inScope<R>({ name: 'checkpoint', made: undefined, noReading: undefined }, () => fn(...given));
    if (!gradientMode.enabled) return run(args);
    const first = nextNodeId();
    const draws: Draw[] = [];
    const result = withTape({ recorded: draws, replayed: undefined }, () => run(args));
    const outputs = tensorsOf(result).filter((t) => t.node.requiresGrad);
    if (outputs.length === 0) return result;
    const given = new Set(
      tensorsOf(args)
        .filter((t) => isFloat(t.dtype))
        .map((t) => t.node),
    );
    const { inside, entries } = explore(
      outputs.map((o) => o.node),
      first,
      given,
    );
    for (const node of inside) node.requiresGrad = false;
    const primals = [...new Set([...given, ...entries])].filter((n) => n.requiresGrad);
    const again = (after: Tensor): { outputs: Node[]; targets: Node[] } => recompute(run, args, primals, draws, after);
    const attached = attach('checkpoint', outputs, primals, () => ({
      vjp(grads) {
        const { outputs: roots, targets } = again(grads[0]!);
        const set = new Set(targets);
        const { grads: found } = walkBack(roots, grads, {
          isTarget: (n) => set.has(n),
          only: set,
          createGraph: gradientMode.enabled,
        });
        if (!gradientMode.enabled) for (const n of reached(roots, targets)) n.requiresGrad = false;
        return targets.map((n) => found.get(n));
      },
      jvp(tangents) {
        const some = tangents.find((t) => t !== undefined)!;
        const { outputs: roots, targets } = again(some);
        return pushForward(roots, new Map(targets.flatMap((n, i) => (tangents[i] ? [[n, tangents[i]] as const] : []))));
      },
    }));
    const replaced = new Map(outputs.map((o, i) => [o, attached[i]!]));
    return mapTree(result, (leaf) => replaced.get(leaf as Tensor) ?? leaf) as R;
  };
}

const tensorsOf = (tree: unknown): Tensor[] => leavesOf(tree).filter((t): t is Tensor => t instanceof Tensor);

function withTape<T>(tape: { recorded: Draw[] | undefined; replayed: Draw[] | undefined }, fn: () => T): T {
  const before = { ...drawTape };
  Object.assign(drawTape, tape);
  try {
    return fn();
  } finally {
    Object.assign(drawTape, before);
  }
}

/** Nodes that the function made and that gradients flow through, and those from outside where they come in. */
function explore(
  outputs: readonly Node[],
  first: number,
  given: ReadonlySet<Node>,
): { inside: Node[]; entries: Node[] } {
  const seen = new Set<Node>();
  const entries: Node[] = [];
  const pending = [...outputs];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (seen.has(node) || !node.requiresGrad) continue;
    seen.add(node);
    if (node.id < first || node.leaf || given.has(node)) entries.push(node);
    else pending.push(...node.inputs);
  }
  return { inside: [...seen].filter((n) => !entries.includes(n)), entries };
}

/** Nodes between roots and targets. */
function reached(roots: readonly Node[], targets: readonly Node[]): Node[] {
  const stop = new Set(targets);
  const oldest = Math.min(...targets.map((n) => n.id));
  const seen = new Set<Node>();
  const pending = [...roots];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (seen.has(node) || stop.has(node) || node.leaf || node.id < oldest || !node.requiresGrad) continue;
    seen.add(node);
    pending.push(...node.inputs);
  }
  return [...seen];
}

const afterFn = build(
  'after',
  [
    { name: 'x', type: 'f32' },
    { name: 'gradient', type: 'f32' },
  ],
  'f32',
  (_, x) => x!,
);

/** The same elements, computed no earlier than `event`: keeps the scheduler from recomputing everything at once. */
function after(x: Tensor, event: Tensor): Tensor {
  if (event.size === 0 || x.dtype !== 'float32') return x;
  const one = event.flatten().narrow(0, 0, 1).reshape([]);
  return elementwise(afterFn, x, one.detach().to('float32'));
}

/** Runs the function a second time on arguments that become available together with a gradient. */
function recompute<A extends readonly unknown[], R>(
  run: (args: A) => R,
  args: A,
  primals: readonly Node[],
  draws: readonly Draw[],
  event: Tensor,
): { outputs: Node[]; targets: Node[] } {
  const before = gradientMode.enabled;
  gradientMode.enabled = true;
  try {
    const stands = new Map<Node, Tensor>();
    const delayed = mapTree(args, (leaf) => {
      if (!(leaf instanceof Tensor) || !isFloat(leaf.dtype)) return leaf;
      let stand = stands.get(leaf.node);
      if (!stand) stands.set(leaf.node, (stand = after(make(leaf.node), event)));
      return stand;
    }) as unknown as A;
    const first = nextNodeId();
    const result = withTape({ recorded: undefined, replayed: [...draws] }, () => run(delayed));
    const outputs = tensorsOf(result)
      .filter((t) => t.node.requiresGrad)
      .map((t) => t.node);
    const targets = primals.map((p) => stands.get(p)?.node ?? p);
    const { entries } = explore(outputs, first, new Set(targets));
    const missing = primals.find((p) => p.leaf && p.version && !stands.has(p) && !entries.includes(p));
    if (missing) {
      throw new GradientError(
        'checkpoint: a parameter that the function uses has been assigned since it ran, so it cannot be computed again; call backward before assign',
      );
    }
    return { outputs, targets };
  } finally {
    gradientMode.enabled = before;
  }
}
