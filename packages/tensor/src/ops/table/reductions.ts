import { ShapeError } from '../../errors.js';
import type { DType } from '../../dtype.js';
import * as t from '../../index.js';
import { sizeOf } from '../../shape.js';
import { specialValues, type Draw, type Input, type Range } from './draw.js';
import { alongLines, cast, dimList, foldDims, fromFront, isReal, wrap, type HostTensor } from './host.js';
import { noDimension, operation, smooth, type BadCall, type Operation, type OperationTolerance } from './operation.js';

export type DimArguments = readonly [Input, number | number[] | undefined, boolean];

/** Arguments of a reduction. */
export function reduced(
  draw: Draw,
  range: Range = [-4, 4],
  dtypes?: DType[],
  special: readonly number[] = [],
): DimArguments {
  // now and then long enough to be cut into parts
  const shape = draw.chance(0.05) ? draw.shuffle([draw.int(4096, 9000), draw.int(1, 3)]) : draw.shape();
  return [draw.input(shape, draw.dtype(dtypes), range, special), draw.dims(shape.length), draw.chance()];
}

const counted = (x: HostTensor): HostTensor => (x.dtype === 'bool' ? cast(x, 'int32') : x);

/** Calls of a reduction that must be refused. */
export const badDims = (name: string, call: (x: t.Tensor, dims: number | number[]) => unknown): BadCall[] => [
  {
    what: 'a dimension that does not exist',
    call: () => call(t.zeros([2, 3]), 2),
    error: ShapeError,
    message: new RegExp(`${name}.*dimension 2.*rank 2`),
  },
  {
    what: 'a dimension named twice',
    call: () => call(t.zeros([2, 3]), [1, -1]),
    error: ShapeError,
    message: new RegExp(`${name}.*twice`),
  },
];

/** Sum with the sum of sizes as its scale. */
export function sumOf(x: HostTensor, dims: number | readonly number[] | undefined, keepdim: boolean): HostTensor {
  const axes = dimList(dims, x.shape.length);
  const result = foldDims(x, axes, keepdim, x.dtype, (v) =>
    wrap(
      v.reduce((a, b) => a + b, 0),
      x.dtype,
    ),
  );
  const scale = foldDims(x, axes, keepdim, x.dtype, (v) => v.reduce((a, b) => a + Math.abs(b), 0)).data;
  return { ...result, scale };
}

function fold(name: 'max' | 'min', torch: string, fn: (...values: number[]) => number): Operation {
  return operation({
    name,
    torch,
    sample(draw) {
      const [x, dims, keepdim] = reduced(draw, [-9, 9], ['int32', 'uint32', 'float16', 'bool'], specialValues);
      const axes = dimList(dims, x.value.shape.length);
      // no largest of nothing: see the bad calls
      if (axes.some((d) => x.value.shape[d] === 0)) return [draw.input([2, 0, 3]), 2, keepdim] as const;
      return [x, dims, keepdim] as const;
    },
    reference(x, dims, keepdim) {
      const c = counted(x);
      return foldDims(c, dimList(dims, x.shape.length), keepdim, c.dtype, (v) => v.reduce((a, b) => fn(a, b)));
    },
    gradient: smooth(),
    bad: [
      ...badDims(name, t[name]),
      {
        what: 'no elements',
        call: () => t[name](t.zeros([2, 0]), 1),
        error: ShapeError,
        message: new RegExp(`${name}.*no elements.*\\[2, 0\\]`),
      },
    ],
  });
}

function softmaxLike(
  name: 'softmax' | 'logSoftmax',
  torch: string,
  line: (exponentials: number[], total: number, shifted: number[]) => number[],
  tolerance: OperationTolerance,
): Operation {
  return operation({
    name,
    torch,
    sample(draw) {
      const shape = draw.chance(0.05) ? [draw.int(1, 3), draw.int(4096, 6000)] : draw.shape(draw.int(1, 4));
      return [draw.input(shape, draw.dtype(['float16']), [-20, 20], [-Infinity, 0]), draw.dim(shape.length)] as const;
    },
    reference: (x, dim) =>
      alongLines(x, fromFront(dim, x.shape.length), x.dtype, (v) => {
        const top = Math.max(...v);
        const shifted = v.map((e) => e - top);
        const exponentials = shifted.map(Math.exp);
        return line(
          exponentials,
          exponentials.reduce((a, b) => a + b, 0),
          shifted,
        );
      }),
    tolerance,
    gradient: smooth(),
    bad: [noDimension(name, t[name])],
  });
}

