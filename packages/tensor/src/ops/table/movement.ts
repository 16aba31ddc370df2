import { ChiaroError } from '../../errors.js';
import type { DType } from '../../dtype.js';
import * as t from '../../index.js';
import { sizeOf } from '../../shape.js';
import type { Draw, Input } from './draw.js';
import {
  commonDType,
  cast,
  dimList,
  elementAt,
  fromFront,
  generate,
  hostExpand,
  hostPermute,
  hostReshape,
  type HostTensor,
} from './host.js';
import { bad, exact, operation, smooth, type OperationTolerance } from './operation.js';

const dtypes: DType[] = ['int32', 'uint32', 'float16', 'bool'];
/** A tensor of any dtype: elements are moved, not computed with. */
export const moved = (draw: Draw, shape: readonly number[] = draw.shape()): Input =>
  draw.input(shape, draw.dtype(dtypes), [-9, 9]);
const tolerance: OperationTolerance = exact;
const gradient = smooth();

const sideBySide = (tensors: readonly HostTensor[], dim: number): HostTensor => {
  const dtype = commonDType(tensors);
  const parts = tensors.map((x) => cast(x, dtype));
  const shape = parts[0]!.shape.map((n, d) => (d === dim ? parts.reduce((s, p) => s + p.shape[d]!, 0) : n));
  return generate(shape, dtype, (at) => {
    let c = at[dim]!;
    const part = parts.find((p) => {
      if (c < p.shape[dim]!) return true;
      c -= p.shape[dim]!;
      return false;
    });
    return elementAt(
      part!,
      at.map((v, d) => (d === dim ? c : v)),
    );
  });
};

