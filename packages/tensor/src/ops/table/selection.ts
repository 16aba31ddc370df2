import type { DType } from '../../dtype.js';
import * as t from '../../index.js';
import { specialValues, type Draw, type Input } from './draw.js';
import {
  broadcastShape,
  cast,
  elementwiseOf,
  forEachCoordinate,
  generate,
  hostExpand,
  type HostTensor,
} from './host.js';
import { bad, operation, smooth, type BadCall } from './operation.js';

const dtypes: DType[] = ['int32', 'uint32', 'float16', 'bool'];
const maskLike = (draw: Draw, shape: readonly number[]): Input => {
  const often = draw.real([0, 1]);
  return draw.inputOf(shape, draw.chance(0.8) ? 'bool' : 'int32', () => Number(draw.chance(often)));
};
const counts = (n: number): HostTensor => generate([], 'int32', () => n);

/** A list cut or filled up to a length. */
const upTo = (list: readonly number[], length: number, fill: number, dtype: DType): HostTensor =>
  generate([length], dtype, (_, i) => list[i] ?? fill);

const negative = (name: string, call: (capacity: number) => unknown): BadCall =>
  bad('a negative capacity', () => call(-1), new RegExp(`${name}.*non-negative.*-1`));

/** Elements chosen by a condition, in the form that never waits; the others are tested in ops/compact.test.ts. */
export const selectionOperations = [
  operation({
    name: 'maskedFill',
    torch: 'masked_fill',
    sample(draw): [x: Input, mask: Input, value: Input | number] {
      const x = draw.input(draw.shape(), draw.dtype(dtypes), [-9, 9], specialValues);
      const { shape, dtype } = x.value;
      const value = draw.chance() ? draw.int(0, 1) : draw.input(draw.part(shape), dtype, [-9, 9]);
      return [x, maskLike(draw, draw.part(shape)), value];
    },
    reference(x, mask, value) {
      const chosen = { ...cast(mask, 'bool'), dtype: x.dtype };
      return elementwiseOf([chosen, x, value], x.dtype, x.dtype, (m, v, fill) => (m ? fill! : v!));
    },
    gradient: smooth(0, 2),
    bad: [
      bad(
        'a mask that is larger',
        () => t.maskedFill(t.zeros([2]), t.ones([3, 2], { dtype: 'bool' }), 0),
        /maskedFill.*mask.*\[3, 2\].*\[2\]/,
      ),
      bad(
        'a value that is larger',
        () => t.maskedFill(t.zeros([2]), t.ones([2], { dtype: 'bool' }), t.zeros([3, 2])),
        /maskedFill.*value.*\[3, 2\].*\[2\]/,
      ),
    ],
  }),
  operation({
    name: 'maskedScatter',
    torch: 'masked_scatter',
    sample(draw) {
      const x = draw.input(draw.shape(), draw.dtype(dtypes), [-9, 9], specialValues);
      const { shape, dtype, data } = x.value;
      return [x, maskLike(draw, draw.part(shape)), draw.input([data.length + 1], dtype, [-9, 9])] as const;
    },
    reference(x, mask, source) {
      const chosen = hostExpand(mask, x.shape);
      let next = 0;
      return { ...x, data: x.data.map((v, i) => (chosen.data[i] === 0 ? v : source.data[next++]!)) };
    },
    gradient: smooth(0, 2),
    bad: [
      bad(
        'a mask that is larger',
        () => t.maskedScatter(t.zeros([2]), t.ones([3, 2], { dtype: 'bool' }), t.zeros([6])),
        /maskedScatter.*mask.*\[3, 2\].*\[2\]/,
      ),
      bad(
        'nothing to take',
        () => t.maskedScatter(t.zeros([2]), t.ones([2], { dtype: 'bool' }), t.zeros([0])),
        /maskedScatter.*no elements/,
      ),
    ],
  }),
  operation({
    name: 'maskedSelectUpTo',
    torch: 'masked_select',
    sample(draw) {
      const shape = draw.shape();
      const x = draw.input(draw.part(shape), draw.dtype(dtypes), [-9, 9]);
      return [x, maskLike(draw, draw.part(shape)), draw.int(0, 30)] as const;
    },
    reference(x, mask, capacity) {
      const shape = broadcastShape([x.shape, mask.shape]);
      const [values, chosen] = [hostExpand(x, shape), hostExpand(mask, shape)];
      const list = [...values.data].filter((_, i) => chosen.data[i] !== 0);
      return [upTo(list, capacity, 0, x.dtype), counts(list.length)];
    },
    gradient: smooth(),
    bad: [negative('maskedSelectUpTo', (n) => t.maskedSelectUpTo(t.zeros([2]), t.zeros([2]), n))],
  }),
  operation({
    name: 'nonzeroUpTo',
    torch: 'nonzero_static',
    sample: (draw) => [maskLike(draw, draw.shape()), draw.int(0, 30)] as const,
    reference(x, capacity) {
      const rows: number[][] = [];
      forEachCoordinate(x.shape, (at, p) => {
        if (x.data[p] !== 0) rows.push([...at]);
      });
      return [generate([capacity, x.shape.length], 'int32', ([i, k]) => rows[i!]?.[k!] ?? -1), counts(rows.length)];
    },
    bad: [negative('nonzeroUpTo', (n) => t.nonzeroUpTo(t.zeros([2]), n))],
  }),
  operation({
    name: 'uniqueUpTo',
    torch: 'unique(return_inverse=True, return_counts=True)',
    sample(draw) {
      // few different values, so that equal ones meet
      const x = draw.input(
        draw.shape(),
        draw.dtype(dtypes),
        draw.pick([
          [-2, 2],
          [-9, 9],
        ]),
        specialValues,
      );
      return [x, draw.int(0, 20)] as const;
    },
    reference(x, capacity) {
      const rank = (v: number): number => (Number.isNaN(v) ? Infinity : 0);
      const order = [...x.data.keys()].sort((i, j) => {
        const [a, b] = [x.data[i]!, x.data[j]!];
        return rank(a) || rank(b) ? Math.sign((rank(a) && 1) - (rank(b) && 1)) || i - j : a - b || i - j || 0;
      });
      const inverse = new Float64Array(x.data.length);
      const [values, many]: number[][] = [[], []];
      order.forEach((i) => {
        if (values!.at(-1) !== x.data[i]) {
          values!.push(x.data[i]!);
          many!.push(0);
        }
        many![many!.length - 1]!++;
        inverse[i] = values!.length - 1;
      });
      return [
        upTo(values!, capacity, 0, x.dtype),
        { shape: x.shape, dtype: 'int32', data: inverse },
        upTo(many!, capacity, 0, 'int32'),
        counts(values!.length),
      ];
    },
    bad: [negative('uniqueUpTo', (n) => t.uniqueUpTo(t.zeros([2]), n))],
  }),
];
