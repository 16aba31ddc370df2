import { DTypeError, ShapeError } from '../../errors.js';
import type { DType } from '../../dtype.js';
import * as t from '../../index.js';
import { specialValues, type Draw } from './draw.js';
import {
  alongLines,
  cast,
  forEachCoordinate,
  fromFront,
  hostExpand,
  hostReshape,
  isReal,
  positionOf,
  wrap,
  type HostTensor,
} from './host.js';
import { replaced } from './indexing.js';
import { noDimension, operation, smooth, type Operation, type OperationTolerance } from './operation.js';

function scan(
  name: 'cumSum' | 'cumProd' | 'cumMax' | 'cumMin',
  torch: string,
  neutral: (dtype: DType) => number,
  fn: (a: number, b: number) => number,
  tolerance: OperationTolerance,
): Operation {
  const extreme = name === 'cumMax' || name === 'cumMin';
  return operation({
    name,
    torch,
    sample(draw) {
      const shape = draw.chance(0.1) ? draw.shuffle([draw.int(300, 3000), draw.int(1, 3)]) : draw.shape();
      const long = shape.some((n) => n > 99);
      const dtype = draw.dtype(['int32', 'uint32', 'bool']);
      const range = name === 'cumProd' ? ([0.7, 1.4] as const) : ([-9, 9] as const);
      const near = long && name === 'cumProd' ? ([0.999, 1.001] as const) : range;
      const x = draw.input(shape, dtype, isReal(dtype) ? near : [-3, 3], extreme ? specialValues : []);
      const options = draw.pick([
        undefined,
        { reverse: true },
        { exclusive: true },
        { reverse: true, exclusive: true },
      ]);
      return [x, shape.length === 0 ? 0 : draw.dim(shape.length), options] as const;
    },
    reference(x, dim, options: { reverse?: boolean; exclusive?: boolean } = {}) {
      const counted = x.dtype === 'bool' ? cast(x, 'int32') : x;
      const { dtype } = counted;
      const run = (line: number[], each: (v: number) => number): number[] => {
        const from = options.reverse ? [...line].reverse() : line;
        let total = neutral(dtype);
        const out = from.map((v) => {
          const before = total;
          total = wrap(fn(total, each(v)), dtype);
          return options.exclusive ? before : total;
        });
        return options.reverse ? out.reverse() : out;
      };
      const source = x.shape.length === 0 ? hostReshape(counted, [1]) : counted;
      const d = fromFront(dim, source.shape.length);
      const values = alongLines(source, d, dtype, (line) => run(line, (v) => v));
      const scale =
        name === 'cumSum' ? { scale: alongLines(source, d, dtype, (line) => run(line, Math.abs)).data } : {};
      return { ...values, ...scale, shape: x.shape };
    },
    tolerance,
    gradient: smooth(),
    bad: [
      noDimension(name, t[name]),
      {
        what: 'float16',
        call: () => t[name](t.zeros([2], { dtype: 'float16' }), 0),
        error: DTypeError,
        message: new RegExp(`${name}.*float32.*\\.to\\(`),
      },
    ],
  });
}

const lowest = (dtype: DType): number => (isReal(dtype) ? -Infinity : dtype === 'int32' ? -(2 ** 31) : 0);
const highest = (dtype: DType): number => (isReal(dtype) ? Infinity : dtype === 'int32' ? 2 ** 31 - 1 : 2 ** 32 - 1);

/** Order of a stable sort: NaN is the largest. */
function order(line: readonly number[], descending: boolean): number[] {
  const up = (a: number, b: number): number =>
    Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : Number.isNaN(b) ? -1 : a < b ? -1 : a > b ? 1 : 0;
  return line.map((_, i) => i).sort((i, j) => (descending ? -1 : 1) * up(line[i]!, line[j]!) || i - j);
}

