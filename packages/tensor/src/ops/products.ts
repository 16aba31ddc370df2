import { ShapeError } from '../errors.js';
import { tidy } from '../runtime/tidy.js';
import { broadcastShapes, normalizeDim, showShape, sizeOf } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { matmul } from './matmul.js';
import { expand, reshape, select, stack, transpose } from './movement.js';

/** Products of all pairs of elements of two vectors: [n], [m] -> [n, m]. */
export function outer(a: Tensor, b: Tensor): Tensor {
  if (a.rank !== 1 || b.rank !== 1)
    throw new ShapeError(`outer: takes two vectors, got ${showShape(a.shape)} and ${showShape(b.shape)}`);
  return tidy(() => reshape(a, [a.size, 1]).mul(b));
}

/** Sums of products over the last dimensions: [..., k], [~~~, k] -> [..., ~~~]; a number multiplies. */
export function inner(a: Tensor, b: Tensor): Tensor {
  if (a.rank === 0 || b.rank === 0) return a.mul(b);
  const k = a.shape[a.rank - 1]!;
  if (b.shape[b.rank - 1] !== k) {
    throw new ShapeError(`inner: the last dimensions of ${showShape(a.shape)} and ${showShape(b.shape)} differ`);
  }
  const [left, right] = [a.shape.slice(0, -1), b.shape.slice(0, -1)];
  return tidy(() => {
    const rows = reshape(a, [sizeOf(left), k]);
    return reshape(matmul(rows, transpose(reshape(b, [sizeOf(right), k]))), [...left, ...right]);
  });
}

/** Cross products of vectors of three elements along `dim`; the other dimensions broadcast. */
export function cross(a: Tensor, b: Tensor, dim = -1): Tensor {
  const shape = broadcastShapes('cross', a.shape, b.shape);
  const d = normalizeDim('cross', dim, shape.length);
  const long = [a, b].every((t) => t.shape[d - shape.length + t.rank] === 3);
  if (!long) {
    throw new ShapeError(
      `cross: takes vectors of 3 elements along dimension ${dim}, got ${showShape(a.shape)} and ${showShape(b.shape)}`,
    );
  }
  return tidy(() => {
    const components = (t: Tensor): Tensor[] => [0, 1, 2].map((k) => select(expand(t, shape), d, k));
    const [u, v] = [components(a), components(b)];
    const component = (i: number, j: number): Tensor => u[i]!.mul(v[j]!).sub(u[j]!.mul(v[i]!));
    return stack([component(1, 2), component(2, 0), component(0, 1)], d);
  });
}

/** Kronecker product: every element of `a` times the whole of `b`; the sizes multiply, the shorter shape gets ones. */
export function kron(a: Tensor, b: Tensor): Tensor {
  const rank = Math.max(a.rank, b.rank);
  const full = (t: Tensor): number[] => [...new Array<number>(rank - t.rank).fill(1), ...t.shape];
  const [p, q] = [full(a), full(b)];
  const spread = (sizes: readonly number[], first: boolean): number[] =>
    sizes.flatMap((n) => (first ? [n, 1] : [1, n]));
  return tidy(() =>
    reshape(
      reshape(a, spread(p, true)).mul(reshape(b, spread(q, false))),
      p.map((n, d) => n * q[d]!),
    ),
  );
}
