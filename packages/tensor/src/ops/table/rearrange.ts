import type { DType } from '../../dtype.js';
import * as t from '../../index.js';
import type { Draw, Input } from './draw.js';
import { elementAt, fromFront, generate, hostPermute, type HostTensor } from './host.js';
import { bad, operation, smooth } from './operation.js';

const dtypes: DType[] = ['int32', 'uint32', 'float16', 'bool'];
const moved = (draw: Draw, rank = draw.int(1, 4)): Input => draw.input(draw.shape(rank), draw.dtype(dtypes), [-9, 9]);
const gradient = smooth();

/** Part of a dimension. */
const part = (x: HostTensor, d: number, start: number, length: number): HostTensor =>
  generate(
    x.shape.map((n, k) => (k === d ? length : n)),
    x.dtype,
    (at) =>
      elementAt(
        x,
        at.map((c, k) => (k === d ? start + c : c)),
      ),
  );

function cut(x: HostTensor, d: number, lengths: readonly number[]): HostTensor[] {
  let start = 0;
  return lengths.map((length) => part(x, d, (start += length) - length, length));
}

/** Lengths of runs of `size` that fill n; one of none for n = 0. */
function runs(n: number, size: number): number[] {
  const lengths: number[] = [];
  for (let left = n; left > 0; left -= size) lengths.push(Math.min(size, left));
  return lengths.length > 0 ? lengths : [0];
}

const repeated = (x: HostTensor, counts: readonly number[]): HostTensor => {
  const shape = [...counts.slice(x.shape.length).map(() => 1), ...x.shape];
  return generate(
    shape.map((n, d) => n * counts[d]!),
    x.dtype,
    (at) =>
      elementAt(
        { ...x, shape },
        at.map((c, d) => c % shape[d]!),
      ),
  );
};

