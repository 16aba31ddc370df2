import { DTypeError, ShapeError } from '../../errors.js';
import type { DType } from '../../dtype.js';
import * as t from '../../index.js';
import { specialValues, type Draw } from './draw.js';
import { alongLines, cast, fromFront, hostReshape, isReal, wrap, type HostTensor } from './host.js';
import { operation, smooth, type Operation, type OperationTolerance } from './operation.js';

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
      {
        what: 'a dimension that does not exist',
        call: () => t[name](t.zeros([2]), 1),
        error: ShapeError,
        message: new RegExp(`${name}.*dimension 1`),
      },
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

const noDimension = (name: string, call: (x: t.Tensor, dim: number) => unknown) => ({
  what: 'a dimension that does not exist',
  call: () => call(t.zeros([2]), 1),
  error: ShapeError,
  message: new RegExp(`${name}.*dimension 1`),
});

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
  scan('cumMax', 'cummax', lowest, Math.max, { ulp: 0 }),
  scan('cumMin', 'cummin', highest, Math.min, { ulp: 0 }),
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
