import { DTypeError, ShapeError } from '../../errors.js';
import { tolerances } from '../../expr/stdlib/tolerances.js';
import * as t from '../../index.js';
import type { DType } from '../../dtype.js';
import { specialValues, type Draw, type Input, type Range } from './draw.js';
import { commonDType, elementwiseOf, isReal, wrap, type HostTensor } from './host.js';
import { exact, operation, smooth, type BadCall, type OperationSpec } from './operation.js';

type Operands = readonly [Input | number, Input | number];

export const doNotBroadcast = (name: string, call: (a: t.Tensor, b: t.Tensor) => unknown): BadCall => ({
  what: 'shapes that do not broadcast',
  call: () => call(t.zeros([2, 3]), t.zeros([4, 3])),
  error: ShapeError,
  message: new RegExp(`${name}.*\\[2, 3\\].*\\[4, 3\\].*broadcast`),
});
export const notABool = (name: string, call: (a: t.Tensor) => unknown): BadCall => ({
  what: 'bool operands',
  call: () => call(t.ones([2], { dtype: 'bool' })),
  error: DTypeError,
  message: new RegExp(`${name}.*bool`),
});
const notATensor = (name: string, call: (a: t.Tensor) => unknown): BadCall => ({
  what: 'an array instead of a tensor',
  call: () => call([1, 2] as unknown as t.Tensor),
  error: DTypeError,
  message: new RegExp(`${name}.*array.*tensor\\(`),
});

/** Two operands that broadcast; one of them may be a number. */
export function twoOperands(
  draw: Draw,
  first: Range = [-4, 4],
  second: Range = first,
  special: readonly number[] = specialValues,
  dtypes: readonly DType[] = ['int32', 'uint32', 'float16'],
): Operands {
  const shape = draw.shape();
  const dtype = draw.dtype(dtypes);
  const other = draw.chance(0.15) ? draw.dtype([...dtypes, 'bool']) : dtype;
  const number = (range: Range): number =>
    isReal(dtype) || draw.chance(0.1) ? draw.real(range) : draw.element(dtype, range);
  if (draw.chance(0.1)) return [draw.input(shape, dtype, first, special), number(second)];
  if (draw.chance(0.1)) return [number(first), draw.input(shape, dtype, second, special)];
  return [draw.input(draw.part(shape), dtype, first, special), draw.input(draw.part(shape), other, second, special)];
}

/** An operation of two numbers on operands of a common dtype; integers are exact and wrap. */
function arithmetic(name: 'add' | 'sub' | 'mul', fn: (a: number, b: number) => number): OperationSpec<Operands> {
  const call = t[name];
  return {
    name,
    torch: name,
    sample: (draw) => twoOperands(draw),
    reference(a, b) {
      const dtype = commonDType([a, b]);
      return elementwiseOf([a, b], dtype, dtype, (x, y) => wrap(fn(x, y), dtype));
    },
    tolerance: tolerances[name],
    gradient: smooth(0, 1),
    bad: [doNotBroadcast(name, call), notABool(name, (a) => call(a, a)), notATensor(name, (a) => call(a, t.ones([2])))],
  };
}

const realDType = (...xs: (HostTensor | number)[]): DType => {
  const dtype = commonDType(xs);
  return isReal(dtype) ? dtype : 'float32';
};

/** An operation of real numbers; integers convert. */
export const real = (xs: (HostTensor | number)[], fn: (...values: number[]) => number): HostTensor =>
  elementwiseOf(xs, realDType(...xs), realDType(...xs), fn);

/** Multiples of 1/8: quotients and remainders of these are exact in any arithmetic. */
export const eighths = (draw: Draw, shape: readonly number[], nonZero: boolean): Input =>
  draw.inputOf(
    shape,
    'float32',
    () => draw.int(1, 64) * (draw.chance() ? 1 : -1) * 0.125 * (nonZero || draw.chance(0.9) ? 1 : 0),
  );

const extreme = (name: 'maximum' | 'minimum', fn: (a: number, b: number) => number): OperationSpec<Operands> => ({
  name,
  torch: name,
  sample: (draw) => twoOperands(draw),
  reference(a, b) {
    const dtype = commonDType([a, b]);
    return elementwiseOf([a, b], dtype, dtype, fn);
  },
  tolerance: exact,
  gradient: smooth(0, 1),
  bad: [doNotBroadcast(name, t[name])],
});

