import { DTypeError } from '../../errors.js';
import * as t from '../../index.js';
import type { Draw, Input } from './draw.js';
import {
  broadcastAt,
  broadcastShape,
  elementAt,
  forEachCoordinate,
  fromFront,
  generate,
  hostReshape,
  positionOf,
  wrap,
  type HostTensor,
} from './host.js';
import { clampTo, indices, notWhole, replaced, table } from './indexing.js';
import { bad, operation, smooth } from './operation.js';

const ints = { dtype: 'int32' } as const;

/** Calls `visit` with the place in x that each element of a source goes to. */
function eachArrival(
  x: HostTensor,
  dim: number,
  index: HostTensor,
  shape: readonly number[],
  visit: (place: number, at: readonly number[]) => void,
): void {
  forEachCoordinate(shape, (at) => {
    const i = broadcastAt(index, at);
    if (i >= 0 && i < x.shape[dim]!) visit(positionOf(x.shape, replaced(at, dim, i)), at);
  });
}

/** x, a dimension, an index and a source that fit. */
function scattering(draw: Draw, dtypes: t.DType[]): [Input, number, Input, Input] {
  const { shape, dim, d } = table(draw);
  const source = shape.map((n, k) => (k === d ? draw.int(1, 9) : draw.chance(0.7) ? n : draw.int(0, n)));
  const index = draw.chance(0.3) ? source.map((n, k) => (k === d ? n : 1)) : source;
  const dtype = draw.dtype(dtypes);
  return [draw.input(shape, dtype, [-9, 9]), dim, indices(draw, index, shape[d]!), draw.input(source, dtype, [-9, 9])];
}

const column = (x: HostTensor, d: number, index: HostTensor): HostTensor =>
  hostReshape(
    index,
    x.shape.map((_, k) => (k === d ? index.data.length : 1)),
  );

