import { DTypeError, ShapeError } from '../../errors.js';
import type { DType } from '../../dtype.js';
import * as t from '../../index.js';
import type { Draw, Input } from './draw.js';
import {
  broadcastAt,
  broadcastShape,
  elementAt,
  forEachCoordinate,
  fromFront,
  generate,
  positionOf,
  wrap,
  type HostTensor,
} from './host.js';
import { operation, smooth, type BadCall } from './operation.js';

/** Indices into a dimension of size n, a few of them outside. */
export const indices = (draw: Draw, shape: readonly number[], n: number): Input => {
  const dtype: DType = draw.chance(0.2) ? 'uint32' : 'int32';
  const outside = draw.chance(0.2) && dtype === 'int32';
  return draw.inputOf(shape, dtype, () => (outside ? draw.int(-2, n + 1) : draw.int(0, n - 1)));
};

/** Index limited to a dimension. */
export const clampTo = (i: number, n: number): number => Math.min(Math.max(i, 0), n - 1);
/** A coordinate with one number replaced. */
export const replaced = (at: readonly number[], d: number, value: number): number[] =>
  at.map((c, k) => (k === d ? value : c));

/** A table with at least one element along `dim`, so that there is something to point at. */
export function table(draw: Draw): { shape: number[]; dim: number; d: number } {
  const shape = draw.shape(draw.int(1, 4));
  const dim = draw.dim(shape.length);
  const d = fromFront(dim, shape.length);
  shape[d] ||= 3;
  return { shape, dim, d };
}

/** A call with indices that are not integers. */
export const notWhole = (call: (index: t.Tensor) => unknown): BadCall => ({
  what: 'indices that are not integers',
  call: () => call(t.zeros([2])),
  error: DTypeError,
  message: /indices.*int32.*float32/,
});

/** x with source added where the index says; what falls outside is skipped. */
function scattered(x: HostTensor, dim: number, index: HostTensor, source: HostTensor): HostTensor {
  const data = x.data.slice();
  const scale = x.data.map(Math.abs);
  forEachCoordinate(broadcastShape([index.shape, source.shape]), (at) => {
    const i = broadcastAt(index, at);
    if (i < 0 || i >= x.shape[dim]!) return;
    const p = positionOf(x.shape, replaced(at, dim, i));
    const v = broadcastAt(source, at);
    data[p] = wrap(data[p]! + v, x.dtype);
    scale[p] = scale[p]! + Math.abs(v);
  });
  return { ...x, data, scale };
}