function sorted(x: HostTensor, dim: number, descending: boolean, keep?: number): [HostTensor, HostTensor] {
  const source = x.shape.length === 0 ? hostReshape(x, [1]) : x;
  const d = fromFront(dim, source.shape.length);
  const shape = (y: HostTensor): HostTensor => (x.shape.length === 0 && keep !== 0 ? hostReshape(y, []) : y);
  const values = alongLines(source, d, x.dtype, (line) =>
    order(line, descending)
      .slice(0, keep)
      .map((i) => line[i]!),
  );
  return [shape(values), shape(alongLines(source, d, 'int32', (line) => order(line, descending).slice(0, keep)))];
}

function sortable(draw: Draw) {
  const shape = draw.chance(0.1) ? draw.shuffle([draw.int(200, 1500), draw.int(1, 2)]) : draw.shape();
  const x = draw.input(shape, draw.dtype(['int32', 'uint32', 'float16', 'bool']), [-9, 9], specialValues);
  return [x, shape.length === 0 ? -1 : draw.dim(shape.length)] as const;
}

/** A whole line and a dimension of it, the lines not empty. */
const lines = (draw: Draw, special: readonly number[], dtypes: DType[]) => {
  const shape = draw.shape(draw.int(1, 4)).map((n) => Math.max(n, 1));
  const dim = draw.dim(shape.length);
  return [draw.input(shape, draw.dtype(dtypes), [-3, 3], special), dim] as const;
};

const noElements = (name: string, call: (x: t.Tensor, dim: number) => unknown) => ({
  what: 'no elements',
  call: () => call(t.zeros([2, 0]), 1),
  error: ShapeError,
  message: new RegExp(`${name}.*no elements.*\\[2, 0\\]`),
});

/** The extreme of each line and its first place; NaN wins. */
function extremeWithPlace(
  name: 'maxWithIndices' | 'minWithIndices',
  torch: string,
  before: (a: number, b: number) => boolean,
): Operation {
  return operation({
    name,
    torch,
    sample: (draw) => [...lines(draw, specialValues, ['int32', 'uint32', 'float16', 'bool']), draw.chance()] as const,
    reference(x, dim, keepdim) {
      const d = fromFront(dim, x.shape.length);
      const place = (line: number[]): number => {
        const nan = line.findIndex(Number.isNaN);
        return nan >= 0 ? nan : line.reduce((best, v, i) => (before(v, line[best]!) ? i : best), 0);
      };
      const shaped = (y: HostTensor): HostTensor =>
        hostReshape(y, keepdim ? y.shape : y.shape.filter((_, k) => k !== d));
      return [
        shaped(alongLines(x, d, x.dtype, (line) => [line[place(line)]!])),
        shaped(alongLines(x, d, 'int32', (line) => [place(line)])),
      ];
    },
    gradient: smooth(),
    bad: [noDimension(name, t[name]), noElements(name, t[name])],
  });
}

/** Element at a place of each line (or of all elements) in order, between two by interpolation. */
function ranked(x: HostTensor, dim: number | undefined, keepdim: boolean, place: (n: number) => number): HostTensor {
  const source = dim === undefined ? hostReshape(x, [x.data.length]) : x;
  const d = dim === undefined ? 0 : fromFront(dim, x.shape.length);
  const found = alongLines(source, d, x.dtype, (line) => {
    if (line.some(Number.isNaN)) return [NaN];
    const up = [...line].sort((a, b) => a - b);
    const low = Math.floor(place(up.length));
    const part = place(up.length) - low;
    return [part === 0 ? up[low]! : up[low]! + (up[low + 1]! - up[low]!) * part];
  });
  if (dim === undefined) return hostReshape(found, keepdim ? x.shape.map(() => 1) : []);
  return hostReshape(found, keepdim ? found.shape : found.shape.filter((_, k) => k !== d));
}