/** Writes and joins at places given by number. */
export const scatteringOperations = [
  operation({
    name: 'scatter',
    torch: 'scatter',
    sample(draw): [x: Input, dim: number, index: Input, source: Input | number] {
      const [x, dim, index, source] = scattering(draw, ['int32', 'uint32', 'float16', 'bool']);
      // a number has the shape of the index
      const whole = index.value.data.length === source.value.data.length;
      return [x, dim, index, whole && draw.chance(0.2) ? 1 : source];
    },
    reference(x, dim, index, source) {
      const data = x.data.slice();
      const d = fromFront(dim, x.shape.length);
      const shape = typeof source === 'number' ? index.shape : broadcastShape([index.shape, source.shape]);
      eachArrival(x, d, index, shape, (place, at) => {
        data[place] = typeof source === 'number' ? source : broadcastAt(source, at);
      });
      return { ...x, data };
    },
    gradient: smooth(0, 3),
    bad: [
      notWhole((index) => t.scatter(t.zeros([3]), 0, index, t.zeros([2]))),
      bad(
        'a source that is larger elsewhere',
        () => t.scatter(t.zeros([3, 2]), 0, t.zeros([1, 3], ints), t.zeros([1, 3])),
        /scatter.*\[1, 3\].*\[3, 2\].*dimension 0/,
      ),
    ],
  }),
  operation({
    name: 'scatterReduce',
    torch: 'scatter_reduce',
    sample(draw) {
      const [x, dim, index, source] = scattering(draw, ['int32', 'uint32']);
      const kinds =
        x.value.dtype === 'float32'
          ? (['sum', 'prod', 'mean', 'amax', 'amin'] as const)
          : (['sum', 'prod', 'amax', 'amin'] as const);
      const options = draw.pick([undefined, { includeSelf: true }, { includeSelf: false }]);
      return [x, dim, index, source, draw.pick<t.ScatterReduction>(kinds), options] as const;
    },
    reference(x, dim, index, source, reduce, options) {
      const arrived = Array.from(x.data, (): number[] => []);
      const shape = broadcastShape([index.shape, source.shape]);
      eachArrival(x, fromFront(dim, x.shape.length), index, shape, (place, at) =>
        arrived[place]!.push(broadcastAt(source, at)),
      );
      const joined = (values: number[]): number => {
        if (reduce === 'amax' || reduce === 'amin')
          return values.reduce(reduce === 'amax' ? (a, b) => Math.max(a, b) : (a, b) => Math.min(a, b));
        if (reduce === 'prod') return values.reduce((a, b) => wrap(a * b, x.dtype), 1);
        const sum = values.reduce((a, b) => a + b, 0);
        return reduce === 'mean' ? sum / values.length : wrap(sum, x.dtype);
      };
      const all = arrived.map((values, i) =>
        values.length === 0 || options?.includeSelf !== false ? [x.data[i]!, ...values] : values,
      );
      const scale = Float64Array.from(all, (values) => values.reduce((a, b) => a + Math.abs(b), 0));
      return { ...x, data: Float64Array.from(all, joined), scale };
    },
    tolerance: { ulp: 8, absolute: 1e-6 },
    gradient: smooth(0, 3),
    bad: [
      notWhole((index) => t.scatterReduce(t.zeros([3]), 0, index, t.zeros([2]), 'sum')),
      bad(
        'a mean of integers',
        () => t.scatterReduce(t.zeros([3], ints), 0, t.zeros([2], ints), t.zeros([2], ints), 'mean'),
        /scatterReduce.*mean.*float32/,
        DTypeError,
      ),
      bad(
        'halves',
        () => t.scatterReduce(t.zeros([3], { dtype: 'float16' }), 0, t.zeros([2], ints), t.zeros([2]), 'sum'),
        /scatterReduce.*float32.*float16/,
        DTypeError,
      ),
    ],
  }),
  operation({
    name: 'indexCopy',
    torch: 'index_copy',
    sample(draw) {
      const { shape, dim, d } = table(draw);
      const source = replaced(shape, d, draw.int(0, 5));
      const dtype = draw.dtype(['int32', 'uint32', 'float16', 'bool']);
      const [x, rows] = [draw.input(shape, dtype, [-9, 9]), draw.input(source, dtype, [-9, 9])];
      return [x, dim, indices(draw, [source[d]!], shape[d]!), rows] as const;
    },
    reference(x, dim, index, source) {
      const d = fromFront(dim, x.shape.length);
      const data = x.data.slice();
      eachArrival(x, d, column(x, d, index), source.shape, (place, at) => (data[place] = elementAt(source, at)));
      return { ...x, data };
    },
    gradient: smooth(0, 3),
    bad: [
      bad(
        'rows of another number',
        () => t.indexCopy(t.zeros([3, 2]), 0, t.zeros([2], ints), t.zeros([1, 2])),
        /indexCopy: 2 rows of \[3, 2\].*\[2, 2\], got \[1, 2\]/,
      ),
    ],
  }),
  operation({
    name: 'indexFill',
    torch: 'index_fill',
    sample(draw) {
      const { shape, dim, d } = table(draw);
      const x = draw.input(shape, draw.dtype(['int32', 'uint32', 'float16', 'bool']), [-9, 9]);
      return [x, dim, indices(draw, [draw.int(0, 4)], shape[d]!), draw.pick([0, 1])] as const;
    },
    reference(x, dim, index, value) {
      const d = fromFront(dim, x.shape.length);
      const data = x.data.slice();
      const rows = replaced(x.shape, d, index.data.length);
      eachArrival(x, d, column(x, d, index), rows, (place) => (data[place] = value));
      return { ...x, data };
    },
    gradient: smooth(),
    bad: [
      bad(
        'an index of two dimensions',
        () => t.indexFill(t.zeros([3]), 0, t.zeros([1, 1], ints), 0),
        /indexFill.*one dimension.*\[1, 1\]/,
      ),
    ],
  }),
  operation({
    name: 'indexPut',
    torch: 'index_put',
    sample(draw): [x: Input, indices: readonly Input[], values: Input | number, options?: t.IndexPutOptions] {
      const shape = draw.shape(draw.int(1, 4)).map((n) => Math.max(n, 1));
      const dtype = draw.dtype(['int32', 'uint32']);
      const at = draw.shape(draw.int(0, 2));
      const along = shape.slice(0, draw.int(1, shape.length));
      const numbers = along.map((n, k) => indices(draw, k === 0 ? at : draw.part(at), n));
      const options = draw.pick([undefined, { accumulate: true }, { accumulate: false }]);
      const values = [...at, ...shape.slice(along.length)];
      return [
        draw.input(shape, dtype, [-9, 9]),
        numbers,
        draw.chance(0.2) ? 1 : draw.input(draw.part(values), dtype, [-9, 9]),
        options,
      ];
    },
    reference(x, indices, values, options) {
      const data = x.data.slice();
      const scale = x.data.map(Math.abs);
      const at = broadcastShape(indices.map((i) => i.shape));
      forEachCoordinate([...at, ...x.shape.slice(indices.length)], (c) => {
        const place = [...indices.map((i) => broadcastAt(i, c.slice(0, at.length))), ...c.slice(at.length)];
        if (place.some((i, k) => i < 0 || i >= x.shape[k]!)) return;
        const p = positionOf(x.shape, place);
        const v = typeof values === 'number' ? values : broadcastAt(values, c);
        data[p] = options?.accumulate ? wrap(data[p]! + v, x.dtype) : v;
        scale[p] = scale[p]! + Math.abs(v);
      });
      return { ...x, data, scale };
    },
    tolerance: { ulp: 8, absolute: 1e-6 },
    gradient: smooth(0, 2),
    bad: [
      notWhole((index) => t.indexPut(t.zeros([3]), [index], 1)),
      bad('more indices than dimensions', () => t.indexPut(t.zeros([3]), [], 1), /indexPut: 0 indices.*\[3\]/),
      bad(
        'values that do not fit',
        () => t.indexPut(t.zeros([3, 2]), [t.zeros([4], ints)], t.zeros([3, 2])),
        /expand.*\[3, 2\].*\[4, 2\]/,
      ),
    ],
  }),
  operation({
    name: 'takeAlongDim',
    torch: 'take_along_dim',
    sample(draw): [x: Input, index: Input, dim: number | undefined] {
      const { shape, dim, d } = table(draw);
      const size = shape.reduce((a, b) => a * b, 1);
      const side = (n: number): number[] => shape.map((m, k) => (k === d ? n : draw.chance(0.2) ? 1 : m));
      if (draw.chance(0.2) && size > 0) return [draw.input(shape), indices(draw, [draw.int(0, 5), 2], size), undefined];
      const x = draw.input(side(shape[d]!), draw.dtype(['int32', 'uint32', 'float16', 'bool']), [-9, 9]);
      return [x, indices(draw, side(draw.int(0, 5)), shape[d]!), dim];
    },
    reference(x, index, dim) {
      if (dim === undefined) {
        const at = index.data.map((i) => clampTo(i, x.data.length));
        return { shape: [at.length], dtype: x.dtype, data: at.map((i) => x.data[i]!) };
      }
      const d = fromFront(dim, x.shape.length);
      const shape = replaced(
        broadcastShape([replaced(x.shape, d, 1), replaced(index.shape, d, 1)]),
        d,
        index.shape[d]!,
      );
      return generate(shape, x.dtype, (at) => {
        const row = clampTo(
          broadcastAt(
            { ...index },
            at.map((c, k) => (k === d || index.shape[k] !== 1 ? c : 0)),
          ),
          x.shape[d]!,
        );
        return elementAt(
          x,
          at.map((c, k) => (k === d ? row : x.shape[k] === 1 ? 0 : c)),
        );
      });
    },
    gradient: smooth(),
    bad: [
      bad(
        'an index of another rank',
        () => t.takeAlongDim(t.zeros([3, 2]), t.zeros([2], ints), 0),
        /takeAlongDim.*\[3, 2\].*\[2\].*as many dimensions/,
      ),
    ],
  }),
];
