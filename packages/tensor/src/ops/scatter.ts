import { isFloat } from '../dtype.js';
import { DTypeError, ShapeError } from '../errors.js';
import { orderedKeyCode } from '../kernels/sort/sort.wgsl.js';
import type { ElementName } from '../program/declaration.js';
import { defineProgram } from '../program/define.js';
import { tidy } from '../runtime/tidy.js';
import { broadcastShapes, normalizeDim, sameShape, showShape, sizeOf, type Shape } from '../shape.js';
import { Tensor } from '../tensor.js';
import { wgsl } from '../wgsl/link.js';
import type { Operand } from './apply.js';
import { arange, full, ones, zeros } from './create.js';
import { gather, indexAdd, scatterAdd } from './indexing.js';
import { where } from './math.js';
import { concat, narrow, pad, slice, type SliceRange } from './movement.js';
import { linearRecurrence } from './recurrence.js';
import { cumSum } from './scan.js';
import { sort } from './sort.js';

/** WGSL between elements and unsigned keys of which the largest wins: NaN above all, whichever extreme is asked for. */
const keyCode: Readonly<Record<ElementName, string>> = {
  f32: `${orderedKeyCode.f32}
    fn keyOf(bits: u32, smallest: u32) -> u32 { let k = orderedKey(bits); return select(k, ~k, smallest == 1u && k != 0xffffffffu); }
    fn bitsOf(key: u32, smallest: u32) -> u32 {
      if (key == 0xffffffffu) { return 0x7fc00000u; }
      let k = select(key, ~key, smallest == 1u);
      return select(~k, k ^ 0x80000000u, k >= 0x80000000u);
    }`,
  i32: `fn keyOf(bits: u32, smallest: u32) -> u32 { let k = bits ^ 0x80000000u; return select(k, ~k, smallest == 1u); }
    fn bitsOf(key: u32, smallest: u32) -> u32 { return select(key, ~key, smallest == 1u) ^ 0x80000000u; }`,
  u32: `fn keyOf(bits: u32, smallest: u32) -> u32 { return select(bits, ~bits, smallest == 1u); }
    fn bitsOf(key: u32, smallest: u32) -> u32 { return select(key, ~key, smallest == 1u); }`,
};

/** The largest (smallest) of an element and all that is scattered to it, along the middle of three dimensions. */
const extremeProgram = (element: ElementName) => {
  const program = defineProgram({
    name: 'scatterReduce',
    inputs: { base: `${element}[O, N, I]`, index: 'i32[O, M, I]', source: `${element}[O, M, I]` },
    options: { smallest: 'u32' },
    outputs: ({ base }) => ({ result: { dtype: element, shape: base.shape } }),
    scratch: ({ O, N, I }) => ({ keys: { element: 'atomic<u32>', length: O! * N! * I! } }),
    dispatches: ({ O, N, M, I }) => [
      {
        items: O! * N! * I!,
        code: wgsl`${keyCode[element]}
        fn item(i: u32) { atomicStore(&keys[i], keyOf(bitcast<u32>(base[i]), u.smallest)); }`,
      },
      {
        items: O! * M! * I!,
        code: wgsl`${keyCode[element]}
        fn item(i: u32) {
          let to = index[i];
          if (to < 0 || to >= i32(N)) { return; }
          let at = (i / (M * I) * N + u32(to)) * I + i % I;
          atomicMax(&keys[at], keyOf(bitcast<u32>(source[i]), u.smallest));
        }`,
      },
      {
        items: O! * N! * I!,
        code: wgsl`${keyCode[element]}
        fn item(i: u32) { result[i] = bitcast<${element}>(bitsOf(atomicLoad(&keys[i]), u.smallest)); }`,
      },
    ],
    reference: ({ base, index, source }, { smallest }) => {
      const fold = smallest === 1 ? Math.min : Math.max; // NaN wins in both
      const result = base.data.slice();
      const [, N, I] = base.shape as [number, number, number];
      const M = index.shape[1]!;
      index.data.forEach((to, i) => {
        if (to < 0 || to >= N) return;
        const at = (Math.floor(i / (M * I)) * N + to) * I + (i % I);
        result[at] = fold(result[at]!, source.data[i]!);
      });
      return { result };
    },
    // shared evenly between all that equal the result, as PyTorch's scatter_reduce
    vjp: ({ gradResult }, { base, index, source }, _, { result }) => {
      const { kept, come, count } = ties(base, index, source, result);
      const share = gradResult.div(count);
      return { base: where(kept, share, 0), source: where(come, gather(share, 1, index), 0) };
    },
    jvp: ({ tangentBase, tangentSource }, { base, index, source }, options): { result: Tensor } => {
      const { result } = program({ base, index, source }, options);
      const { kept, come, count } = ties(base, index, source, result);
      const moved = scatterAdd(where(kept, tangentBase, 0), 1, index, where(come, tangentSource, 0));
      return { result: moved.div(count) };
    },
  });
  return program;
};

