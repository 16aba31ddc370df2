import { concat, softmax, ShapeError, tensor, where, zeros, type Tensor } from '../index.js';

/** A reproducible sequence of numbers in [0, 1). */
function numbers(seed: number): () => number {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return next;
}

/** A program: the tensors that are asked for, and a text from which a person can rebuild it. */
export interface RandomProgram {
  readonly roots: readonly Tensor[];
  readonly text: string;
}

const shapes: readonly (readonly number[])[] = [[4, 6], [6], [4, 1], [2, 3, 4], [1], [], [3, 0]];
const divisors = [1, 2, 3, 4, 6];

/**
 * Builds a random small program over elementwise operations, movement, reductions, gathers, scatters and products.
 * Programs of one seed and other `values` differ in their numbers only, so that they share kernels.
 */
export function randomProgram(seed: number, values = seed): RandomProgram {
  const random = numbers(seed);
  const randomValue = numbers(values);
  const below = (n: number): number => Math.floor(random() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const chance = (p: number): boolean => random() < p;
  const pool: Tensor[] = [];
  const lines: string[] = [];
  const add = (t: Tensor, text: string): void => {
    if (t.size > 4000) return;
    lines.push(`t${pool.length} = ${text}   [${t.shape.join(', ')}]`);
    pool.push(t);
  };
  const leaf = (): void => {
    const shape = pick(shapes);
    const size = shape.reduce((a, b) => a * b, 1);
    const elements = Float32Array.from({ length: size }, () => (Math.floor(randomValue() * 33) - 16) / 8);
    add(tensor(elements, shape), `tensor([${elements.join(', ')}])`);
  };
  const indices = (count: number, limit: number): Tensor =>
    tensor(Int32Array.from({ length: count }, () => Math.floor(randomValue() * limit)));

  const step = (): void => {
    const [i, j] = [below(pool.length), below(pool.length)];
    const [x, y] = [pool[i]!, pool[j]!];
    const { rank, shape } = x;
    const d = rank > 0 ? below(rank) : 0;
    const n = shape[d] ?? 0;
    switch (below(18)) {
      case 0:
      case 1: {
        const op = pick(['add', 'sub', 'mul', 'maximum'] as const);
        return add(x[op](y), `t${i}.${op}(t${j})`);
      }
      case 2:
      case 3: {
        const op = pick(['neg', 'abs', 'relu', 'tanh', 'square', 'sigmoid'] as const);
        return add(x[op](), `t${i}.${op}()`);
      }
      case 4: {
        const op = n > 0 ? pick(['sum', 'max', 'min', 'mean'] as const) : 'sum';
        const keep = chance(0.5);
        const dims = rank > 0 && chance(0.8) ? d : x.size > 0 ? undefined : [];
        return add(x[op](dims, keep), `t${i}.${op}(${JSON.stringify(dims)}, ${keep})`);
      }
      case 5: {
        const order = shape
          .map((_, k) => ({ k, key: random() }))
          .sort((a, b) => a.key - b.key)
          .map(({ k }) => k);
        return add(x.permute(order), `t${i}.permute([${order.join(', ')}])`);
      }
      case 6: {
        const q = pick(divisors.filter((v) => x.size % v === 0));
        const to = chance(0.5) ? [q, x.size / q] : [x.size / q, q];
        return add(x.reshape(to), `t${i}.reshape([${to.join(', ')}])`);
      }
      case 7: {
        if (rank === 0) return;
        const by = pick([1, 2, -1, -2]);
        return add(
          x.slice(...shape.map((_, k) => (k === d ? ([null, null, by] as const) : null))),
          `t${i}.slice dim ${d} step ${by}`,
        );
      }
      case 8: {
        if (rank === 0) return;
        const [before, after, value] = [below(3), below(3), chance(0.3) ? 1.5 : 0];
        return add(
          x.pad(
            shape.map((_, k) => (k === d ? [before, after] : [0, 0])),
            value,
          ),
          `t${i}.pad dim ${d} ${before} ${after} value ${value}`,
        );
      }
      case 9:
        return add(
          concat(y.rank === rank ? [x, y] : [x, x.neg()], d),
          `concat t${i} with t${j} (or its negative) dim ${d}`,
        );
      case 10: {
        if (n === 0) return;
        const at = indices(1 + below(4), n);
        return add(x.indexSelect(d, at), `t${i}.indexSelect(${d}, ${String(at.node.data)})`);
      }
      case 11:
        return n > 0 ? add(softmax(x, d), `softmax(t${i}, ${d})`) : undefined;
      case 12: {
        if (rank !== 2) return;
        const fits = y.rank === 2 && y.shape[0] === shape[1];
        return add(x.matmul(fits ? y : x.transpose()), `t${i}.matmul(${fits ? `t${j}` : `t${i} transposed`})`);
      }
      case 13:
        return add(where(x.gt(0), y, x), `where(t${i} > 0, t${j}, t${i})`);
      case 14:
        return rank > 0 ? add(x.cumSum(d), `t${i}.cumSum(${d})`) : undefined;
      case 15: {
        if (rank === 0) return;
        const to = shape.map((v, k) => (k === d && v === 1 ? 3 : v));
        return n === 1
          ? add(x.expand(to), `t${i}.expand(${d})`)
          : add(x.sum(d, true).expand(shape), `t${i}.sum(${d}) expanded`);
      }
      case 17: {
        if (n === 0) return;
        const [size, by] = [1 + below(Math.min(n, 3)), 1 + below(3)];
        return add(x.unfold(d, size, by), `t${i}.unfold(${d}, ${size}, ${by})`);
      }
      case 16: {
        if (n === 0) return;
        const at = indices(n, 3).reshape(shape.map((_, k) => (k === d ? n : 1)));
        const base = zeros(shape.map((v, k) => (k === d ? 3 : v)));
        return add(base.scatterAdd(d, at, x), `scatterAdd of t${i} dim ${d}`);
      }
    }
  };
  for (let k = 0; k < 3; k++) leaf();
  const steps = 4 + below(16);
  for (let k = 0; k < steps; k++) {
    try {
      step();
    } catch (reason) {
      if (!(reason instanceof ShapeError)) throw reason; // operands that do not broadcast: another step
    }
  }
  const asked = new Set<number>();
  for (let k = 1 + below(3); k > 0; k--) asked.add(pool.length - 1 - below(Math.min(4, pool.length)));
  lines.push(`asked for: ${[...asked].map((k) => `t${k}`).join(', ')}`);
  return { roots: [...asked].map((k) => pool[k]!), text: lines.join('\n') };
}
