import { ShapeError } from '../../errors.js';
import type { DType } from '../../dtype.js';
import * as t from '../../index.js';
import { specialValues, type Draw } from './draw.js';
import { cast, dimList, elementwiseOf, foldDims, isReal, type HostTensor } from './host.js';
import { operation, smooth, type BadCall, type Operation } from './operation.js';
import { badDims, reduced, sumOf } from './reductions.js';

const dtypes: DType[] = ['int32', 'uint32', 'float16'];
const withoutNaN = (x: HostTensor): HostTensor => ({ ...x, data: x.data.map((v) => (Number.isNaN(v) ? 0 : v)) });
const numbers = (values: readonly number[]): number[] => values.filter((v) => !Number.isNaN(v));

/** Two operands of which many are close, and options. */
const nearly = (draw: Draw) => {
  const shape = draw.shape();
  const dtype = draw.dtype(['int32', 'float16']);
  const options = draw.pick([undefined, { relative: 0.25 }, { absolute: 0.75, equalNaN: true }, { equalNaN: true }]);
  const side = () => draw.input(draw.part(shape), dtype, [-2, 2], specialValues);
  // halves and quarters, so that no difference lies at the edge of what is allowed by rounding alone
  const coarse = () => draw.inputOf(draw.part(shape), 'float32', () => draw.int(-9, 9) / 8);
  return draw.chance() ? ([side(), side(), options] as const) : ([coarse(), coarse(), options] as const);
};

const close = (a: HostTensor, b: HostTensor, options: t.Closeness | undefined): HostTensor =>
  elementwiseOf([cast(a, 'float32'), cast(b, 'float32')], 'float32', 'bool', (x, y) => {
    if (Number.isNaN(x) && Number.isNaN(y)) return Number(options?.equalNaN ?? false);
    if (x === y) return 1;
    const allowed = (options?.absolute ?? 1e-8) + (options?.relative ?? 1e-5) * Math.abs(y!);
    return Number(Number.isFinite(x) && Number.isFinite(y) && Math.abs(x! - y!) <= allowed);
  });

const doNotFit = (name: 'isClose' | 'allClose'): BadCall => ({
  what: 'shapes that do not broadcast',
  call: () => t[name](t.zeros([2]), t.zeros([3])),
  error: ShapeError,
  message: /isClose.*\[2\].*\[3\]/,
});

const ofNumbers = (
  name: 'nanSum' | 'nanMean',
  torch: string,
  reference: (x: HostTensor, axes: readonly number[], keepdim: boolean) => HostTensor,
): Operation =>
  operation({
    name,
    torch,
    sample: (draw) => reduced(draw, [-4, 4], dtypes, [NaN]),
    reference: (x, dims, keepdim) => reference(x, dimList(dims, x.shape.length), keepdim),
    tolerance: { ulp: 16 },
    gradient: smooth(),
    bad: badDims('sum', t[name]),
  });

/** NaN, infinities, and closeness. */
export const notNumberOperations = [
  operation({
    name: 'nanToNum',
    torch: 'nan_to_num',
    sample: (draw) =>
      [
        draw.input(draw.shape(), draw.dtype([...dtypes, 'bool']), [-4, 4], specialValues),
        draw.pick([undefined, { nan: 2 }, { infinity: 9, negativeInfinity: -7 }, { nan: -1, infinity: 3 }]),
      ] as const,
    reference(x, given?: t.NumbersFor) {
      const { nan = 0, infinity, negativeInfinity } = given ?? {};
      const largest = x.dtype === 'float16' ? 65504 : 3.4028234663852886e38;
      return elementwiseOf([x], x.dtype, x.dtype, (v) => {
        if (!isReal(x.dtype)) return v;
        if (Number.isNaN(v)) return nan;
        return v === Infinity ? (infinity ?? largest) : v === -Infinity ? (negativeInfinity ?? -largest) : v;
      });
    },
    gradient: smooth(),
    bad: [],
  }),
  operation({
    name: 'isClose',
    torch: 'isclose',
    sample: nearly,
    reference: close,
    bad: [doNotFit('isClose')],
  }),
  operation({
    name: 'allClose',
    torch: 'allclose',
    sample: nearly,
    reference(a, b, options) {
      const each = close(a, b, options);
      return { shape: [], dtype: 'bool', data: Float64Array.of(Number(each.data.every((v) => v === 1))) };
    },
    bad: [doNotFit('allClose')],
  }),
  ofNumbers('nanSum', 'nansum', (x, axes, keepdim) => sumOf(withoutNaN(x), axes, keepdim)),
  ofNumbers('nanMean', 'nanmean', (x, axes, keepdim) => {
    const mean = (size: (v: number) => number) => (values: number[]) =>
      numbers(values).reduce((sum, v) => sum + size(v), 0) / numbers(values).length;
    const dtype = isReal(x.dtype) ? x.dtype : 'float32';
    const scale = foldDims(x, axes, keepdim, dtype, mean(Math.abs)).data;
    return {
      ...foldDims(
        x,
        axes,
        keepdim,
        dtype,
        mean((v) => v),
      ),
      scale,
    };
  }),
  operation({
    name: 'countNonzero',
    torch: 'count_nonzero',
    sample: (draw) => reduced(draw, [-2, 2], [...dtypes, 'bool'], specialValues),
    reference: (x, dims, keepdim) =>
      foldDims(x, dimList(dims, x.shape.length), keepdim, 'int32', (v) => v.filter((e) => e !== 0).length),
    bad: badDims('sum', t.countNonzero),
  }),
];