/** Running totals and sorting. */
export const orderingOperations = [
  scan(
    'cumSum',
    'cumsum',
    () => 0,
    (a, b) => a + b,
    { ulp: 16 },
  ),
  scan(
    'cumProd',
    'cumprod',
    () => 1,
    (a, b) => a * b,
    { ulp: 3000 },
  ),
  operation({
    name: 'linearRecurrence',
    torch: '(none: y[k] = a[k] y[k-1] + b[k])',
    sample(draw) {
      // long lines are cut into pieces
      const shape = draw.chance(0.15) ? [draw.int(300, 700), draw.int(1, 3)] : draw.shape(draw.int(1, 4));
      const dtype = draw.dtype(['int32', 'uint32']);
      const [dim, near] = [draw.dim(shape.length), isReal(dtype) ? ([-1, 1] as const) : ([-3, 3] as const)];
      const options = draw.pick([undefined, { reverse: true }]);
      return [draw.input(draw.part(shape), dtype, near), draw.input(shape, dtype), dim, options] as const;
    },
    reference(a, b, dim, options) {
      const d = fromFront(dim, b.shape.length);
      const by = hostExpand(a, b.shape);
      const run = (size: (v: number) => number): Float64Array => {
        const data = b.data.map(size);
        for (let k = 1; k < b.shape[d]!; k++) {
          const [to, from] = options?.reverse ? [b.shape[d]! - 1 - k, b.shape[d]! - k] : [k, k - 1];
          forEachCoordinate(replaced(b.shape, d, 1), (at) => {
            const here = positionOf(b.shape, replaced(at, d, to));
            const y = size(by.data[here]!) * data[positionOf(b.shape, replaced(at, d, from))]!;
            data[here] = wrap(y + data[here]!, b.dtype);
          });
        }
        return data;
      };
      return { ...b, data: run((v) => v), scale: run(Math.abs) };
    },
    tolerance: { ulp: 16 },
    gradient: smooth(0, 1),
    bad: [
      noDimension('linearRecurrence', (x, dim) => t.linearRecurrence(x, x, dim)),
      {
        what: 'two dtypes',
        call: () => t.linearRecurrence(t.zeros([2], { dtype: 'int32' }), t.zeros([2]), 0),
        error: DTypeError,
        message: /linearRecurrence.*float32.*int32 and float32.*\.to\(/,
      },
    ],
  }),
  operation({
    name: 'logCumSumExp',
    torch: 'logcumsumexp',
    sample(draw) {
      const shape = draw.chance(0.1) ? [draw.int(300, 700), 2] : draw.shape();
      const special = [-Infinity, Infinity, NaN, 0, -100, 100];
      const x = draw.input(shape, draw.dtype(['int32', 'float16']), [-9, 9], special);
      return [x, shape.length === 0 ? 0 : draw.dim(shape.length)] as const;
    },
    reference(x, dim) {
      const dtype = isReal(x.dtype) ? x.dtype : 'float32';
      if (x.shape.length === 0) return { ...x, dtype };
      return alongLines(x, fromFront(dim, x.shape.length), dtype, (line) =>
        line.map((_, k) => {
          const some = line.slice(0, k + 1);
          const top = some.reduce((a, b) => Math.max(a, b));
          if (!Number.isFinite(top)) return top;
          return top + Math.log(some.reduce((sum, v) => sum + Math.exp(v - top), 0));
        }),
      );
    },
    tolerance: { ulp: 8, absolute: 2e-6 },
    gradient: { ...smooth(), sample: (draw) => [draw.input([draw.int(1, 4), draw.int(1, 9)]), draw.dim(2)] },
    bad: [noDimension('logCumSumExp', t.logCumSumExp)],
  }),
  scan('cumMax', 'cummax', lowest, Math.max, { ulp: 0 }),
  scan('cumMin', 'cummin', highest, Math.min, { ulp: 0 }),
  operation({
    name: 'diff',
    torch: 'diff',
    sample(draw) {
      const shape = draw.shape(draw.int(1, 4));
      const x = draw.input(shape, draw.dtype(['int32', 'uint32']), [-9, 9]);
      return [x, draw.dim(shape.length), draw.pick([undefined, 0, 1, 2, 3])] as const;
    },
    reference(x, dim, times = 1) {
      const d = fromFront(dim, x.shape.length);
      const once = (line: number[]): number[] => line.slice(1).map((v, i) => wrap(v - line[i]!, x.dtype));
      const many = (line: number[]): number[] => Array.from({ length: times }).reduce<number[]>(once, line);
      const result = alongLines(x, d, x.dtype, many);
      return { ...result, scale: result.data.map(() => 9 * 2 ** times) };
    },
    tolerance: { ulp: 4 },
    gradient: smooth(),
    bad: [
      noDimension('diff', t.diff),
      {
        what: 'half a difference',
        call: () => t.diff(t.zeros([2]), 0, 0.5),
        error: ShapeError,
        message: /diff.*whole number.*0\.5/,
      },
    ],
  }),
  extremeWithPlace('maxWithIndices', 'max(dim)', (a, b) => a > b),
  extremeWithPlace('minWithIndices', 'min(dim)', (a, b) => a < b),
  operation({
    name: 'quantile',
    torch: 'quantile',
    sample(draw) {
      const [x, dim] = lines(draw, [NaN], ['int32', 'float16']);
      const q = draw.pick([0, 0.25, 0.5, 0.8, 1]);
      return [x, q, draw.chance(0.3) ? undefined : dim, draw.chance()] as const;
    },
    reference: (x, q, dim, keepdim) =>
      ranked(isReal(x.dtype) ? x : cast(x, 'float32'), dim, keepdim, (n) => q * (n - 1)),
    tolerance: { ulp: 4, absolute: 2e-6 },
    gradient: smooth(),
    bad: [
      noDimension('quantile', (x, dim) => t.quantile(x, 0.5, dim)),
      noElements('quantile', (x, dim) => t.quantile(x, 0.5, dim)),
      {
        what: 'a percentage',
        call: () => t.quantile(t.zeros([2]), 50),
        error: ShapeError,
        message: /quantile.*\[0, 1\].*50/,
      },
    ],
  }),
  operation({
    name: 'median',
    torch: 'median',
    sample(draw) {
      const [x, dim] = lines(draw, specialValues, ['int32', 'uint32', 'float16']);
      return [x, draw.chance(0.3) ? undefined : dim, draw.chance()] as const;
    },
    reference: (x, dim, keepdim) => ranked(x, dim, keepdim, (n) => Math.floor((n - 1) / 2)),
    gradient: smooth(),
    bad: [noDimension('median', t.median), noElements('median', t.median)],
  }),
  operation({
    name: 'sort',
    torch: 'sort(stable=True)',
    sample: (draw) => [...sortable(draw), draw.pick([undefined, { descending: true }, { descending: false }])] as const,
    reference: (x, dim, options) => sorted(x, dim, options?.descending ?? false),
    gradient: smooth(),
    bad: [noDimension('sort', t.sort)],
  }),
  operation({
    name: 'argSort',
    torch: 'argsort(stable=True)',
    sample: (draw) => [...sortable(draw), draw.pick([undefined, { descending: true }])] as const,
    reference: (x, dim, options) => sorted(x, dim, options?.descending ?? false)[1],
    bad: [noDimension('sort', t.argSort)],
  }),
  operation({
    name: 'topK',
    torch: 'topk',
    sample(draw) {
      const [x, dim] = sortable(draw);
      const length = x.value.shape.at(dim) ?? 1;
      return [
        x,
        draw.int(x.value.shape.length === 0 ? 1 : 0, length),
        dim,
        draw.pick([undefined, { largest: false }]),
      ] as const;
    },
    reference: (x, k, dim, options) => sorted(x, dim, options?.largest ?? true, k),
    gradient: smooth(),
    bad: [
      {
        what: 'more than there are',
        call: () => t.topK(t.zeros([3]), 4),
        error: ShapeError,
        message: /topK.*4.*size 3/,
      },
      noDimension('topK', (x, dim) => t.topK(x, 1, dim)),
    ],
  }),
];