/** Which elements of base and source equal the result, and how many do at each place (at least 1). */
function ties(base: Tensor, index: Tensor, source: Tensor, result: Tensor) {
  const inside = index.ge(0).logicalAnd(index.lt(base.shape[1]!));
  const kept = base.eq(result);
  const come = source.eq(gather(result, 1, index)).logicalAnd(inside);
  return { kept, come, count: scatterAdd(kept.to('float32'), 1, index, come.to('float32')).maximum(1) };
}

const extremes = { f32: extremeProgram('f32'), i32: extremeProgram('i32'), u32: extremeProgram('u32') };

/** The operands of a scatter: part of x as large as the source outside of the dimension, index and source in full. */
interface Placed {
  readonly d: number;
  readonly region: Tensor;
  readonly index: Tensor;
  readonly source: Tensor;
  readonly shape: Shape;
}

function placed(op: string, x: Tensor, dim: number, index: Tensor, source: Tensor): Placed {
  const d = normalizeDim(op, dim, x.rank);
  if (index.dtype !== 'int32' && index.dtype !== 'uint32')
    throw new DTypeError(`${op}: indices must be int32 or uint32, got ${index.dtype}`);
  const shape = broadcastShapes(op, index.shape, source.shape);
  if (shape.length !== x.rank || shape.some((n, k) => k !== d && n > x.shape[k]!)) {
    throw new ShapeError(
      `${op}: a source of shape ${showShape(shape)} does not fit into ${showShape(x.shape)} outside of dimension ${dim}`,
    );
  }
  const region = slice(x, ...shape.map((n, k): SliceRange => (k === d ? null : [0, n])));
  return { d, region, index: index.to('int32').expand(shape), source: source.to(x.dtype).expand(shape), shape };
}

/** x with its first corner replaced. */
function paste(x: Tensor, part: Tensor): Tensor {
  if (sameShape(part.shape, x.shape)) return part;
  const around = x.shape.map((n, k): [number, number] => [0, n - part.shape[k]!]);
  return where(pad(ones(part.shape, { dtype: 'bool' }), around), pad(part, around), x);
}

/** The largest (smallest) of each element of the region and what is scattered to it. */
function extreme(region: Tensor, d: number, index: Tensor, source: Tensor, smallest: boolean): Tensor {
  const { shape, dtype } = region;
  const rows = (n: number): number[] => [sizeOf(shape.slice(0, d)), n, sizeOf(shape.slice(d + 1))];
  const element = isFloat(dtype) ? 'f32' : dtype === 'uint32' ? 'u32' : 'i32';
  const flat = (t: Tensor): Tensor => t.reshape(rows(t.shape[d]!));
  const given = { base: flat(region), index: flat(index), source: flat(source) };
  return extremes[element](given, { smallest: smallest ? 1 : 0 })
    .result.reshape(shape)
    .to(dtype);
}

/** How many source elements go to each place of the region: int32. */
const arrivals = (region: Tensor, d: number, index: Tensor): Tensor =>
  scatterAdd(zeros(region.shape, { dtype: 'int32' }), d, index, ones(index.shape, { dtype: 'int32' }));

/**
 * x with elements of `source` written to places given by number: out[c with c[dim] = index[c]] = source[c]. Index and
 * source broadcast to one shape; indices outside [0, size) are skipped. Where several meet, the last one along `dim` stays
 * (PyTorch leaves that open), and the gradient goes to it.
 */
export function scatter(x: Tensor, dim: number, index: Tensor, source: Operand): Tensor {
  const from = source instanceof Tensor ? source : full(index.shape, source, { dtype: x.dtype });
  return tidy(() => {
    const { d, region, index: at, source: values, shape } = placed('scatter', x, dim, index, from);
    if (sizeOf(shape) === 0 || region.size === 0) return x.to(x.dtype);
    const number = arange(1, shape[d]! + 1)
      .reshape(shape.map((_, k) => (k === d ? -1 : 1)))
      .expand(shape);
    const last = extreme(zeros(region.shape, { dtype: 'int32' }), d, at, number, false);
    return paste(x, where(last.gt(0), gather(values, d, last.sub(1)), region));
  });
}

