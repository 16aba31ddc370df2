import * as t from '../../index.js';
import type { Draw, Input } from './draw.js';
import { dimList, elementAt, fromFront, generate, hostReshape, hostSlice, type HostTensor } from './host.js';
import { bad, exact, operation, smooth } from './operation.js';

import { moved } from './movement.js';

const tolerance = exact;
const gradient = smooth();

type Range = null | number | readonly [number | null | undefined, number | null | undefined, number?];

/** Python's indices of a slice of a dimension of size n. */
function indicesOf(range: Range, n: number): number[] {
  if (range === null) return Array.from({ length: n }, (_, i) => i);
  if (typeof range === 'number') return [fromFront(range, n)];
  const step = range[2] ?? 1;
  const front = (v: number): number => (v < 0 ? v + n : v);
  const out: number[] = [];
  const start = range[0] ?? null;
  const end = range[1] ?? null;
  if (step > 0) {
    const from = start === null ? 0 : Math.max(front(start), 0);
    const until = end === null ? n : Math.min(front(end), n);
    for (let i = from; i < until; i += step) out.push(i);
  } else {
    const from = start === null ? n - 1 : Math.min(front(start), n - 1);
    const until = end === null ? -1 : Math.max(front(end), -1);
    for (let i = from; i > until; i += step) out.push(i);
  }
  return out;
}

/** Elements at a list of indices per dimension. */
const pickIndices = (x: HostTensor, indices: readonly (readonly number[])[]): HostTensor =>
  generate(
    indices.map((i) => i.length),
    x.dtype,
    (at) =>
      elementAt(
        x,
        at.map((c, d) => indices[d]![c]!),
      ),
  );

function sliceRange(draw: Draw, n: number): Range {
  if (draw.chance(0.2)) return null;
  if (n > 0 && draw.chance(0.2)) return draw.int(-n, n - 1);
  const end = (): number | null | undefined =>
    draw.pick([null, undefined, draw.int(-n - 2, n + 2), draw.int(-n - 2, n + 2)]);
  return draw.chance() ? [end(), end()] : [end(), end(), draw.pick([1, 2, 3, -1, -2, -3])];
}

/** Parts of tensors: slices, windows, and dimensions walked backwards. */
export const slicingOperations = [
  operation({
    name: 'slice',
    torch: 'Tensor.__getitem__',
    sample(draw) {
      const x = moved(draw);
      const some = x.value.shape.slice(0, draw.int(0, x.value.shape.length));
      return [x, ...some.map((n) => sliceRange(draw, n))] as [Input, ...Range[]];
    },
    reference(x, ...ranges) {
      const all = x.shape.map((n, d) => indicesOf(d < ranges.length ? ranges[d]! : null, n));
      const shape = all.map((i) => i.length).filter((_, d) => typeof ranges[d] !== 'number');
      return hostReshape(pickIndices(x, all), shape);
    },
    tolerance,
    gradient,
    bad: [
      bad('more ranges than dimensions', () => t.slice(t.zeros([2]), null, null), /slice.*2 ranges.*rank 1/),
      bad('an index out of range', () => t.slice(t.zeros([2]), 2), /slice.*index 2.*size 2/),
      bad('a step of 0', () => t.slice(t.zeros([2]), [0, 2, 0]), /slice.*step 0/),
      bad('a fraction', () => t.slice(t.zeros([4]), [0.5, 3]), /slice.*0\.5.*whole/),
    ],
  }),
  operation({
    name: 'narrow',
    torch: 'narrow',
    sample(draw) {
      const x = moved(draw, draw.shape(draw.int(1, 4)));
      const dim = draw.dim(x.value.shape.length);
      const n = x.value.shape.at(dim)!;
      const start = draw.int(0, n);
      return [x, dim, start, draw.int(0, n - start)] as const;
    },
    reference(x, dim, start, length) {
      const d = fromFront(dim, x.shape.length);
      const only = (value: number, rest: number): number[] => x.shape.map((_, k) => (k === d ? value : rest));
      const sizes = x.shape.map((n, k) => (k === d ? length : n));
      return hostSlice(x, only(start, 0), sizes, only(1, 1));
    },
    tolerance,
    gradient,
    bad: [
      bad('more than there is', () => t.narrow(t.zeros([4]), 0, 2, 3), /narrow.*\[2, 5\).*size 4/),
      bad('a fraction', () => t.narrow(t.zeros([4]), 0, 0.5, 2), /narrow.*0\.5/),
    ],
  }),
  operation({
    name: 'select',
    torch: 'select',
    sample(draw) {
      const shape = draw.shape(draw.int(1, 4));
      const dim = draw.dim(shape.length);
      shape[fromFront(dim, shape.length)] ||= 2;
      const n = shape.at(dim)!;
      return [moved(draw, shape), dim, draw.int(-n, n - 1)] as const;
    },
    reference(x, dim, index) {
      const d = fromFront(dim, x.shape.length);
      const indices = x.shape.map((n, k) => (k === d ? [fromFront(index, n)] : indicesOf(null, n)));
      return hostReshape(
        pickIndices(x, indices),
        x.shape.filter((_, k) => k !== d),
      );
    },
    tolerance,
    gradient,
    bad: [bad('an index out of range', () => t.select(t.zeros([2, 3]), 1, 3), /index 3.*dimension 1.*size 3/)],
  }),
  operation({
    name: 'unfold',
    torch: 'Tensor.unfold',
    sample(draw) {
      const x = moved(draw, draw.shape(draw.int(1, 3), 9));
      const dim = draw.dim(x.value.shape.length);
      const n = x.value.shape.at(dim)!;
      return n === 0 ? ([draw.input([4]), 0, 2, 1] as const) : ([x, dim, draw.int(1, n), draw.int(1, 4)] as const);
    },
    reference(x, dim, size, step) {
      const d = fromFront(dim, x.shape.length);
      const shape = x.shape.map((n, i) => (i === d ? Math.floor((n - size) / step) + 1 : n));
      return generate([...shape, size], x.dtype, (at) =>
        elementAt(
          x,
          at.slice(0, -1).map((c, i) => (i === d ? step * c + at.at(-1)! : c)),
        ),
      );
    },
    tolerance,
    gradient,
    bad: [
      bad('windows that are too long', () => t.unfold(t.zeros([2, 3]), 1, 4, 1), /unfold.*4 elements.*dimension 1.*3/),
      bad('a step of 0', () => t.unfold(t.zeros([3]), 0, 2, 0), /unfold.*step.*got 0/),
    ],
  }),
  operation({
    name: 'flip',
    torch: 'flip',
    sample(draw) {
      const x = moved(draw, draw.shape(draw.int(1, 4)));
      return [x, draw.dims(x.value.shape.length) ?? 0] as const;
    },
    reference(x, dims) {
      const named = dimList(dims, x.shape.length);
      return pickIndices(
        x,
        x.shape.map((n, d) => indicesOf(named.includes(d) ? [null, null, -1] : null, n)),
      );
    },
    tolerance,
    gradient,
    bad: [bad('a dimension that does not exist', () => t.flip(t.zeros([2]), 1), /flip.*dimension 1/)],
  }),
];