const truths = (draw: Draw): DimArguments => {
  const dtype = draw.dtype(['int32', 'bool']);
  const [x, dims, keepdim] = reduced(draw);
  const mostly = draw.pick([0, 1]);
  const element = (): number => (draw.chance(0.8) ? mostly : draw.pick(dtype === 'float32' ? [NaN, 2, 0] : [0, 1]));
  return [draw.inputOf(x.value.shape, dtype, element), dims, keepdim];
};

/** Reductions and the softmax family. */
export const reductionOperations = [
  operation({
    name: 'sum',
    torch: 'sum',
    sample: (draw) => reduced(draw, [-4, 4], ['int32', 'uint32', 'float16', 'bool'], specialValues),
    reference: (x, dims, keepdim) => sumOf(counted(x), dims, keepdim),
    tolerance: { ulp: 32 },
    gradient: smooth(),
    bad: badDims('sum', t.sum),
  }),
  operation({
    name: 'prod',
    torch: 'prod',
    sample(draw) {
      const shape = draw.shape(undefined, 4);
      const dtype = draw.dtype(['int32', 'uint32', 'float16', 'bool']);
      return [
        draw.input(shape, dtype, isReal(dtype) ? [0.7, 1.4] : [-3, 3]),
        draw.dims(shape.length),
        draw.chance(),
      ] as const;
    },
    reference(x, dims, keepdim) {
      const c = counted(x);
      return foldDims(c, dimList(dims, x.shape.length), keepdim, c.dtype, (v) =>
        v.reduce((a, b) => wrap(a * b, c.dtype), 1),
      );
    },
    tolerance: { ulp: 64 },
    gradient: smooth(),
    bad: badDims('prod', t.prod),
  }),
  fold('max', 'amax', Math.max),
  fold('min', 'amin', Math.min),
  operation({
    name: 'mean',
    torch: 'mean',
    sample: (draw) => reduced(draw, [-4, 4], ['int32', 'uint32', 'float16', 'bool'], specialValues),
    reference(x, dims, keepdim) {
      const s = sumOf(isReal(x.dtype) ? x : cast(x, 'float32'), dims, keepdim);
      const count = sizeOf(dimList(dims, x.shape.length).map((d) => x.shape[d]!));
      return { ...s, data: s.data.map((v) => v / count), scale: s.scale!.map((v) => v / count) };
    },
    tolerance: { ulp: 32 },
    gradient: smooth(),
    bad: badDims('mean', t.mean),
  }),
  operation({
    name: 'any',
    torch: 'any',
    sample: truths,
    reference: (x, dims, keepdim) =>
      foldDims(x, dimList(dims, x.shape.length), keepdim, 'bool', (v) => Number(v.some((e) => e !== 0))),
    bad: badDims('any', t.any),
  }),
  operation({
    name: 'all',
    torch: 'all',
    sample: truths,
    reference: (x, dims, keepdim) =>
      foldDims(x, dimList(dims, x.shape.length), keepdim, 'bool', (v) => Number(v.every((e) => e !== 0))),
    bad: badDims('all', t.all),
  }),
  softmaxLike('softmax', 'softmax', (e, total) => e.map((v) => v / total), { ulp: 48 }),
  softmaxLike('logSoftmax', 'log_softmax', (_, total, shifted) => shifted.map((v) => v - Math.log(total)), {
    ulp: 8,
    absolute: 4e-6,
  }),
  operation({
    name: 'logSumExp',
    torch: 'logsumexp',
    sample(draw) {
      return reduced(draw, [-20, 20], ['float16'], [-Infinity, Infinity]);
    },
    reference: (x, dims, keepdim) =>
      foldDims(x, dimList(dims, x.shape.length), keepdim, x.dtype, (v) => {
        const top = v.reduce((a, b) => Math.max(a, b), -Infinity);
        return Math.abs(top) === Infinity ? top : top + Math.log(v.reduce((sum, e) => sum + Math.exp(e - top), 0));
      }),
    tolerance: { ulp: 8, absolute: 4e-6 },
    gradient: smooth(),
    bad: badDims('logSumExp', t.logSumExp),
  }),
];
