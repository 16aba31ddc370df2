import { DTypeError, ShapeError } from '../../errors.js';
import type { DType } from '../../dtype.js';
import * as t from '../../index.js';
import { twoOperands } from './arithmetic.js';
import { specialValues, type Draw, type Input } from './draw.js';
import { cast, commonDType, elementwiseOf, type HostTensor } from './host.js';
import { operation, smooth, type Operation } from './operation.js';

const all: readonly DType[] = ['int32', 'uint32', 'float16', 'bool'];
const every: readonly DType[] = ['float32', ...all];

function comparison(name: 'lt' | 'le' | 'gt' | 'ge' | 'eq' | 'ne', fn: (a: number, b: number) => boolean): Operation {
  return operation({
    name,
    torch: name,
    sample(draw) {
      // few different values, so that equal ones meet
      const [a, b] = twoOperands(draw, [-2, 2], [-2, 2], specialValues, all);
      return [a, b] as const;
    },
    reference: (a, b) => elementwiseOf([a, b], commonDType([a, b]), 'bool', (x, y) => Number(fn(x, y))),
    bad: [
      {
        what: 'shapes that do not broadcast',
        call: () => t[name](t.zeros([2]), t.zeros([3])),
        error: ShapeError,
        message: new RegExp(`${name}.*\\[2\\].*\\[3\\]`),
      },
    ],
  });
}

const anyInput = (draw: Draw, shape: readonly number[]): Input =>
  draw.input(shape, draw.dtype(all), [-2, 2], specialValues);

function logical(
  name: 'logicalAnd' | 'logicalOr' | 'logicalXor',
  torch: string,
  fn: (a: number, b: number) => number,
): Operation {
  return operation({
    name,
    torch,
    sample(draw) {
      const shape = draw.shape();
      return [anyInput(draw, draw.part(shape)), anyInput(draw, draw.part(shape))] as const;
    },
    reference: (a, b) => elementwiseOf([cast(a, 'bool'), cast(b, 'bool')], 'bool', 'bool', fn),
    bad: [
      {
        what: 'shapes that do not broadcast',
        call: () => t[name](t.zeros([2]), t.zeros([3])),
        error: ShapeError,
        message: /\[2\].*\[3\]/,
      },
    ],
  });
}

const classify = (name: 'isNaN' | 'isInf' | 'isFinite', torch: string, fn: (v: number) => boolean): Operation =>
  operation({
    name,
    torch,
    sample: (draw) => [draw.input(draw.shape(), draw.dtype(all), [-2, 2], specialValues)] as const,
    reference: (x) => elementwiseOf([x], x.dtype, 'bool', (v) => Number(fn(v))),
  });

const truth = (x: HostTensor): HostTensor => cast(x, 'bool');

/** Comparison, logic, choice and conversion. */
export const logicOperations = [
  comparison('lt', (a, b) => a < b),
  comparison('le', (a, b) => a <= b),
  comparison('gt', (a, b) => a > b),
  comparison('ge', (a, b) => a >= b),
  comparison('eq', (a, b) => a === b),
  comparison('ne', (a, b) => a !== b),
  logical('logicalAnd', 'logical_and', (a, b) => a & b),
  logical('logicalOr', 'logical_or', (a, b) => a | b),
  logical('logicalXor', 'logical_xor', (a, b) => a ^ b),
  operation({
    name: 'logicalNot',
    torch: 'logical_not',
    sample: (draw) => [anyInput(draw, draw.shape())] as const,
    reference: (x) => elementwiseOf([truth(x)], 'bool', 'bool', (v) => 1 - v),
  }),
  classify('isNaN', 'isnan', Number.isNaN),
  classify('isInf', 'isinf', (v) => Math.abs(v) === Infinity),
  classify('isFinite', 'isfinite', Number.isFinite),
  operation({
    name: 'where',
    torch: 'where',
    receiver: 1,
    sample(draw) {
      const [a, b] = twoOperands(draw, [-4, 4], [-4, 4], specialValues, all);
      const shape =
        typeof a !== 'number' && typeof b !== 'number'
          ? draw.part(elementwiseOf([a.value, b.value], 'float32', 'float32', () => 0).shape)
          : [];
      return [draw.input(shape, draw.chance(0.8) ? 'bool' : 'int32', [-1, 1]), a, b] as const;
    },
    reference(c, a, b) {
      const dtype = commonDType([a, b]);
      const mask = truth(c);
      return elementwiseOf([{ ...mask, dtype }, a, b], dtype, dtype, (m, x, y) => (m ? x! : y!));
    },
    gradient: smooth(1, 2),
    bad: [
      {
        what: 'shapes that do not broadcast',
        call: () => t.where(t.ones([2], { dtype: 'bool' }), t.zeros([3]), 0),
        error: ShapeError,
        message: /where.*\[2\].*\[3\]/,
      },
    ],
  }),
  operation({
    name: 'to',
    torch: 'to',
    sample: (draw) => [draw.input(draw.shape(), draw.pick(every), [-9, 9]), draw.pick(every)] as const,
    reference: (x, dtype) => cast(x, dtype),
    tolerance: { ulp: 0 },
    gradient: { ...smooth(), sample: (draw) => [draw.input(draw.shape()), 'float32'] },
    bad: [
      {
        what: 'a dtype that does not exist',
        call: () => t.to(t.zeros([2]), 'float64' as t.DType),
        error: DTypeError,
        message: /float64.*float32/,
      },
    ],
  }),
];
