import { arange, concat, scatterAdd, where, zeros, zerosLike, type ScatterOptions, type Tensor } from '@chiaro/tensor';
import { make, type Node, type ScatterDetail } from '@chiaro/tensor/engine';

const scatter: { mode: ScatterOptions['mode'] } = { mode: 'deterministic' };

/**
 * Gradients of gathers in `fn` are added by compare-and-exchange: faster on hardware with many collisions, and rounded
 * by the order in which additions meet. Without it they are exact and the same in every run.
 *
 * @example fastScatter(() => loss.backward());
 */
export function fastScatter<T>(fn: () => T): T {
  const before = scatter.mode;
  scatter.mode = 'fast';
  try {
    return fn();
  } finally {
    scatter.mode = before;
  }
}

/** The index without the dimensions that it repeats along: scatter kernels read it with strides of zero. */
function narrowIndex(index: Node): Tensor {
  return make(index.is('expand') ? index.inputs[0]! : index);
}

/** Gradient of a gather: rows added up at the places that they came from (where the index was clamped to). */
export function gatherVjp(node: Node<'gather'>, table: Tensor, grad: Tensor): Tensor {
  const { dim } = node.attrs;
  const base = zeros(table.shape);
  if (grad.size === 0) return base.to(table.dtype);
  const index = narrowIndex(node.inputs[1]!);
  const mode = scatter.mode ?? 'deterministic';
  const result = scatterAdd(base, dim, index, grad.to('float32'), { mode, outside: 'clamp' });
  if (table.dtype !== 'float32') return result.to(table.dtype);
  scattered.set(result.node, { dim, index, grad, mode });
  return result;
}

/** The gradient of one gather, before it is added up. */
interface Scattered {
  readonly dim: number;
  readonly index: Tensor;
  readonly grad: Tensor;
  readonly mode: 'deterministic' | 'fast';
}

const scattered = new WeakMap<Node, Scattered>();

/**
 * Gradients of many gathers from one table, added up by one scatter over all their rows instead of one table-sized
 * scatter each; other contributions are left as they are.
 */
export function mergeScatters(contributions: readonly Tensor[]): Tensor[] {
  const groups = new Map<string, { result: Tensor; parts: Scattered[] }>();
  const rest: Tensor[] = [];
  for (const t of contributions) {
    const part = scattered.get(t.node);
    // the parts of a walk within a custom rule are gone with that walk; what they added up to is there
    if (!part || part.index.disposed || part.grad.disposed) rest.push(t);
    else {
      const around = (x: Tensor): string => x.shape.map((n, d) => (d === part.dim ? '*' : n)).join();
      const key = `${part.mode} ${part.dim} ${around(part.grad)} ${around(part.index)}`;
      const group = groups.get(key);
      if (group) group.parts.push(part);
      else groups.set(key, { result: t, parts: [part] });
    }
  }
  for (const { result, parts } of groups.values()) {
    const { dim, mode } = parts[0]!;
    if (parts.length === 1) rest.push(result);
    else {
      const index = concat(
        parts.map((s) => s.index),
        dim,
      );
      const grads = concat(
        parts.map((s) => s.grad),
        dim,
      );
      rest.push(scatterAdd(zeros(result.shape), dim, index, grads, { mode, outside: 'clamp' }));
    }
  }
  return rest;
}

/** Gradient of scatterAdd's source: what its places get; nothing for places outside that were skipped. */
export function scatteredFrom(
  g: Tensor,
  { dim, outside }: ScatterDetail,
  index: Tensor,
  shape: readonly number[],
): Tensor {
  const n = g.shape[dim]!;
  const at = index.expand(shape);
  if (n === 0) return zeros(shape);
  if (outside === 'clamp') return g.gather(dim, at);
  return where(at.ge(0).logicalAnd(at.lt(n)), g.gather(dim, at), 0);
}

/** Gradient of sorted values (the last dimension): each back to where it stood. */
export function unsort(g: Tensor, indices: Tensor, shape: readonly number[]): Tensor {
  const dim = shape.length - 1;
  if (indices.size === 0) return zeros(shape);
  if (indices.shape[dim] !== shape[dim]) return scatterAdd(zeros(shape), dim, indices, g);
  // a permutation: gather by its inverse
  const n = shape[dim]!;
  const inverse = scatterAdd(zerosLike(indices), dim, indices, arange(n).expand(shape));
  return g.gather(dim, inverse);
}