/** Tensors cut, repeated and moved. */
export const rearrangeOperations = [
  operation({
    name: 'split',
    torch: 'split',
    sample(draw) {
      const x = moved(draw);
      const dim = draw.dim(x.value.shape.length);
      const n = x.value.shape[fromFront(dim, x.value.shape.length)]!;
      const first = draw.int(0, n);
      return [x, draw.chance() ? draw.int(1, 7) : [first, 0, n - first], dim] as const;
    },
    reference(x, sizes, dim) {
      const d = fromFront(dim, x.shape.length);
      return cut(x, d, typeof sizes === 'number' ? runs(x.shape[d]!, sizes) : sizes);
    },
    gradient,
    bad: [
      bad('parts of no elements', () => t.split(t.zeros([4]), 0), /split.*1 or more.*0/),
      bad('lengths that do not add up', () => t.split(t.zeros([4]), [1, 2]), /split.*\[1, 2\].*4/),
      bad('a dimension that does not exist', () => t.split(t.zeros([4]), 2, 1), /split.*dimension 1/),
    ],
  }),
  operation({
    name: 'chunk',
    torch: 'chunk',
    sample(draw) {
      const x = moved(draw);
      return [x, draw.int(1, 7), draw.dim(x.value.shape.length)] as const;
    },
    reference(x, count, dim) {
      const d = fromFront(dim, x.shape.length);
      const n = x.shape[d]!;
      return cut(x, d, n === 0 ? Array.from({ length: count }, () => 0) : runs(n, Math.ceil(n / count)));
    },
    gradient,
    bad: [bad('no parts', () => t.chunk(t.zeros([4]), 0), /chunk.*1 or more.*0/)],
  }),
  operation({
    name: 'unstack',
    torch: 'unbind',
    sample(draw) {
      const x = moved(draw);
      return [x, draw.dim(x.value.shape.length)] as const;
    },
    reference(x, dim) {
      const d = fromFront(dim, x.shape.length);
      return Array.from({ length: x.shape[d]! }, (_, i) => {
        const slab = part(x, d, i, 1);
        return { ...slab, shape: slab.shape.filter((_n, k) => k !== d) };
      });
    },
    gradient,
    bad: [bad('a number', () => t.unstack(t.scalar(1)), /unstack.*dimension 0.*rank 0/)],
  }),
  operation({
    name: 'repeat',
    torch: 'Tensor.repeat',
    sample(draw) {
      const x = moved(draw, draw.int(0, 3));
      const more = draw.int(0, 1);
      return [
        x,
        Array.from({ length: x.value.shape.length + more }, () => draw.int(draw.chance(0.1) ? 0 : 1, 3)),
      ] as const;
    },
    reference: repeated,
    gradient,
    bad: [
      bad('fewer counts than dimensions', () => t.repeat(t.zeros([2, 2]), [2]), /repeat.*1 counts.*rank 2.*tile/),
      bad('a negative count', () => t.repeat(t.zeros([2]), [-1]), /repeat.*non-negative/),
    ],
  }),
  operation({
    name: 'tile',
    torch: 'tile',
    sample(draw) {
      const x = moved(draw, draw.int(0, 3));
      return [x, Array.from({ length: draw.int(0, 3) }, () => draw.int(1, 3))] as const;
    },
    reference: (x, counts) =>
      repeated(x, [...x.shape.slice(0, Math.max(0, x.shape.length - counts.length)).map(() => 1), ...counts]),
    gradient,
    bad: [bad('a negative count', () => t.tile(t.zeros([2]), [-1]), /repeat.*non-negative/)],
  }),
  operation({
    name: 'repeatInterleave',
    torch: 'repeat_interleave',
    sample(draw) {
      const x = moved(draw);
      return [x, draw.int(0, 3), draw.dim(x.value.shape.length)] as const;
    },
    reference(x, count, dim) {
      const d = fromFront(dim, x.shape.length);
      return generate(
        x.shape.map((n, k) => (k === d ? n * count : n)),
        x.dtype,
        (at) =>
          elementAt(
            x,
            at.map((c, k) => (k === d ? Math.floor(c / count) : c)),
          ),
      );
    },
    gradient,
    bad: [bad('half a time', () => t.repeatInterleave(t.zeros([2]), 0.5, 0), /repeatInterleave.*integers.*0\.5/)],
  }),
  operation({
    name: 'roll',
    torch: 'roll',
    sample(draw): [x: Input, shifts: number | number[], dims: number | number[] | undefined] {
      const x = moved(draw);
      const rank = x.value.shape.length;
      if (draw.chance(0.3)) return [x, draw.int(-7, 7), undefined];
      if (draw.chance()) return [x, draw.int(-7, 7), draw.dim(rank)];
      return [x, [draw.int(-7, 7), draw.int(-2, 2)], [draw.dim(rank), draw.dim(rank)]];
    },
    reference(x, shifts, dims) {
      const turn = (c: number, n: number, by: number): number => (((c - by) % n) + n) % n;
      if (dims === undefined) {
        return generate(x.shape, x.dtype, (_, p) => x.data[turn(p, x.data.length, shifts as number)]!);
      }
      const [by, along] = [[shifts].flat(), [dims].flat()] as [number[], number[]];
      return along.reduce((y, dim, k) => {
        const d = fromFront(dim, x.shape.length);
        const from = (at: readonly number[]): number[] =>
          at.map((c, i) => (i === d ? turn(c, x.shape[d]!, by[k]!) : c));
        return generate(x.shape, x.dtype, (at) => elementAt(y, from(at)));
      }, x);
    },
    gradient,
    bad: [
      bad('two shifts for one dimension', () => t.roll(t.zeros([2]), [1, 2], 0), /roll.*\[1, 2\].*\[0\]/),
      bad('shifts without dimensions', () => t.roll(t.zeros([2]), [1]), /roll.*one whole number for each dimension/),
    ],
  }),
  operation({
    name: 'movedim',
    torch: 'movedim',
    sample(draw): [x: Input, from: number | number[], to: number | number[]] {
      const x = moved(draw);
      const rank = x.value.shape.length;
      if (draw.chance()) return [x, draw.dim(rank), draw.dim(rank)];
      const some = draw.int(0, rank);
      const dims = (): number[] => draw.shuffle(x.value.shape.map((_, d) => d)).slice(0, some);
      return [x, dims(), dims()];
    },
    reference(x, from, to) {
      const front = (dims: number | readonly number[]): number[] =>
        [dims].flat().map((d) => fromFront(d as number, x.shape.length));
      const order: number[] = [];
      front(to).forEach((d, k) => (order[d] = front(from)[k]!));
      const rest = x.shape.map((_, d) => d).filter((d) => !front(from).includes(d));
      return hostPermute(
        x,
        x.shape.map((_, d) => order[d] ?? rest.shift()!),
      );
    },
    gradient,
    bad: [
      bad('lists of two lengths', () => t.movedim(t.zeros([2, 3]), [0], [0, 1]), /movedim.*\[0\] and \[0,1\]/),
      bad('a dimension named twice', () => t.movedim(t.zeros([2, 3]), [0, 0], [0, 1]), /movedim.*named once/),
    ],
  }),
];
