import { concat, gather, softmax, stack, topK, where, zeros, type Tensor } from '../index.js';
import { tensor } from '../index.js';
import { one, type Builder, type Dim, type Value } from './randomProgram.testing.js';

/** Adds one step to a program, or nothing where the values at hand do not allow it. */
export type Maker = (b: Builder) => void;
type Weighted = readonly (readonly [weight: number, maker: Maker])[];

const isReal = (v: Value): boolean => v.tensor.dtype === 'float32';
const same = (a: Dim, b: Dim): boolean => a.name === b.name;

/** Any value, rather a late one. */
function any(b: Builder, fits: (v: Value) => boolean = () => true): number | undefined {
  for (let tries = 0; tries < 8; tries++) {
    const from = b.structure.chance(0.6) ? Math.max(0, b.values.length - 5) : 0;
    const i = b.structure.int(from, b.values.length - 1);
    if (fits(b.values[i]!)) return i;
  }
  return undefined;
}

/** What two lists of dimensions broadcast to, if they do. */
function broadcast(a: readonly Dim[], b: readonly Dim[]): Dim[] | undefined {
  const out: Dim[] = [];
  for (let k = 1; k <= Math.max(a.length, b.length); k++) {
    const [x, y] = [a[a.length - k] ?? one, b[b.length - k] ?? one];
    if (!same(x, y) && !same(x, one) && !same(y, one)) return undefined;
    out.unshift(same(x, one) ? y : x);
  }
  return out;
}

const replace = (dims: readonly Dim[], d: number, by: Dim): Dim[] => dims.map((x, k) => (k === d ? by : x));

/** A step of one value. */
function unary(
  text: string,
  apply: (x: Tensor) => Tensor,
  bound: (n: number) => number,
  fits: (v: Value) => boolean = isReal,
): Maker {
  return (b) => {
    const i = any(b, fits);
    if (i === undefined) return;
    const v = b.values[i]!;
    b.add([i], v.dims, bound(v.bound), apply, text);
  };
}

/** A step of two values that broadcast. */
function binary(
  text: string,
  apply: (x: Tensor, y: Tensor) => Tensor,
  bound: (n: number, m: number) => number,
  fits: (v: Value) => boolean = (v) => v.tensor.dtype !== 'bool',
): Maker {
  return (b) => {
    const [i, j] = [any(b, fits), any(b, fits)];
    if (i === undefined || j === undefined) return;
    const [x, y] = [b.values[i]!, b.values[j]!];
    const dims = broadcast(x.dims, y.dims);
    if (dims) b.add([i, j], dims, bound(x.bound, y.bound), apply, text);
  };
}

const keep = (n: number): number => n;

