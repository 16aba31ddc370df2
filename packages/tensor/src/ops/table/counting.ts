import { DTypeError } from '../../errors.js';
import * as t from '../../index.js';
import { specialValues, type Draw, type Input } from './draw.js';
import { elementAt, generate, hostReshape, type HostTensor } from './host.js';
import { bad, exact, operation, smooth, type Operation, type OperationTolerance } from './operation.js';

const ints = { dtype: 'int32' } as const;

/** Ascending numbers with equal ones among them, every row by itself; NaN at the end. */
function ascending(draw: Draw, shape: readonly number[], dtype: t.DType): Input {
  const nan = dtype === 'float32' && draw.chance(draw.options.special ?? 0);
  const rows = shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const values = Array.from({ length: rows }, () => {
    const row = Array.from({ length: shape.at(-1)! }, () => draw.element(dtype, [-4, 4])).sort((a, b) => a - b);
    if (nan && row.length > 0) row[row.length - 1] = NaN;
    return row;
  }).flat();
  let i = 0;
  return draw.stored(shape, dtype, () => values[i++]!);
}

/** How many elements of a sorted list stand before the place of a value. */
const placeIn = (list: readonly number[], v: number, right: boolean): number =>
  list.filter((a) => {
    const less = a < v || (Number.isNaN(v) && !Number.isNaN(a));
    return less || (right && (a === v || (Number.isNaN(a) && Number.isNaN(v))));
  }).length;

const options = (draw: Draw) => draw.pick([undefined, { right: true }, { right: false }]);

function segments(
  name: 'segmentSum' | 'segmentMean' | 'segmentMax' | 'segmentMin',
  torch: string,
  fold: (values: number[]) => number,
  tolerance: OperationTolerance = exact,
): Operation {
  const sum = name === 'segmentSum' || name === 'segmentMean';
  return operation({
    name,
    torch,
    sample(draw) {
      const shape = [draw.chance(0.1) ? draw.int(200, 700) : draw.int(0, 9), ...draw.shape(draw.int(0, 2), 4)];
      const x = draw.input(shape, draw.dtype(['float16']), [-4, 4], sum ? [] : specialValues);
      const ends = Array.from({ length: draw.int(1, 6) }, () => draw.int(0, shape[0]!)).sort((a, b) => a - b);
      let i = 0;
      return [x, draw.stored([ends.length], draw.chance(0.2) ? 'uint32' : 'int32', () => ends[i++]!)] as const;
    },
    reference(x, offsets) {
      const row = x.shape.slice(1);
      const width = row.reduce((a, b) => a * b, 1);
      const over = (fn: (values: number[]) => number) =>
        generate([offsets.data.length - 1, width], x.dtype, ([s, c]) => {
          const values: number[] = [];
          for (let n = offsets.data[s!]!; n < offsets.data[s! + 1]!; n++) values.push(x.data[n * width + c!]!);
          return fn(values);
        });
      const shape = [offsets.data.length - 1, ...row];
      // numbers that are added one after the other: what rounding may cost grows with how many they are
      const size = (values: number[]): number => fold(values.map(Math.abs)) * Math.max(1, values.length / 64);
      const scale = sum ? { scale: over(size).data } : {};
      return { ...hostReshape(over(fold), shape), ...scale };
    },
    tolerance,
    gradient: smooth(),
    bad: [
      bad('no offsets', () => t[name](t.zeros([3]), t.zeros([0], ints)), new RegExp(`${name}.*offsets.*\\[0\\]`)),
      bad('real offsets', () => t[name](t.zeros([3]), t.zeros([2])), new RegExp(`${name}.*offsets.*int32`), DTypeError),
      bad(
        'integers',
        () => t[name](t.zeros([3], ints), t.zeros([2], ints)),
        new RegExp(`${name}.*float32.*int32.*\\.to\\(`),
        DTypeError,
      ),
    ],
  });
}

const total = (values: number[]): number => values.reduce((a, b) => a + b, 0);

/** Counts per bin, with or without weights. */
function binned(bins: number, numbers: readonly number[], weights: HostTensor | undefined): HostTensor {
  const data = new Float64Array(bins);
  const scale = new Float64Array(bins);
  numbers.forEach((b, i) => {
    if (b < 0 || b >= bins) return;
    data[b]! += weights?.data[i] ?? 1;
    scale[b]! += Math.abs(weights?.data[i] ?? 1);
  });
  return { shape: [bins], dtype: weights?.dtype ?? 'int32', data, scale };
}

const weightsFor = (draw: Draw, x: Input): Input | undefined =>
  draw.chance() ? draw.input(x.value.shape, draw.chance(0.8) ? 'float32' : 'int32') : undefined;

