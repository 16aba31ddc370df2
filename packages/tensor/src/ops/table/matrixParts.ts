import type { DType } from '../../dtype.js';
import * as t from '../../index.js';
import type { Draw, Input } from './draw.js';
import { cast, elementAt, fromFront, generate, wrap, type HostTensor } from './host.js';
import { bad, operation, smooth, type Operation } from './operation.js';

const dtypes: DType[] = ['int32', 'uint32', 'float16', 'bool'];
const matrices = (draw: Draw): Input => draw.input(draw.shape(draw.int(2, 4)), draw.dtype(dtypes), [-9, 9]);

const triangle = (name: 'tril' | 'triu', stays: (offset: number, diagonal: number) => boolean): Operation =>
  operation({
    name,
    torch: name,
    sample: (draw) => [matrices(draw), draw.pick([undefined, 0, 1, -1, 3, -4])] as const,
    reference: (x, diagonal = 0) =>
      generate(x.shape, x.dtype, (at) => (stays(at.at(-1)! - at.at(-2)!, diagonal) ? elementAt(x, at) : 0)),
    gradient: smooth(),
    bad: [
      bad('a vector', () => t[name](t.zeros([3])), new RegExp(`${name}.*matrices.*\\[3\\]`)),
      bad('a fraction', () => t[name](t.zeros([3, 3]), 0.5), new RegExp(`${name}.*whole.*0\\.5`)),
    ],
  });

function diagonalOf(x: HostTensor, offset: number, dim1: number, dim2: number): HostTensor {
  const [a, b] = [fromFront(dim1, x.shape.length), fromFront(dim2, x.shape.length)];
  let count = 0;
  for (let r = 0; r < x.shape[a]!; r++) if (r + offset >= 0 && r + offset < x.shape[b]!) count++;
  const first = Math.max(0, -offset);
  const others = x.shape.map((_, d) => d).filter((d) => d !== a && d !== b);
  return generate([...others.map((d) => x.shape[d]!), count], x.dtype, (at) => {
    const from: number[] = [];
    others.forEach((d, k) => (from[d] = at[k]!));
    from[a] = first + at.at(-1)!;
    from[b] = from[a] + offset;
    return elementAt(x, from);
  });
}

function embedded(x: HostTensor, offset: number): HostTensor {
  const m = x.shape.at(-1)! + Math.abs(offset);
  return generate([...x.shape.slice(0, -1), m, m], x.dtype, (at) => {
    const [row, column] = [at.at(-2)!, at.at(-1)!];
    return column - row === offset ? elementAt(x, [...at.slice(0, -2), Math.min(row, column)]) : 0;
  });
}

/** Triangles and diagonals of matrices. */
export const matrixPartOperations = [
  triangle('tril', (offset, diagonal) => offset <= diagonal),
  triangle('triu', (offset, diagonal) => offset >= diagonal),
  operation({
    name: 'diagonal',
    torch: 'diagonal',
    sample(draw) {
      const x = matrices(draw);
      const [a, b] = draw.shuffle(x.value.shape.map((_, d) => d));
      const dims = draw.chance() ? [] : [a!, b! - x.value.shape.length];
      return [x, draw.pick([undefined, 0, 1, -1, 2, -9]), ...dims] as [Input, number | undefined, ...number[]];
    },
    reference: (x, offset = 0, dim1 = 0, dim2 = 1) => diagonalOf(x, offset, dim1, dim2),
    gradient: smooth(),
    bad: [
      bad('one dimension twice', () => t.diagonal(t.zeros([3, 3]), 0, 1, -1), /diagonal.*1 and -1 are the same/),
      bad('a vector', () => t.diagonal(t.zeros([3])), /diagonal.*dimension 1.*rank 1/),
    ],
  }),
  operation({
    name: 'diagEmbed',
    torch: 'diag_embed',
    sample(draw) {
      const x = draw.input(draw.shape(draw.int(1, 3)), draw.dtype(dtypes), [-9, 9]);
      return [x, draw.pick([undefined, 0, 1, -1, 2, -3])] as const;
    },
    reference: (x, offset = 0) => embedded(x, offset),
    gradient: smooth(),
    bad: [bad('a number', () => t.diagEmbed(t.scalar(1)), /diagEmbed.*vectors.*\[\]/)],
  }),
  operation({
    name: 'diag',
    torch: 'diag',
    sample: (draw) =>
      [draw.input(draw.shape(draw.int(1, 2)), draw.dtype(dtypes), [-9, 9]), draw.pick([undefined, 0, 1, -2])] as const,
    reference: (x, offset = 0) => (x.shape.length === 1 ? embedded(x, offset) : diagonalOf(x, offset, 0, 1)),
    gradient: smooth(),
    bad: [bad('a batch', () => t.diag(t.zeros([2, 2, 2])), /diag: takes a vector or a matrix.*\[2, 2, 2\]/)],
  }),
  operation({
    name: 'trace',
    torch: 'trace',
    sample: (draw) => [matrices(draw)] as const,
    reference(x) {
      const d = diagonalOf(x.dtype === 'bool' ? cast(x, 'int32') : x, 0, -2, -1);
      const total = (size: (v: number) => number) =>
        generate(d.shape.slice(0, -1), d.dtype, (at) => {
          let sum = 0;
          for (let k = 0; k < d.shape.at(-1)!; k++) sum += size(elementAt(d, [...at, k]));
          return wrap(sum, d.dtype);
        });
      return { ...total((v) => v), scale: total(Math.abs).data };
    },
    tolerance: { ulp: 4 },
    gradient: smooth(),
    bad: [bad('a vector', () => t.trace(t.zeros([3])), /trace.*matrices.*\[3\]/)],
  }),
];