/** Elementwise arithmetic, comparison, choice and conversion. */
export const elementSteps: Weighted = [
  [
    3,
    binary(
      '$0.add($1)',
      (x, y) => x.add(y),
      (n, m) => n + m,
    ),
  ],
  [
    2,
    binary(
      '$0.sub($1)',
      (x, y) => x.sub(y),
      (n, m) => n + m,
    ),
  ],
  [
    3,
    binary(
      '$0.mul($1)',
      (x, y) => x.mul(y),
      (n, m) => n * m,
    ),
  ],
  [1, binary('$0.div($1.abs().add(1))', (x, y) => x.div(y.abs().add(1)), keep)],
  [1, binary('$0.maximum($1)', (x, y) => x.maximum(y), Math.max)],
  [
    1,
    binary(
      '$0.gt($1)',
      (x, y) => x.gt(y),
      () => 1,
    ),
  ],
  [
    1,
    binary(
      '$0.logicalXor($1)',
      (x, y) => x.logicalXor(y),
      () => 1,
      (v) => v.tensor.dtype === 'bool',
    ),
  ],
  [1, unary('$0.neg()', (x) => x.neg(), keep)],
  [1, unary('$0.relu()', (x) => x.relu(), keep)],
  [
    2,
    unary(
      '$0.tanh()',
      (x) => x.tanh(),
      () => 1,
    ),
  ],
  [
    1,
    unary(
      '$0.sigmoid()',
      (x) => x.sigmoid(),
      () => 1,
    ),
  ],
  [
    1,
    unary(
      '$0.square()',
      (x) => x.square(),
      (n) => n * n,
    ),
  ],
  [
    1,
    unary(
      '$0.exp()',
      (x) => x.exp(),
      (n) => Math.exp(n),
    ),
  ],
  [
    1,
    unary(
      '$0.sin()',
      (x) => x.sin(),
      () => 1,
      (v) => isReal(v) && v.bound < 100,
    ),
  ],
  [
    1,
    unary(
      '$0.square().add(1).rsqrt()',
      (x) => x.square().add(1).rsqrt(),
      () => 1,
      (v) => v.bound < 100,
    ),
  ],
  [
    1,
    unary(
      '$0.mul(3).floor()',
      (x) => x.mul(3).floor(),
      (n) => 3 * n + 1,
    ),
  ],
  [
    1,
    unary(
      "$0.mul(2).to('int32')",
      (x) => x.mul(2).to('int32'),
      (n) => 2 * n,
    ),
  ],
  [
    1,
    unary(
      "$0.to('float32')",
      (x) => x.to('float32'),
      keep,
      (v) => !isReal(v),
    ),
  ],
  [
    1,
    unary(
      "$0.to('bool')",
      (x) => x.to('bool'),
      () => 1,
      (v) => v.tensor.dtype === 'int32',
    ),
  ],
  [
    2,
    (b) => {
      const [c, i, j] = [any(b, (v) => v.tensor.dtype !== 'float32'), any(b), any(b)];
      if (c === undefined || i === undefined || j === undefined) return;
      const [m, x, y] = [b.values[c]!, b.values[i]!, b.values[j]!];
      const dims = broadcast(x.dims, y.dims) && broadcast(m.dims, broadcast(x.dims, y.dims)!);
      if (dims)
        b.add([c, i, j], dims, Math.max(x.bound, y.bound), (mask, p, q) => where(mask, p, q), 'where($0, $1, $2)');
    },
  ],
];

/** A step of one value and one of its dimensions. */
function along(
  make: (b: Builder, i: number, v: Value, d: number) => void,
  fits: (v: Value) => boolean = () => true,
): Maker {
  return (b) => {
    const i = any(b, (v) => v.dims.length > 0 && fits(v));
    if (i !== undefined) make(b, i, b.values[i]!, b.structure.int(0, b.values[i]!.dims.length - 1));
  };
}

const at = <T>(v: Value, d: number, here: T, elsewhere: T): T[] => v.dims.map((_, k) => (k === d ? here : elsewhere));

