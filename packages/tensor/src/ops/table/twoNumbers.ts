import type { DType } from '../../dtype.js';
import * as t from '../../index.js';
import { doNotBroadcast, eighths, notABool, real, twoOperands } from './arithmetic.js';
import type { Draw, Input } from './draw.js';
import { commonDType, elementwiseOf } from './host.js';
import { exact, operation, smooth } from './operation.js';

const infinities = [NaN, Infinity, -Infinity, 0, -0];

/** Dividends and divisors whose quotients are exact in any arithmetic. */
const division = (draw: Draw): readonly [Input, Input] => {
  const shape = draw.shape();
  const dtype = draw.dtype(['int32', 'uint32']);
  if (dtype === 'float32') return [eighths(draw, draw.part(shape), false), eighths(draw, draw.part(shape), true)];
  const divisor = (): number => draw.int(1, 9) * (dtype === 'int32' && draw.chance() ? -1 : 1);
  return [draw.input(draw.part(shape), dtype, [-50, 50]), draw.inputOf(draw.part(shape), dtype, divisor)];
};

/** Quotients that are well inside of an integer's neighbourhood. */
const betweenWholes = (draw: Draw) => {
  const shape = draw.shape();
  const quotient = (): number => Math.fround(draw.int(-3, 3) + draw.real([0.2, 0.8]));
  return [draw.inputOf(shape, 'float32', quotient), draw.chance() ? 1 : draw.inputOf(shape, 'float32', () => 1)];
};

/** Further functions of two numbers. */
export const twoNumberOperations = [
  operation({
    name: 'logAddExp',
    torch: 'logaddexp',
    sample: (draw) => twoOperands(draw, [-90, 90], [-90, 90], infinities, ['int32', 'float16']),
    reference: (a, b) =>
      real([a, b], (x, y) => {
        const [high, low] = x! >= y! ? [x!, y!] : [y!, x!];
        return high + Math.log1p(Math.exp(high === low ? 0 : low - high));
      }),
    tolerance: { ulp: 8, absolute: 1e-6 },
    gradient: { ...smooth(0, 1), sample: (draw) => twoOperands(draw, [-3, 3], [-3, 3], [], []) },
    bad: [doNotBroadcast('logAddExp', t.logAddExp)],
  }),
  operation({
    name: 'hypot',
    torch: 'hypot',
    sample: (draw) =>
      draw.chance(0.2)
        ? twoOperands(draw, [1e25, 1e38], [1e25, 1e38], infinities, [])
        : twoOperands(draw, [-9, 9], [-9, 9], infinities, ['int32', 'float16']),
    reference: (a, b) => real([a, b], Math.hypot),
    tolerance: { ulp: 8 },
    gradient: { ...smooth(0, 1), sample: (draw) => twoOperands(draw, [0.5, 4], [-4, 4], [], []) },
    bad: [doNotBroadcast('hypot', t.hypot)],
  }),
  operation({
    name: 'fmod',
    torch: 'fmod',
    sample: division,
    reference(a, b) {
      const dtype: DType = commonDType([a, b]);
      return elementwiseOf([a, b], dtype, dtype, (x, y) => x % y);
    },
    tolerance: exact,
    gradient: { ...smooth(0, 1), sample: betweenWholes },
    bad: [doNotBroadcast('fmod', t.fmod), notABool('fmod', (a) => t.fmod(a, a))],
  }),
  operation({
    name: 'floorDivide',
    torch: 'floor_divide',
    sample: division,
    reference(a, b) {
      const dtype: DType = commonDType([a, b]);
      return elementwiseOf([a, b], dtype, dtype, (x, y) => Math.floor(x / y));
    },
    tolerance: exact,
    bad: [doNotBroadcast('floorDivide', t.floorDivide), notABool('floorDivide', (a) => t.floorDivide(a, a))],
  }),
];
