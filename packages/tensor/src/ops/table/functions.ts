import { DTypeError } from '../../errors.js';
import { erf, roundEven } from '../../expr/ops.js';
import { tolerances } from '../../expr/stdlib/tolerances.js';
import * as t from '../../index.js';
import type { Range } from './draw.js';
import { elementwiseOf, isReal, type HostTensor } from './host.js';
import { exact, operation, smooth, type Operation, type OperationTolerance } from './operation.js';

/** A function of one real number: integers convert to float32 first. */
const applied = (x: HostTensor, fn: (v: number) => number): HostTensor => {
  const dtype = isReal(x.dtype) ? x.dtype : 'float32';
  return elementwiseOf([x], dtype, dtype, fn);
};

interface Unary {
  readonly fn: (v: number) => number;
  readonly range: Range;
  readonly tolerance: OperationTolerance;
  readonly torch?: string;
  /** Special values that the function must handle as PyTorch does. */
  readonly special?: readonly number[];
  /** Range away from kinks; false: the derivative is 0 wherever it exists. */
  readonly smooth?: Range | false;
}

type UnaryName = {
  [K in keyof typeof t]: (typeof t)[K] extends (x: t.Tensor) => t.Tensor ? K : never;
}[keyof typeof t];

function unary(name: UnaryName, { fn, range, tolerance, torch = name, special = [], smooth: where }: Unary): Operation {
  return operation({
    name,
    torch,
    sample: (draw) =>
      [draw.input(draw.shape(), draw.dtype(range[0] < 0 ? undefined : ['float16']), range, special)] as const,
    reference: (x) => applied(x, fn),
    tolerance,
    gradient:
      where === false
        ? false
        : where
          ? { ...smooth(), sample: (draw) => [draw.input(draw.shape(), 'float32', where)] }
          : smooth(),
    bad: [
      {
        what: 'an array instead of a tensor',
        call: () => t[name]([1, 2] as unknown as t.Tensor),
        error: DTypeError,
        message: /array.*tensor\(/,
      },
    ],
  });
}

const infinite = [NaN, Infinity, -Infinity];
const wide: Range = [-60, 60];

/** Functions of one real number. */
export const realFunctions = [
  unary('floor', { fn: Math.floor, range: [-9, 9], tolerance: exact, smooth: false, special: infinite }),
  unary('ceil', { fn: Math.ceil, range: [-9, 9], tolerance: exact, smooth: false, special: infinite }),
  unary('round', { fn: roundEven, range: [-9, 9], tolerance: exact, smooth: false, special: infinite }),
  unary('trunc', { fn: Math.trunc, range: [-9, 9], tolerance: exact, smooth: false, special: infinite }),
  unary('sqrt', {
    fn: Math.sqrt,
    range: [0, 100],
    tolerance: tolerances.sqrt,
    smooth: [0.1, 9],
    special: [NaN, Infinity, -1, 0],
  }),
  unary('rsqrt', {
    fn: (v) => 1 / Math.sqrt(v),
    range: [0.01, 100],
    tolerance: tolerances.inverseSqrt,
    smooth: [0.1, 9],
  }),
  unary('exp', { fn: Math.exp, range: [-80, 80], tolerance: tolerances.exp, smooth: [-2, 2], special: infinite }),
  unary('exp2', {
    fn: (v) => 2 ** v,
    range: [-100, 100],
    tolerance: tolerances.exp2,
    smooth: [-2, 2],
    special: infinite,
  }),
  unary('expm1', { fn: Math.expm1, range: [-2, 2], tolerance: tolerances.expm1, special: infinite }),
  unary('log', {
    fn: Math.log,
    range: [1e-3, 100],
    tolerance: tolerances.log,
    smooth: [0.1, 9],
    special: [0, NaN, Infinity, -1],
  }),
  unary('log2', {
    fn: Math.log2,
    range: [1e-3, 100],
    tolerance: tolerances.log2,
    smooth: [0.1, 9],
    special: [0, NaN, Infinity, -1],
  }),
  unary('log1p', {
    fn: Math.log1p,
    range: [-0.9, 5],
    tolerance: tolerances.log1p,
    smooth: [-0.5, 5],
    special: [-1, NaN, Infinity],
  }),
  unary('sin', { fn: Math.sin, range: wide, tolerance: tolerances.sin, special: infinite }),
  unary('cos', { fn: Math.cos, range: wide, tolerance: tolerances.cos, special: infinite }),
  unary('tan', { fn: Math.tan, range: wide, tolerance: tolerances.tan, smooth: [-1, 1], special: infinite }),
  unary('asin', { fn: Math.asin, range: [-1, 1], tolerance: tolerances.asin, smooth: [-0.9, 0.9], special: [NaN, 2] }),
  unary('acos', { fn: Math.acos, range: [-1, 1], tolerance: tolerances.acos, smooth: [-0.9, 0.9], special: [NaN, 2] }),
  unary('atan', { fn: Math.atan, range: wide, tolerance: tolerances.atan, smooth: [-3, 3], special: infinite }),
  unary('sinh', { fn: Math.sinh, range: [-20, 20], tolerance: tolerances.sinh, smooth: [-2, 2], special: infinite }),
  unary('cosh', { fn: Math.cosh, range: [-20, 20], tolerance: tolerances.cosh, smooth: [-2, 2], special: infinite }),
  unary('tanh', { fn: Math.tanh, range: [-12, 12], tolerance: tolerances.tanh, smooth: [-2, 2], special: infinite }),
  unary('asinh', { fn: Math.asinh, range: wide, tolerance: tolerances.asinh, smooth: [-3, 3], special: infinite }),
  unary('acosh', {
    fn: Math.acosh,
    range: [1, 50],
    tolerance: tolerances.acosh,
    smooth: [1.2, 9],
    special: [NaN, Infinity, 0],
  }),
  unary('atanh', {
    fn: Math.atanh,
    range: [-0.99, 0.99],
    tolerance: tolerances.atanh,
    smooth: [-0.9, 0.9],
    special: [NaN, 1, -1, 2],
  }),
  unary('erf', { fn: erf, range: [-5, 5], tolerance: tolerances.erf, smooth: [-2, 2], special: infinite }),
  unary('relu', { fn: (v) => (v <= 0 ? 0 : v), range: [-4, 4], tolerance: exact, special: infinite }),
  unary('sigmoid', {
    fn: (v) => 1 / (1 + Math.exp(-v)),
    range: [-30, 30],
    tolerance: { ulp: 8 },
    smooth: [-4, 4],
    special: infinite,
  }),
  unary('silu', {
    fn: (v) => v / (1 + Math.exp(-v)),
    range: [-30, 30],
    tolerance: { ulp: 8 },
    smooth: [-4, 4],
    special: [NaN, Infinity],
  }),
  unary('softplus', {
    fn: (v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v))),
    range: [-30, 30],
    tolerance: { ulp: 10 },
    smooth: [-4, 4],
    special: infinite,
  }),
  unary('gelu', {
    fn: (v) => 0.5 * v * (1 + erf(v / Math.SQRT2)),
    range: [-5, 5],
    tolerance: { ulp: 8, absolute: 5e-7 },
    smooth: [-3, 3],
  }),
  operation({
    name: 'leakyRelu',
    torch: 'nn.functional.leaky_relu',
    sample: (draw) => {
      const x = draw.input(draw.shape(), draw.dtype(), [-4, 4], infinite);
      return [x, draw.chance(0.3) ? undefined : draw.real([0.01, 0.5])] as const;
    },
    reference: (x, slope = 0.01) => applied(x, (v) => (v > 0 || Number.isNaN(v) ? v : slope * v)),
    tolerance: tolerances.mul,
    gradient: {
      ...smooth(),
      sample: (draw) => [
        draw.input(
          draw.shape(),
          'float32',
          draw.pick([
            [-4, -1],
            [1, 4],
          ]),
        ),
        0.1,
      ],
    },
  }),
  operation({
    name: 'elu',
    torch: 'nn.functional.elu',
    sample: (draw) => {
      const x = draw.input(draw.shape(), draw.dtype(), [-8, 8], infinite);
      return [x, draw.chance(0.3) ? undefined : draw.real([0.5, 2])] as const;
    },
    reference: (x, alpha = 1) => applied(x, (v) => (v > 0 || Number.isNaN(v) ? v : alpha * Math.expm1(v))),
    tolerance: { ulp: 5 },
    gradient: {
      ...smooth(),
      sample: (draw) => [
        draw.input(
          draw.shape(),
          'float32',
          draw.pick([
            [-3, -1],
            [1, 3],
          ]),
        ),
        0.7,
      ],
    },
  }),
];