/** Views, pad and concat. */
export const moveSteps: Weighted = [
  [
    2,
    along((b, i, v) => {
      const axes = b.structure.shuffle(v.dims.map((_, k) => k));
      b.add(
        [i],
        axes.map((a) => v.dims[a]!),
        v.bound,
        (x) => x.permute(axes),
        `$0.permute([${axes.join(', ')}])`,
      );
    }),
  ],
  [
    2,
    along((b, i, v, d) => {
      // neighbours become one dimension, or a product falls apart again
      const { parts } = v.dims[d]!;
      const next = v.dims[d + 1];
      let dims: Dim[];
      if (parts) dims = [...v.dims.slice(0, d), ...parts, ...v.dims.slice(d + 1)];
      else if (next && !same(v.dims[d]!, one) && !same(next, one)) {
        const merged = [v.dims[d]!, next].flatMap((x) => x.parts ?? [x]);
        const name = merged.map((x) => x.name).join('*');
        const size = merged.reduce((p, x) => p * x.size, 1);
        dims = [...v.dims.slice(0, d), { name, size, parts: merged }, ...v.dims.slice(d + 2)];
      } else dims = [...v.dims.slice(0, d), one, ...v.dims.slice(d)];
      const shape = dims.map((x) => x.size);
      b.add([i], dims, v.bound, (x) => x.reshape(shape), `$0.reshape([${shape.join(', ')}])`);
    }),
  ],
  [
    2,
    along((b, i, v, d) => {
      const dim = v.dims[d]!;
      if (dim.size === 0 || same(dim, one)) return;
      const [kind, step] = b.structure.pick([
        ['flip', -1],
        ['rest', 1],
        ['even', 2],
        ['back', -2],
      ] as const);
      const start = kind === 'rest' ? 1 : null;
      const size = kind === 'rest' ? dim.size - 1 : Math.ceil(dim.size / Math.abs(step));
      const name = kind === 'flip' ? dim.name : size === 1 ? '1' : `${kind}(${dim.name})`;
      const sliced: Dim = kind === 'flip' && dim.parts ? { name, size, parts: dim.parts } : { name, size };
      b.add(
        [i],
        replace(v.dims, d, sliced),
        v.bound,
        (x) => x.slice(...at(v, d, [start, null, step] as const, null)),
        `$0.slice(${at(v, d, `[${start}, null, ${step}]`, 'null').join(', ')})`,
      );
    }),
  ],
  [
    2,
    along((b, i, v, d) => {
      const dim = v.dims[d]!;
      const [before, after] = b.structure.pick([
        [1, 0],
        [0, 2],
        [1, 1],
      ] as const);
      const value = b.structure.pick([0, 0, 1]);
      const padded: Dim = { name: `(${before}+${dim.name}+${after})`, size: dim.size + before + after };
      const amounts = at<readonly [number, number]>(v, d, [before, after], [0, 0]);
      const text = `$0.pad(${JSON.stringify(amounts)}, ${value})`;
      b.add([i], replace(v.dims, d, padded), Math.max(v.bound, value), (x) => x.pad(amounts, value), text);
    }),
  ],
  [
    1,
    along((b, i, v, d) => {
      if (!same(v.dims[d]!, one)) return;
      const dims = replace(v.dims, d, b.structure.pick(b.sizes));
      const shape = dims.map((x) => x.size);
      b.add([i], dims, v.bound, (x) => x.expand(shape), `$0.expand([${shape.join(', ')}])`);
    }),
  ],
  [
    2,
    along((b, i, v, d) => {
      const fits = (w: Value): boolean =>
        w.dims.length === v.dims.length && w.dims.every((x, k) => k === d || same(x, v.dims[k]!));
      const others = Array.from({ length: b.structure.int(1, 3) }, () => any(b, fits) ?? i);
      const parts = [i, ...others];
      const name = `(${parts.map((p) => b.values[p]!.dims[d]!.name).join('|')})`;
      const size = parts.reduce((s, p) => s + b.values[p]!.dims[d]!.size, 0);
      const bound = Math.max(...parts.map((p) => b.values[p]!.bound));
      const names = parts.map((_, k) => `$${k}`).join(', ');
      b.add(parts, replace(v.dims, d, { name, size }), bound, (...xs) => concat(xs, d), `concat([${names}], ${d})`);
    }),
  ],
  [
    1,
    (b) => {
      const i = any(b);
      if (i === undefined) return;
      const v = b.values[i]!;
      const j = any(b, (w) => w.dims.length === v.dims.length && w.dims.every((x, k) => same(x, v.dims[k]!))) ?? i;
      const dims = [{ name: '2', size: 2 }, ...v.dims];
      b.add([i, j], dims, Math.max(v.bound, b.values[j]!.bound), (x, y) => stack([x, y]), 'stack([$0, $1])');
    },
  ],
];

function reduction(
  text: string,
  apply: (x: Tensor, dims: number[], keepdim: boolean) => Tensor,
  bound: (n: number, count: number) => number,
): Maker {
  return along(
    (b, i, v, d) => {
      const both = b.structure.chance(0.25) && v.dims.length > 1;
      const axes = both ? [d, (d + 1) % v.dims.length] : [d];
      const count = axes.reduce((p, a) => p * v.dims[a]!.size, 1);
      if (count === 0 && /max|min|mean/.test(text)) return;
      const keepdim = b.structure.chance();
      const dims = v.dims.flatMap((x, k) => (!axes.includes(k) ? [x] : keepdim ? [one] : []));
      b.add(
        [i],
        dims,
        bound(v.bound, count),
        (x) => apply(x, axes, keepdim),
        `$0.${text}([${axes.join(', ')}], ${keepdim})`,
      );
    },
    (v) => v.tensor.dtype !== 'bool' || /any|all|sum/.test(text),
  );
}

const real = (v: Value): boolean => isReal(v) && v.dims.every((d) => d.size > 0);