/** How `scatterReduce` joins what meets in one place. */
export type ScatterReduction = 'sum' | 'prod' | 'mean' | 'amax' | 'amin';

/**
 * x with elements of `source` joined to places given by number, as PyTorch's `scatter_reduce`: the sum, product, mean,
 * largest or smallest of what arrives and (unless `includeSelf` is false) of the element that stands there. Places where nothing
 * arrives keep their element; indices outside [0, size) are skipped. The result does not depend on the order. Gradients of
 * extremes are shared evenly between equal ones; those of products are exact where factors are zero.
 * @throws DTypeError for dtypes other than float32, int32 and uint32, and for the mean of integers.
 */
export function scatterReduce(
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  reduce: ScatterReduction,
  { includeSelf = true }: { readonly includeSelf?: boolean } = {},
): Tensor {
  if (x.dtype === 'bool' || x.dtype === 'float16')
    throw new DTypeError(`scatterReduce: takes float32, int32 or uint32, got ${x.dtype}`);
  if (reduce === 'mean' && !isFloat(x.dtype))
    throw new DTypeError(`scatterReduce: a mean takes float32, got ${x.dtype}; convert with .to('float32')`);
  return tidy(() => {
    const { d, region, index: at, source: values, shape } = placed('scatterReduce', x, dim, index, source);
    if (sizeOf(shape) === 0 || region.size === 0) return x.to(x.dtype);
    const count = arrivals(region, d, at);
    const neutral = full([], neutralOf(reduce, x.dtype), { dtype: x.dtype });
    const base = includeSelf ? region : where(count.gt(0), neutral, region);
    if (reduce === 'prod') return paste(x, products(base, d, at, values, count));
    if (reduce === 'amax' || reduce === 'amin') return paste(x, extreme(base, d, at, values, reduce === 'amin'));
    const total = scatterAdd(base, d, at, values);
    if (reduce === 'sum') return paste(x, total);
    return paste(x, total.div(includeSelf ? count.add(1) : count.maximum(1)));
  });
}

/** The product of each element of the region and the `count` elements that are scattered to it. */
function products(region: Tensor, d: number, index: Tensor, source: Tensor, count: Tensor): Tensor {
  const n = region.shape[d]!;
  const own = arange(n)
    .reshape(region.shape.map((_, k) => (k === d ? n : 1)))
    .expand(region.shape);
  const inside = index.ge(0).logicalAnd(index.lt(n));
  // sorted by place, what meets stands side by side, and a product that begins anew at each place joins it
  const { values: places, indices } = sort(concat([own, where(inside, index, n)], d), d);
  const factors = gather(concat([region, source], d), d, indices);
  const rest = places.shape[d]! - 1;
  const changes = narrow(places, d, 1, rest).ne(narrow(places, d, 0, rest));
  const first = pad(
    changes,
    places.shape.map((_, k) => (k === d ? [1, 0] : [0, 0])),
    1,
  );
  const run = linearRecurrence(where(first, 0, factors), where(first, factors, 0), d);
  return gather(run, d, cumSum(count.add(1), d).sub(1));
}

/** The value that a reduction of a dtype begins with. */
function neutralOf(reduce: ScatterReduction, dtype: Tensor['dtype']): number {
  if (reduce === 'sum' || reduce === 'mean') return 0;
  if (reduce === 'prod') return 1;
  const highest = reduce === 'amin';
  if (isFloat(dtype)) return highest ? Infinity : -Infinity;
  if (dtype === 'uint32') return highest ? 2 ** 32 - 1 : 0;
  return highest ? 2 ** 31 - 1 : -(2 ** 31);
}

/** Numbers of rows along a dimension in the shape of what they number. */
function column(op: string, index: Tensor, rank: number, d: number): Tensor {
  if (index.rank !== 1) throw new ShapeError(`${op}: the index must have one dimension, got ${showShape(index.shape)}`);
  return index.reshape(Array.from({ length: rank }, (_, k) => (k === d ? index.size : 1)));
}

/** x with rows of `source` written to the places that the index names along `dim`; the last one stays. */
export function indexCopy(x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  const d = normalizeDim('indexCopy', dim, x.rank);
  const rows = x.shape.map((n, k) => (k === d ? index.size : n));
  if (!sameShape(source.shape, rows)) {
    throw new ShapeError(
      `indexCopy: ${index.size} rows of ${showShape(x.shape)} along dimension ${dim} have shape ${showShape(rows)}, got ${showShape(source.shape)}`,
    );
  }
  return scatter(x, d, column('indexCopy', index, x.rank, d), source);
}