/** Views of whole tensors, and what puts tensors together. */
export const movementOperations = [
  operation({
    name: 'reshape',
    torch: 'reshape',
    sample(draw) {
      const x = moved(draw);
      const size = sizeOf(x.value.shape);
      const first = draw.pick([1, 2, 3, 4, 5, 6, 8, 10, 12].filter((d) => size % d === 0));
      const shape = draw.pick([
        [size],
        [first, size / first],
        [1, size / first, first],
        size > 0 ? [first, -1] : [0, 3],
      ]);
      return [x, shape] as const;
    },
    reference(x, shape) {
      const size = sizeOf(x.shape);
      const known = shape.filter((n) => n !== -1).reduce((a, b) => a * b, 1);
      return hostReshape(
        x,
        shape.map((n) => (n === -1 ? size / known : n)),
      );
    },
    tolerance,
    gradient,
    bad: [
      bad(
        'another number of elements',
        () => t.reshape(t.zeros([2, 3]), [4, 2]),
        /reshape.*\[2, 3\].*6 elements.*\[4, 2\]/,
      ),
      bad('two sizes to be worked out', () => t.reshape(t.zeros([2, 3]), [-1, -1]), /reshape.*at most one may be -1/),
      bad('a size that does not divide', () => t.reshape(t.zeros([2, 3]), [4, -1]), /reshape.*\[2, 3\]/),
    ],
  }),
  operation({
    name: 'flatten',
    torch: 'flatten',
    sample(draw) {
      const shape = draw.shape();
      const rank = shape.length;
      const start = rank === 0 ? 0 : draw.int(0, rank - 1);
      const end = rank === 0 ? -1 : draw.int(start, rank - 1);
      return (
        draw.chance(0.3) ? [moved(draw, shape)] : [moved(draw, shape), start, draw.chance() ? end : end - rank]
      ) as [Input, number?, number?];
    },
    reference(x, start = 0, end = -1) {
      const rank = x.shape.length;
      if (rank === 0) return hostReshape(x, [1]);
      const e = fromFront(end, rank);
      return hostReshape(x, [...x.shape.slice(0, start), sizeOf(x.shape.slice(start, e + 1)), ...x.shape.slice(e + 1)]);
    },
    tolerance,
    gradient,
    bad: [bad('the end before the start', () => t.flatten(t.zeros([2, 3]), 1, 0), /flatten.*start.*end/)],
  }),
  operation({
    name: 'permute',
    torch: 'permute',
    sample(draw) {
      const x = moved(draw);
      const rank = x.value.shape.length;
      return [x, draw.shuffle(x.value.shape.map((_, d) => d - (draw.chance(0.2) ? rank : 0)))] as const;
    },
    reference: (x, dims) =>
      hostPermute(
        x,
        dims.map((d) => fromFront(d, x.shape.length)),
      ),
    tolerance,
    gradient,
    bad: [
      bad(
        'a dimension named twice',
        () => t.permute(t.zeros([2, 3]), [0, 0]),
        /permute.*each of the 2 dimensions once/,
      ),
      bad('a dimension left out', () => t.permute(t.zeros([2, 3]), [0]), /permute.*each of the 2/),
    ],
  }),
  operation({
    name: 'transpose',
    torch: 'transpose',
    sample(draw) {
      const x = moved(draw, draw.shape(draw.int(2, 4)));
      const rank = x.value.shape.length;
      return (draw.chance(0.3) ? [x] : [x, draw.dim(rank), draw.dim(rank)]) as [Input, number?, number?];
    },
    reference(x, a = -2, b = -1) {
      const rank = x.shape.length;
      const axes = x.shape.map((_, d) => d);
      axes[fromFront(a, rank)] = fromFront(b, rank);
      axes[fromFront(b, rank)] = fromFront(a, rank);
      return hostPermute(x, axes);
    },
    tolerance,
    gradient,
    bad: [bad('a vector', () => t.transpose(t.zeros([2])), /transpose.*rank 1/)],
  }),
  operation({
    name: 'unsqueeze',
    torch: 'unsqueeze',
    sample(draw) {
      const x = moved(draw, draw.shape(draw.int(0, 3)));
      return [x, draw.int(-x.value.shape.length - 1, x.value.shape.length)] as const;
    },
    reference(x, dim) {
      const d = fromFront(dim, x.shape.length + 1);
      return hostReshape(x, [...x.shape.slice(0, d), 1, ...x.shape.slice(d)]);
    },
    tolerance,
    gradient,
    bad: [bad('a place beyond the rank', () => t.unsqueeze(t.zeros([2]), 3), /unsqueeze.*3/)],
  }),
  operation({
    name: 'squeeze',
    torch: 'squeeze',
    sample(draw) {
      const shape = draw.shape().map((n) => (draw.chance(0.4) ? 1 : n));
      return [moved(draw, shape), draw.dims(shape.length)] as const;
    },
    reference(x, dims) {
      const named = dimList(dims, x.shape.length);
      return hostReshape(
        x,
        x.shape.filter((n, d) => n !== 1 || !named.includes(d)),
      );
    },
    tolerance,
    gradient,
    bad: [bad('a dimension that does not exist', () => t.squeeze(t.zeros([2]), 1), /squeeze.*dimension 1/)],
  }),
  operation({
    name: 'expand',
    torch: 'expand',
    sample(draw) {
      const shape = draw.shape();
      const x = moved(draw, draw.part(shape));
      const from = shape.length - x.value.shape.length;
      return [
        x,
        shape.map((n, d) => (d >= from && x.value.shape[d - from] === n && draw.chance(0.2) ? -1 : n)),
      ] as const;
    },
    reference: (x, shape) =>
      hostExpand(
        x,
        shape.map((n, d) => (n === -1 ? x.shape[d - shape.length + x.shape.length]! : n)),
      ),
    tolerance,
    gradient,
    bad: [
      bad('a size that is not 1', () => t.expand(t.zeros([2, 3]), [4, 3]), /expand.*\[2, 3\].*\[4, 3\]/),
      bad('fewer dimensions', () => t.expand(t.zeros([2, 3]), [3]), /expand/),
      bad('-1 for a new dimension', () => t.expand(t.zeros([3]), [-1, 3]), /expand/),
    ],
  }),
  operation({
    name: 'pad',
    torch: 'nn.functional.pad',
    sample(draw) {
      const x = moved(draw);
      const count = draw.int(0, x.value.shape.length);
      const sizes = x.value.shape.slice(x.value.shape.length - count);
      const amounts = sizes.map((n): [number, number] => {
        const before = draw.int(-Math.min(n, 2), 3);
        return [before, draw.int(-Math.min(Math.max(n + Math.min(before, 0), 0), 1), 3)];
      });
      return (draw.chance() ? [x, amounts] : [x, amounts, draw.int(0, 5)]) as [Input, [number, number][], number?];
    },
    reference(x, amounts, value = 0) {
      const full = [...x.shape.slice(amounts.length).map(() => [0, 0]), ...amounts];
      const shape = x.shape.map((n, d) => n + full[d]![0]! + full[d]![1]!);
      const fill = x.dtype === 'bool' ? Number(value !== 0) : value;
      return generate(shape, x.dtype, (at) => {
        const from = at.map((c, d) => c - full[d]![0]!);
        return from.every((c, d) => c >= 0 && c < x.shape[d]!) ? elementAt(x, from) : fill;
      });
    },
    tolerance,
    gradient,
    bad: [
      bad(
        'more pairs than dimensions',
        () =>
          t.pad(t.zeros([2]), [
            [1, 1],
            [1, 1],
          ]),
        /pad.*2 pairs.*rank 1/,
      ),
      bad('more cropped than there is', () => t.pad(t.zeros([2]), [[-2, -2]]), /pad.*crop/),
    ],
  }),
  operation({
    name: 'concat',
    torch: 'cat',
    sample(draw) {
      const shape = draw.shape(draw.int(1, 4));
      const dim = draw.dim(shape.length);
      const d = fromFront(dim, shape.length);
      const equal = draw.chance(0.4);
      const parts = Array.from({ length: draw.int(1, 6) }, () => {
        const size = equal ? shape[d]! : draw.int(draw.chance(0.1) ? 0 : 1, 4);
        return moved(
          draw,
          shape.map((n, k) => (k === d ? size : n)),
        );
      });
      return [parts, dim] as const;
    },
    reference: (parts, dim) => sideBySide(parts, fromFront(dim, parts[0]!.shape.length)),
    tolerance,
    gradient,
    bad: [
      bad('nothing', () => t.concat([]), /concat.*at least one/),
      bad('other sizes that differ', () => t.concat([t.zeros([2, 3]), t.zeros([3, 4])]), /concat.*\[2, 3\].*\[3, 4\]/),
      bad('ranks that differ', () => t.concat([t.zeros([2, 3]), t.zeros([3])]), /concat.*\[2, 3\].*\[3\]/),
    ],
  }),
  operation({
    name: 'stack',
    torch: 'stack',
    sample(draw) {
      const shape = draw.shape(draw.int(0, 3));
      const parts = Array.from({ length: draw.int(1, 5) }, () => moved(draw, shape));
      return [parts, draw.int(-shape.length - 1, shape.length)] as const;
    },
    reference(parts, dim) {
      const d = fromFront(dim, parts[0]!.shape.length + 1);
      const columns = parts.map((p) => hostReshape(p, [...p.shape.slice(0, d), 1, ...p.shape.slice(d)]));
      return sideBySide(columns, d);
    },
    tolerance,
    gradient,
    bad: [
      bad('nothing', () => t.stack([]), /stack.*at least one/),
      bad('shapes that differ', () => t.stack([t.zeros([2]), t.zeros([3])]), /stack.*\[2\].*\[3\]/),
    ],
  }),
  operation({
    name: 'detach',
    torch: 'Tensor.detach',
    sample: (draw) => [moved(draw)] as const,
    reference: (x) => x,
    tolerance,
  }),
  operation({
    name: 'clone',
    torch: 'clone',
    sample: (draw) => [moved(draw)] as const,
    reference: (x) => x,
    tolerance,
    gradient,
    bad: [
      bad(
        'a tensor that was disposed of',
        () => {
          const x = t.zeros([2]);
          x.dispose();
          return t.clone(x);
        },
        /clone.*disposed/,
        ChiaroError,
      ),
    ],
  }),
];