/** Reductions and what is composed of them. */
export const reduceSteps: Weighted = [
  [
    3,
    reduction(
      'sum',
      (x, d, k) => x.sum(d, k),
      (n, count) => n * Math.max(count, 1),
    ),
  ],
  [2, reduction('max', (x, d, k) => x.max(d, k), keep)],
  [1, reduction('min', (x, d, k) => x.min(d, k), keep)],
  [2, reduction('mean', (x, d, k) => x.mean(d, k), keep)],
  [
    1,
    reduction(
      'any',
      (x, d, k) => x.any(d, k),
      () => 1,
    ),
  ],
  [2, along((b, i, v, d) => b.add([i], v.dims, 1, (x) => softmax(x, d), `softmax($0, ${d})`), real)],
  [
    1,
    along((b, i, v, d) => {
      const normal = (x: Tensor): Tensor => x.sub(x.mean(d, true)).div(x.square().mean(d, true).add(1));
      b.add([i], v.dims, 2 * v.bound, normal, `$0.sub($0.mean(${d}, true)).div($0.square().mean(${d}, true).add(1))`);
    }, real),
  ],
  [
    2,
    (b) => {
      const i = any(b, (v) => v.dims.length === 2 && v.tensor.dtype !== 'bool');
      if (i === undefined) return;
      const x = b.values[i]!;
      const inner = x.dims[1]!;
      const j = any(b, (v) => v.dims.length === 2 && same(v.dims[0]!, inner) && v.tensor.dtype !== 'bool');
      const bound = (y: Value): number => x.bound * y.bound * Math.max(inner.size, 1);
      if (j !== undefined) {
        const y = b.values[j]!;
        b.add([i, j], [x.dims[0]!, y.dims[1]!], bound(y), (p, q) => p.matmul(q), '$0.matmul($1)');
      } else
        b.add([i], [x.dims[0]!, x.dims[0]!], bound(x), (p) => p.matmul(p.transpose()), '$0.matmul($0.transpose())');
    },
  ],
];

/** A tensor of indices up to a size, made of the program's numbers. */
function indices(b: Builder, shape: readonly number[], limit: number): { make: () => Tensor; text: string } {
  const outside = b.numbers.chance(0.1) ? 1 : 0;
  const list = Array.from({ length: shape.reduce((p, n) => p * n, 1) }, () =>
    b.numbers.int(-outside, limit - 1 + outside),
  );
  const make = (): Tensor => tensor(Int32Array.from(list), shape);
  return { make, text: `tensor(Int32Array.of(${list.join(', ')}), [${shape.join(', ')}])` };
}

/** Reads and writes by number, running sums and sorting. */
export const indexSteps: Weighted = [
  [
    2,
    along((b, i, v, d) => {
      if (v.dims[d]!.size === 0) return;
      const count: Dim = b.structure.chance() ? { name: 'k', size: b.numbers.int(2, 5) } : b.structure.pick(b.sizes);
      if (count.size > 100) return;
      const index = indices(b, [count.size], v.dims[d]!.size);
      b.add(
        [i],
        replace(v.dims, d, count),
        v.bound,
        (x) => x.indexSelect(d, index.make()),
        `$0.indexSelect(${d}, ${index.text})`,
      );
    }),
  ],
  [
    1,
    along((b, i, v, d) => {
      if (v.dims[d]!.size === 0 || v.tensor.size > 500) return;
      const index = indices(b, v.tensor.shape, v.dims[d]!.size);
      b.add([i], v.dims, v.bound, (x) => gather(x, d, index.make()), `gather($0, ${d}, ${index.text})`);
    }),
  ],
  [
    1,
    along((b, i, v, d) => {
      const n = v.dims[d]!;
      if (n.size === 0 || n.size > 100 || v.tensor.dtype === 'bool') return;
      const rows: Dim = { name: 'rows', size: 3 };
      const index = indices(b, [n.size], rows.size);
      const shape = replace(v.dims, d, rows).map((x) => x.size);
      const { dtype } = v.tensor;
      b.add(
        [i],
        replace(v.dims, d, rows),
        v.bound * n.size,
        (x) => zeros(shape, { dtype }).indexAdd(d, index.make(), x),
        `zeros([${shape.join(', ')}]).indexAdd(${d}, ${index.text}, $0)`,
      );
    }),
  ],
  [
    1,
    along((b, i, v, d) => b.add([i], v.dims, v.bound * v.dims[d]!.size, (x) => x.cumSum(d), `$0.cumSum(${d})`), isReal),
  ],
  [
    1,
    along((b, i, v, d) => {
      if (v.dims[d]!.size < 2) return;
      const top: Dim = { name: '2', size: 2 };
      b.add([i], replace(v.dims, d, top), v.bound, (x) => topK(x, 2, d).values, `topK($0, 2, ${d}).values`);
    }, isReal),
  ],
];