/** x with the rows that the index names along `dim` filled with a value. */
export function indexFill(x: Tensor, dim: number, index: Tensor, value: number): Tensor {
  const d = normalizeDim('indexFill', dim, x.rank);
  return tidy(() => {
    const line = zeros(
      x.shape.map((n, k) => (k === d ? n : 1)),
      { dtype: 'int32' },
    );
    const at = column('indexFill', index, x.rank, d);
    const hit = scatterAdd(line, d, at, ones(at.shape, { dtype: 'int32' })).gt(0);
    return where(hit, full([], value, { dtype: x.dtype }), x);
  });
}

/** What `indexPut` does where several meet in one place. */
export interface IndexPutOptions {
  /** Add to what stands there instead of replacing it. */
  readonly accumulate?: boolean;
}

/**
 * x with values written to (or added at) the places whose coordinates the indices give: out[i[0], i[1], ...] = values, as
 * PyTorch's `index_put`. Without `accumulate` the last of several values for one place stays. A place with a coordinate
 * outside [0, size) is skipped, negative ones too. Gradients flow to x and to the values.
 * @param indices one tensor of int32 or uint32 for each of x's first dimensions; they broadcast to one shape [...].
 * @param values broadcast to [..., the sizes of x's other dimensions]; a number fills.
 * @throws ShapeError for no indices or more than x has dimensions; DTypeError for indices that are not whole.
 * @example
 * const image = indexPut(zeros([4, 4]), [tensor([0, 2], { dtype: 'int32' }), tensor([1, 3], { dtype: 'int32' })], 1);
 */
export function indexPut(
  x: Tensor,
  indices: readonly Tensor[],
  values: Operand,
  { accumulate = false }: IndexPutOptions = {},
): Tensor {
  if (indices.length === 0 || indices.length > x.rank) {
    throw new ShapeError(`indexPut: ${indices.length} indices for a tensor of shape ${showShape(x.shape)}`);
  }
  for (const { dtype } of indices) {
    if (dtype !== 'int32' && dtype !== 'uint32')
      throw new DTypeError(`indexPut: indices must be int32 or uint32, got ${dtype}`);
  }
  const shape = indices.reduce<Shape>((all, each) => broadcastShapes('indexPut', all, each.shape), []);
  const [sizes, row] = [x.shape.slice(0, indices.length), x.shape.slice(indices.length)];
  return tidy(() => {
    const put = typeof values === 'number' ? full([], values, { dtype: x.dtype }) : values.to(x.dtype);
    const inside = indices.map((index, k) => index.to('int32').ge(0).logicalAnd(index.to('int32').lt(sizes[k]!)));
    const place = indices.reduce(
      (at, index, k) => at.mul(sizes[k]!).add(index.to('int32')),
      full([], 0, { dtype: 'int32' }),
    );
    const at = where(
      inside.reduce((a, b) => a.logicalAnd(b)),
      place,
      -1,
    )
      .expand(shape)
      .flatten();
    const table = x.reshape([sizeOf(sizes), sizeOf(row)]);
    const rows = put.expand([...shape, ...row]).reshape([at.size, sizeOf(row)]);
    return (accumulate ? indexAdd(table, 0, at, rows) : indexCopy(table, 0, at, rows)).reshape(x.shape);
  });
}

/**
 * Elements by number along a dimension, as `gather`, but x and the index broadcast in the other dimensions. Without a
 * dimension the index counts through the whole tensor. PyTorch's `take_along_dim`.
 */
export function takeAlongDim(x: Tensor, index: Tensor, dim?: number): Tensor {
  if (dim === undefined) return gather(x.flatten(), 0, index.flatten()).reshape([index.size]);
  const d = normalizeDim('takeAlongDim', dim, x.rank);
  if (index.rank !== x.rank) {
    throw new ShapeError(
      `takeAlongDim: x ${showShape(x.shape)} and the index ${showShape(index.shape)} must have as many dimensions`,
    );
  }
  const around = (t: Tensor): number[] => t.shape.map((n, k) => (k === d ? 1 : n));
  const shared = broadcastShapes('takeAlongDim', around(x), around(index));
  const whole = (t: Tensor): Tensor => t.expand(shared.map((n, k) => (k === d ? t.shape[d]! : n)));
  return tidy(() => gather(whole(x), d, whole(index)));
}