const clampOf = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);

/** Arithmetic of one and two operands. */
export const arithmeticOperations = [
  operation(arithmetic('add', (a, b) => a + b)),
  operation(arithmetic('sub', (a, b) => a - b)),
  operation(arithmetic('mul', (a, b) => a * b)),
  operation({
    name: 'div',
    torch: 'div',
    sample: (draw): Operands => {
      const [a, b] = twoOperands(draw, [-8, 8], [0.1, 8]);
      return draw.chance(0.2) && typeof b !== 'number' ? [b, a] : [a, b];
    },
    reference: (a, b) => real([a, b], (x, y) => x / y),
    tolerance: tolerances.div,
    gradient: { ...smooth(0, 1), sample: (draw) => twoOperands(draw, [-8, 8], [0.5, 8], [], []) },
    bad: [doNotBroadcast('div', t.div), notATensor('div', (a) => t.div(a, t.ones([2])))],
  }),
  operation({
    name: 'remainder',
    torch: 'remainder',
    sample(draw) {
      const shape = draw.shape();
      const dtype = draw.dtype(['int32', 'uint32']);
      if (dtype === 'float32')
        return [eighths(draw, draw.part(shape), false), eighths(draw, draw.part(shape), true)] as const;
      const divisor = (): number => draw.int(1, 9) * (dtype === 'int32' && draw.chance() ? -1 : 1);
      return [draw.input(draw.part(shape), dtype, [-50, 50]), draw.inputOf(draw.part(shape), dtype, divisor)] as const;
    },
    reference(a, b) {
      const dtype = commonDType([a, b]);
      return elementwiseOf([a, b], dtype, dtype, (x, y) => {
        const r = x % y;
        return r !== 0 && r < 0 !== y < 0 ? r + y : r;
      });
    },
    tolerance: exact,
    gradient: {
      ...smooth(0, 1),
      sample: (draw) => {
        const shape = draw.shape();
        // quotients that are well inside of an integer's neighbourhood
        const quotient = (): number => Math.fround(draw.int(-3, 3) + draw.real([0.2, 0.8]));
        return [draw.inputOf(shape, 'float32', quotient), 1] as const;
      },
    },
    bad: [doNotBroadcast('remainder', t.remainder), notABool('remainder', (a) => t.remainder(a, a))],
  }),
  operation({
    name: 'pow',
    torch: 'pow',
    sample(draw): Operands {
      const mode = draw.int(0, 3);
      if (mode === 0) return twoOperands(draw, [0.01, 9], [-4, 4], [], ['float16']);
      const signed = draw.input(draw.shape(), draw.dtype(), [-4, 4]);
      if (mode === 1) return [signed, draw.pick([0, 1, 2, 3, 4, 5])];
      const positive = draw.input(draw.shape(), 'float32', [0.1, 9]);
      return [positive, draw.pick([-3, -2, -1, -0.5, 0.5, 1.5, 2.25])];
    },
    reference: (a, b) => real([a, b], Math.pow),
    tolerance: { ulp: 6 },
    gradient: { ...smooth(0, 1), sample: (draw) => twoOperands(draw, [0.2, 4], [-3, 3], [], []) },
    bad: [doNotBroadcast('pow', t.pow)],
  }),
  operation({
    name: 'atan2',
    torch: 'atan2',
    sample: (draw) => twoOperands(draw, [-4, 4], [-4, 4], []),
    reference: (a, b) => real([a, b], Math.atan2),
    tolerance: tolerances.atan2,
    gradient: { ...smooth(0, 1), sample: (draw) => twoOperands(draw, [0.5, 4], [-4, 4], [], []) },
    bad: [doNotBroadcast('atan2', t.atan2)],
  }),
  operation(extreme('maximum', Math.max)),
  operation(extreme('minimum', Math.min)),
  operation({
    name: 'clamp',
    torch: 'clamp',
    sample(draw) {
      const shape = draw.shape();
      const dtype = draw.dtype();
      const x = draw.input(shape, dtype, [-4, 6], specialValues);
      const limit = (range: Range): Input | number =>
        draw.chance(0.7) ? draw.element(dtype, range) : draw.input(draw.part(shape), dtype, range);
      const low = limit([0, 2]);
      const high = limit(draw.chance(0.8) ? [2, 4] : [0, 2]); // sometimes below `low`: then the answer is `high`
      const mode = draw.int(0, 4);
      return [x, mode === 0 ? undefined : low, mode <= 1 ? undefined : high] as const;
    },
    reference(x, low, high) {
      const limits = [low, high].filter((v) => v !== undefined);
      const dtype = commonDType([x, ...limits]);
      return elementwiseOf([x, low ?? -Infinity, high ?? Infinity], dtype, dtype, clampOf);
    },
    tolerance: exact,
    gradient: smooth(),
    bad: [
      {
        what: 'limits that do not broadcast',
        call: () => t.clamp(t.zeros([2, 3]), t.zeros([2]), 1),
        error: ShapeError,
        message: /clamp.*\[2, 3\].*\[2\]/,
      },
    ],
  }),
  operation({
    name: 'lerp',
    torch: 'lerp',
    sample(draw) {
      const shape = draw.shape();
      const dtype = draw.dtype(['float16', 'int32']);
      const weight = draw.chance(0.3) ? draw.real([0, 1]) : draw.input(draw.part(shape), 'float32', [-1, 2]);
      return [draw.input(draw.part(shape), dtype), draw.input(draw.part(shape), dtype), weight] as const;
    },
    reference(a, b, w) {
      const result = real([a, b, w], (x, y, z) => x! + (y! - x!) * z!);
      const scale = real([a, b, w], (x, y, z) => Math.abs(x!) + (Math.abs(y!) + Math.abs(x!)) * Math.abs(z!)).data;
      return { ...result, scale };
    },
    tolerance: { ulp: 3 },
    gradient: smooth(0, 1, 2),
    bad: [
      {
        what: 'shapes that do not broadcast',
        call: () => t.lerp(t.zeros([2]), t.zeros([3]), 0.5),
        error: ShapeError,
        message: /lerp.*\[2\].*\[3\]/,
      },
    ],
  }),
  operation({
    name: 'neg',
    torch: 'neg',
    sample: (draw) => [draw.input(draw.shape(), draw.dtype(), [-4, 4], specialValues)] as const,
    reference: (x) => elementwiseOf([x], x.dtype, x.dtype, (v) => wrap(-v, x.dtype)),
    gradient: smooth(),
    bad: [notABool('neg', t.neg), notATensor('neg', t.neg)],
  }),
  operation({
    name: 'abs',
    torch: 'abs',
    sample: (draw) => [draw.input(draw.shape(), draw.dtype(), [-4, 4], specialValues)] as const,
    reference: (x) => elementwiseOf([x], x.dtype, x.dtype, Math.abs),
    gradient: smooth(),
    bad: [notABool('abs', t.abs)],
  }),
  operation({
    name: 'sign',
    torch: 'sign',
    sample: (draw) => [draw.input(draw.shape(), draw.dtype(), [-4, 4], [0, -0, Infinity, -Infinity])] as const,
    reference: (x) => elementwiseOf([x], x.dtype, x.dtype, Math.sign),
    bad: [notABool('sign', t.sign)],
  }),
  operation({
    name: 'square',
    torch: 'square',
    sample: (draw) => [draw.input(draw.shape(), draw.dtype(), [-4, 4], specialValues)] as const,
    reference: (x) => elementwiseOf([x], x.dtype, x.dtype, (v) => wrap(v * v, x.dtype)),
    tolerance: tolerances.mul,
    gradient: smooth(),
    bad: [notABool('mul', t.square)],
  }),
  operation({
    name: 'reciprocal',
    torch: 'reciprocal',
    sample: (draw) => [draw.input(draw.shape(), draw.dtype(), [1, 8], [0, -0, Infinity, NaN])] as const,
    reference: (x) => real([x], (v) => 1 / v!),
    tolerance: tolerances.div,
    gradient: smooth(),
    bad: [notATensor('div', t.reciprocal)],
  }),
];