/** Places in sorted sequences, counts, and folds of consecutive rows. */
export const countingOperations = [
  operation({
    name: 'searchSorted',
    torch: 'searchsorted',
    sample(draw) {
      const dtype = draw.dtype(['int32', 'uint32']);
      const shape = draw.shape(draw.int(1, 3));
      const batch = draw.chance() ? [] : shape.slice(0, -1);
      const sorted = ascending(draw, [...batch, draw.int(draw.chance(0.1) ? 0 : 1, 9)], dtype);
      return [sorted, draw.input(shape, dtype, [-4, 4], specialValues), options(draw)] as const;
    },
    reference(sorted, values, given) {
      const n = sorted.shape.at(-1)!;
      const m = values.shape.at(-1)!;
      return generate(values.shape, 'int32', (_, p) => {
        const row = sorted.shape.length === 1 ? 0 : Math.floor(p / m);
        return placeIn([...sorted.data.subarray(row * n, (row + 1) * n)], values.data[p]!, given?.right ?? false);
      });
    },
    bad: [
      bad('a number', () => t.searchSorted(t.scalar(1), t.zeros([2])), /searchSorted.*\[n\].*\[\]/),
      bad(
        'batches that differ',
        () => t.searchSorted(t.zeros([2, 3]), t.zeros([3, 3])),
        /searchSorted.*\[2, 3\].*\[3, 3\]/,
      ),
    ],
  }),
  operation({
    name: 'bucketize',
    torch: 'bucketize',
    sample(draw) {
      const dtype = draw.dtype(['int32', 'uint32']);
      return [draw.input(draw.shape(), dtype), ascending(draw, [draw.int(0, 9)], dtype), options(draw)] as const;
    },
    reference: (x, boundaries, given) =>
      generate(x.shape, 'int32', (at) => placeIn([...boundaries.data], elementAt(x, at), given?.right ?? false)),
    bad: [bad('a table', () => t.bucketize(t.zeros([2]), t.zeros([2, 2])), /bucketize.*boundaries.*\[2, 2\]/)],
  }),
  operation({
    name: 'segmentOffsets',
    torch: 'searchsorted',
    sample: (draw) => [ascending(draw, [draw.int(0, 12)], draw.pick(['int32', 'uint32'])), draw.int(0, 4)] as const,
    reference: (ids, count) => generate([count + 1], 'int32', ([s]) => placeIn([...ids.data], s!, false)),
    bad: [
      bad('real ids', () => t.segmentOffsets(t.zeros([2]), 3), /segmentOffsets.*int32.*float32/, DTypeError),
      bad('half a segment', () => t.segmentOffsets(t.zeros([2], ints), 0.5), /segmentOffsets.*whole.*0\.5/),
      bad('a table', () => t.segmentOffsets(t.zeros([2, 2], ints), 3), /segmentOffsets.*\[2, 2\]/),
    ],
  }),
  segments('segmentSum', 'segment_reduce', total, { ulp: 16 }),
  segments('segmentMean', 'segment_reduce', (values) => total(values) / values.length, { ulp: 16 }),
  segments('segmentMax', 'segment_reduce', (values) => values.reduce((a, b) => Math.max(a, b), -Infinity)),
  segments('segmentMin', 'segment_reduce', (values) => values.reduce((a, b) => Math.min(a, b), Infinity)),
  operation({
    name: 'binCount',
    torch: 'bincount',
    sample(draw) {
      const x = draw.input(draw.shape(), draw.chance(0.2) ? 'uint32' : 'int32', [-1, 6]);
      return [x, draw.int(0, 6), weightsFor(draw, x)] as const;
    },
    reference: (x, bins, weights) => binned(bins, [...x.data], weights),
    tolerance: { ulp: 8, absolute: 1e-6 },
    gradient: smooth(2),
    bad: [
      bad('real numbers', () => t.binCount(t.zeros([2]), 3), /binCount.*int32.*float32.*histogram/, DTypeError),
      bad(
        'weights of another shape',
        () => t.binCount(t.zeros([2], ints), 3, t.zeros([3])),
        /binCount.*weights \[3\].*\[2\]/,
      ),
    ],
  }),
  operation({
    name: 'histogram',
    torch: 'histc',
    sample(draw) {
      const x = draw.input(draw.shape(), draw.dtype(['int32', 'float16']), [-5, 5], specialValues);
      return [x, draw.int(1, 9), -4, draw.pick([4, 0]), weightsFor(draw, x)] as const;
    },
    reference(x, bins, low, high, weights) {
      const place = (v: number): number =>
        v >= low && v <= high ? Math.min(Math.floor(((v - low) * bins) / (high - low)), bins - 1) : -1;
      return binned(bins, Array.from(x.data, place), weights);
    },
    tolerance: { ulp: 8, absolute: 1e-6 },
    gradient: smooth(4),
    bad: [
      bad('an empty range', () => t.histogram(t.zeros([2]), 3, 1, 1), /histogram.*low < high.*\[1, 1\]/),
      bad('no bins', () => t.histogram(t.zeros([2]), 0, 0, 1), /histogram.*at least one bin.*0 bins/),
    ],
  }),
];