/** Reads and additions at places given by number. */
export const indexingOperations = [
  operation({
    name: 'indexSelect',
    torch: 'index_select',
    sample(draw) {
      const { shape, dim, d } = table(draw);
      const count = draw.chance(draw.options.empty ?? 0) ? 0 : draw.int(1, 7);
      const x = draw.input(shape, draw.dtype(['int32', 'uint32', 'float16', 'bool']), [-9, 9]);
      return [x, dim, indices(draw, [count], shape[d]!)] as const;
    },
    reference(x, dim, index) {
      const d = fromFront(dim, x.shape.length);
      const shape = replaced(x.shape, d, index.shape[0]!);
      return generate(shape, x.dtype, (at) => elementAt(x, replaced(at, d, clampTo(index.data[at[d]!]!, x.shape[d]!))));
    },
    gradient: smooth(),
    bad: [
      notWhole((index) => t.indexSelect(t.zeros([3]), 0, index)),
      {
        what: 'an index of two dimensions',
        call: () => t.indexSelect(t.zeros([3]), 0, t.zeros([2, 2], { dtype: 'int32' })),
        error: ShapeError,
        message: /indexSelect.*one dimension.*\[2, 2\]/,
      },
      {
        what: 'an empty dimension',
        call: () => t.indexSelect(t.zeros([0, 3]), 0, t.zeros([2], { dtype: 'int32' })),
        error: ShapeError,
        message: /indexSelect.*dimension 0.*empty/,
      },
    ],
  }),
  operation({
    name: 'gather',
    torch: 'gather',
    sample(draw) {
      const { shape, dim, d } = table(draw);
      const other = shape.map((n, k) => (k === d ? draw.int(1, 5) : draw.chance(0.7) ? n : draw.int(0, n)));
      const x = draw.input(shape, draw.dtype(['int32', 'uint32', 'float16', 'bool']), [-9, 9]);
      return [x, dim, indices(draw, other, shape[d]!)] as const;
    },
    reference(x, dim, index) {
      const d = fromFront(dim, x.shape.length);
      return generate(index.shape, x.dtype, (at) =>
        elementAt(x, replaced(at, d, clampTo(elementAt(index, at), x.shape[d]!))),
      );
    },
    gradient: smooth(),
    bad: [
      notWhole((index) => t.gather(t.zeros([3]), 0, index)),
      {
        what: 'an index that is larger elsewhere',
        call: () => t.gather(t.zeros([3, 2]), 0, t.zeros([1, 3], { dtype: 'int32' })),
        error: ShapeError,
        message: /gather.*\[1, 3\].*\[3, 2\].*dimension 0/,
      },
    ],
  }),
  operation({
    name: 'scatterAdd',
    torch: 'scatter_add',
    sample(draw) {
      const { shape, dim, d } = table(draw);
      const source = shape.map((n, k) => (k === d ? draw.int(1, 9) : draw.chance(0.7) ? n : draw.int(0, n)));
      const dtype = draw.dtype(['int32', 'uint32']);
      const index = draw.chance(0.3) ? source.map((n, k) => (k === d ? n : 1)) : source;
      const options = draw.pick([undefined, undefined, { mode: 'fast' }, { mode: 'deterministic' }]);
      return [
        draw.input(shape, dtype),
        dim,
        indices(draw, index, shape[d]!),
        draw.input(source, dtype),
        options,
      ] as const;
    },
    reference: (x, dim, index, source) => scattered(x, fromFront(dim, x.shape.length), index, source),
    tolerance: { ulp: 8, absolute: 1e-6 },
    gradient: smooth(0, 3),
    bad: [
      notWhole((index) => t.scatterAdd(t.zeros([3]), 0, index, t.zeros([2]))),
      {
        what: 'a source that is larger elsewhere',
        call: () => t.scatterAdd(t.zeros([3, 2]), 0, t.zeros([1, 3], { dtype: 'int32' }), t.zeros([1, 3])),
        error: ShapeError,
        message: /scatterAdd.*\[1, 3\].*\[3, 2\].*dimension 0/,
      },
      {
        what: 'a dtype that cannot be added to',
        call: () => t.scatterAdd(t.ones([3], { dtype: 'bool' }), 0, t.zeros([2], { dtype: 'int32' }), t.zeros([2])),
        error: DTypeError,
        message: /scatterAdd.*float32.*bool/,
      },
    ],
  }),
  operation({
    name: 'indexAdd',
    torch: 'index_add',
    sample(draw) {
      const { shape, dim, d } = table(draw);
      const source = replaced(shape, d, draw.int(1, 9));
      const dtype = draw.dtype(['int32', 'uint32']);
      return [
        draw.input(shape, dtype),
        dim,
        indices(draw, [source[d]!], shape[d]!),
        draw.input(source, dtype),
      ] as const;
    },
    reference(x, dim, index, source) {
      const d = fromFront(dim, x.shape.length);
      const column = { ...index, shape: x.shape.map((_, k) => (k === d ? index.shape[0]! : 1)) };
      return scattered(x, d, column, source);
    },
    tolerance: { ulp: 8, absolute: 1e-6 },
    gradient: smooth(0, 3),
    bad: [
      {
        what: 'an index that does not number the rows',
        call: () => t.indexAdd(t.zeros([3, 2]), 0, t.zeros([4], { dtype: 'int32' }), t.zeros([2, 2])),
        error: ShapeError,
        message: /indexAdd.*\[4\].*\[2, 2\]/,
      },
    ],
  }),
];
