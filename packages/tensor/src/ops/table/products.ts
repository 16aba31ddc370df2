import { DTypeError, FormatError, ShapeError } from '../../errors.js';
import * as t from '../../index.js';
import type { Input } from './draw.js';
import {
  broadcastAt,
  broadcastShape,
  cast,
  commonDType,
  elementAt,
  forEachCoordinate,
  generate,
  hostReshape,
  positionOf,
  wrap,
  type HostTensor,
} from './host.js';
import { operation, smooth } from './operation.js';

/** Sum over k of a[.., m, k] b[.., k, n], with the sum of the sizes as its scale. */
function product(x: HostTensor, y: HostTensor): HostTensor {
  const dtype = commonDType([x, y]);
  const a = hostReshape(cast(x, dtype), x.shape.length === 1 ? [1, x.shape[0]!] : x.shape);
  const b = hostReshape(cast(y, dtype), y.shape.length === 1 ? [y.shape[0]!, 1] : y.shape);
  const batch = broadcastShape([a.shape.slice(0, -2), b.shape.slice(0, -2)]);
  const [m, k, n] = [a.shape.at(-2)!, a.shape.at(-1)!, b.shape.at(-1)!];
  const place = (z: HostTensor, at: readonly number[], last: number[]): number[] => {
    const own = z.shape.length - 2;
    return [...at.slice(batch.length - own, batch.length).map((c, d) => (z.shape[d] === 1 ? 0 : c)), ...last];
  };
  const summed = (size: (v: number) => number) =>
    generate([...batch, m, n], dtype, (at) => {
      let sum = 0;
      for (let i = 0; i < k; i++) {
        const term = elementAt(a, place(a, at, [at.at(-2)!, i])) * elementAt(b, place(b, at, [i, at.at(-1)!]));
        sum = wrap(sum + size(term), dtype);
      }
      return sum;
    });
  const shape = [...batch, ...(x.shape.length === 1 ? [] : [m]), ...(y.shape.length === 1 ? [] : [n])];
  return { ...summed((v) => v), shape, scale: summed(Math.abs).data };
}

/** Equations whose letters name contractions, batches, diagonals, sums and products of one to three operands. */
const equations = [
  ...['ij,jk->ik', 'bij,bjk->bik', 'ij,kj', 'i,j->ij', 'i,i->', 'ij->ji', 'ii->', 'ii->i', 'iji->j', 'ij->', 'ij->i'],
  ...[
    'bi, bij, bj -> b',
    'ij,jk,kl->il',
    'bhqd,bhkd->bhqk',
    'ij,ij->ij',
    'ab,cd->',
    'ia,ib,ic->abc',
    'iij,jk->k',
    ',i->i',
  ],
  ...['...ij,...jk->...ik', '...i,...i', 'i...,i->...', '...i->i', '...ii->...i', 'a...b,...->b...a', '...,...'],
];

/** The dimensions that dots stand for as capital letters, the last one Z. */
const withoutDots = (term: string, count: number): string =>
  term.replace('...', 'STUVWXYZ'.slice(8 - Math.min(count, 8)));

/** An einsum by its definition: every assignment of numbers to letters adds a product to its place. */
function summedProducts(equation: string, ...operands: readonly HostTensor[]): HostTensor {
  const [left, right] = equation.replace(/ /g, '').split('->') as [string, string | undefined];
  const dots = left.split(',').map((s, i) => (s.includes('.') ? operands[i]!.shape.length + 3 - s.length : 0));
  const inputs = left.split(',').map((s, i) => [...withoutDots(s, dots[i]!)]);
  const all = [...new Set(inputs.flat())];
  const count = (c: string): number => inputs.flat().filter((d) => d === c).length;
  const spelled = all.filter((c) => count(c) === 1 && c === c.toLowerCase()).sort();
  const shown = withoutDots(right ?? '...', Math.max(...dots));
  const output = right === undefined ? [...shown, ...spelled] : [...shown];
  const size = new Map<string, number>();
  inputs.forEach((letters, i) =>
    letters.forEach((c, d) => {
      const n = operands[i]!.shape[d]!;
      if (!size.has(c) || size.get(c) === 1) size.set(c, n);
    }),
  );
  const { dtype } = operands[0]!;
  const out = generate(
    output.map((c) => size.get(c)!),
    dtype,
    () => 0,
  );
  const scale = out.data.slice();
  forEachCoordinate(
    all.map((c) => size.get(c)!),
    (at) => {
      const of = (c: string): number => at[all.indexOf(c)]!;
      const factors = operands.map((x, i) =>
        elementAt(
          x,
          inputs[i]!.map((c, d) => (x.shape[d] === 1 ? 0 : of(c))),
        ),
      );
      const value = factors.reduce((a, b) => a * b, 1);
      const place = positionOf(out.shape, output.map(of));
      out.data[place] = wrap(out.data[place]! + value, dtype);
      scale[place] = scale[place]! + Math.abs(value);
    },
  );
  return { ...out, scale };
}

/** Products of matrices and vectors. */
export const productOperations = [
  operation({
    name: 'matmul',
    torch: 'matmul',
    sample(draw) {
      const size = (): number =>
        draw.chance(draw.options.empty ?? 0) ? 0 : draw.chance(0.1) ? draw.int(17, 70) : draw.int(1, 9);
      const [m, k, n] = [size(), size(), size()];
      const batch = draw.shape(draw.int(0, 2), 3);
      const dtype = draw.dtype();
      const other = draw.chance(0.1) ? draw.dtype(['float16']) : dtype;
      const left = draw.chance(0.15) ? [k] : [...draw.part(batch), m, k];
      const right = draw.chance(0.15) ? [k] : [...draw.part(batch), k, n];
      return [draw.input(left, dtype), draw.input(right, other)] as const;
    },
    reference: product,
    tolerance: { ulp: 8 },
    gradient: smooth(0, 1),
    bad: [
      {
        what: 'inner sizes that differ',
        call: () => t.matmul(t.zeros([2, 3]), t.zeros([4, 5])),
        error: ShapeError,
        message: /matmul.*\[2, 3\] x \[4, 5\].*3 and 4/,
      },
      {
        what: 'batches that do not broadcast',
        call: () => t.matmul(t.zeros([2, 3, 3]), t.zeros([4, 3, 3])),
        error: ShapeError,
        message: /matmul.*\[2\].*\[4\]/,
      },
      {
        what: 'a number',
        call: () => t.matmul(t.scalar(2), t.zeros([4, 5])),
        error: ShapeError,
        message: /matmul.*at least one dimension.*mul/,
      },
      {
        what: 'bool matrices',
        call: () => t.matmul(t.ones([2, 2], { dtype: 'bool' }), t.ones([2, 2], { dtype: 'bool' })),
        error: DTypeError,
        message: /matmul.*bool/,
      },
    ],
  }),
  operation({
    name: 'dot',
    torch: 'dot',
    sample(draw) {
      const n = draw.int(draw.chance(draw.options.empty ?? 0) ? 0 : 1, 20);
      const dtype = draw.dtype(['int32', 'uint32', 'float16']);
      return [draw.input([n], dtype), draw.input([n], dtype)] as const;
    },
    reference: product,
    tolerance: { ulp: 8 },
    gradient: smooth(0, 1),
    bad: [
      {
        what: 'a matrix',
        call: () => t.dot(t.zeros([2, 2]), t.zeros([2])),
        error: ShapeError,
        message: /dot.*two vectors.*\[2, 2\]/,
      },
      {
        what: 'lengths that differ',
        call: () => t.dot(t.zeros([1]), t.zeros([2])),
        error: ShapeError,
        message: /dot.*\[1\].*\[2\]/,
      },
    ],
  }),
  operation({
    name: 'outer',
    torch: 'outer',
    sample(draw) {
      const dtype = draw.dtype();
      return [draw.input(draw.shape(1), dtype), draw.input(draw.shape(1), dtype)] as const;
    },
    reference: (a, b) =>
      generate([...a.shape, ...b.shape], a.dtype, ([i, j]) => wrap(a.data[i!]! * b.data[j!]!, a.dtype)),
    tolerance: { ulp: 1 },
    gradient: smooth(0, 1),
    bad: [
      {
        what: 'a matrix',
        call: () => t.outer(t.zeros([2, 2]), t.zeros([2])),
        error: ShapeError,
        message: /outer.*two vectors.*\[2, 2\]/,
      },
    ],
  }),
  operation({
    name: 'inner',
    torch: 'inner',
    sample(draw) {
      const k = draw.shape(1);
      const dtype = draw.dtype();
      const side = (): Input => draw.input(draw.chance(0.1) ? [] : [...draw.shape(draw.int(0, 2), 4), ...k], dtype);
      return [side(), side()] as const;
    },
    reference(a, b) {
      const [p, q] = [a, b].map((x) => x.shape.slice(0, -1)) as [number[], number[]];
      const k = a.shape.length > 0 && b.shape.length > 0 ? a.shape.at(-1)! : 1;
      const [left, right] = a.shape.length > 0 && b.shape.length > 0 ? [p, q] : [a.shape, b.shape];
      const summed = (size: (v: number) => number) =>
        generate([...left, ...right], a.dtype, (at) => {
          const [i, j] = [positionOf(left, at.slice(0, left.length)), positionOf(right, at.slice(left.length))];
          let sum = 0;
          for (let c = 0; c < k; c++) sum = wrap(sum + size(a.data[i * k + c]! * b.data[j * k + c]!), a.dtype);
          return sum;
        });
      return { ...summed((v) => v), scale: summed(Math.abs).data };
    },
    tolerance: { ulp: 8 },
    gradient: smooth(0, 1),
    bad: [
      {
        what: 'last dimensions that differ',
        call: () => t.inner(t.zeros([2, 3]), t.zeros([2])),
        error: ShapeError,
        message: /inner.*\[2, 3\].*\[2\].*differ/,
      },
    ],
  }),
  operation({
    name: 'cross',
    torch: 'linalg.cross',
    sample(draw) {
      const shape = draw.shape(draw.int(1, 4));
      const d = draw.int(0, shape.length - 1);
      shape[d] = 3;
      const side = (): number[] => shape.map((n, k) => (k !== d && draw.chance(0.3) ? 1 : n));
      const dtype = draw.dtype(['int32', 'float16']);
      return [draw.input(side(), dtype), draw.input(side(), dtype), d - shape.length] as const;
    },
    reference(a, b, dim) {
      const shape = broadcastShape([a.shape, b.shape]);
      const d = dim + shape.length;
      const product = (size: (v: number) => number, sign: number) =>
        generate(shape, a.dtype, (at) => {
          const of = (x: HostTensor, turn: number): number =>
            broadcastAt(
              x,
              at.map((c, k) => (k === d ? (c + turn) % 3 : c)),
            );
          return size(of(a, 1) * of(b, 2)) + sign * size(of(a, 2) * of(b, 1));
        });
      return { ...product((v) => v, -1), scale: product(Math.abs, 1).data };
    },
    tolerance: { ulp: 2 },
    gradient: smooth(0, 1),
    bad: [
      {
        what: 'vectors of two elements',
        call: () => t.cross(t.zeros([4, 2]), t.zeros([4, 2])),
        error: ShapeError,
        message: /cross.*3 elements along dimension -1.*\[4, 2\]/,
      },
    ],
  }),
  operation({
    name: 'kron',
    torch: 'kron',
    sample(draw) {
      const dtype = draw.dtype();
      return [
        draw.input(draw.shape(draw.int(0, 3), 3), dtype),
        draw.input(draw.shape(draw.int(0, 3), 3), dtype),
      ] as const;
    },
    reference(a, b) {
      const rank = Math.max(a.shape.length, b.shape.length);
      const full = (x: HostTensor): HostTensor =>
        hostReshape(x, [...new Array<number>(rank - x.shape.length).fill(1), ...x.shape]);
      const [p, q] = [full(a), full(b)];
      return generate(
        p.shape.map((n, d) => n * q.shape[d]!),
        a.dtype,
        (at) =>
          wrap(
            elementAt(
              p,
              at.map((c, d) => Math.floor(c / q.shape[d]!)),
            ) *
              elementAt(
                q,
                at.map((c, d) => c % q.shape[d]!),
              ),
            a.dtype,
          ),
      );
    },
    tolerance: { ulp: 1 },
    gradient: smooth(0, 1),
    bad: [
      {
        what: 'bool tensors',
        call: () => t.kron(t.ones([2], { dtype: 'bool' }), t.ones([2], { dtype: 'bool' })),
        error: DTypeError,
        message: /bool/,
      },
    ],
  }),
  operation({
    name: 'einsum',
    torch: 'einsum',
    sample(draw): [equation: string, ...operands: Input[]] {
      const equation = draw.pick(equations);
      const operands = equation.split('->')[0]!.replace(/ /g, '').split(',');
      const sizes = new Map<string, number>();
      const most = draw.int(0, 2);
      const terms = operands.map((term) => withoutDots(term, draw.chance(0.7) ? most : draw.int(0, most)));
      for (const c of terms.join(''))
        sizes.set(c, sizes.get(c) ?? draw.int(draw.chance(draw.options.empty ?? 0) ? 0 : 1, 4));
      const dtype = draw.dtype();
      return [
        equation,
        ...terms.map((letters) => {
          const single = [...letters].find((c) => letters.indexOf(c) === letters.lastIndexOf(c) && draw.chance(0.1));
          return draw.input(
            [...letters].map((c) => (c === single ? 1 : sizes.get(c)!)),
            dtype,
          );
        }),
      ];
    },
    reference: summedProducts,
    tolerance: { ulp: 16 },
    gradient: smooth(1, 2, 3),
    bad: [
      ...(
        [
          ['two dots', () => t.einsum('..i->i', t.zeros([2])), FormatError, /einsum.*only as "\.\.\."/],
          ['dots twice', () => t.einsum('...i...->i', t.zeros([2])), FormatError, /einsum.*once in an operand/],
          [
            'dots of nothing',
            () => t.einsum('i->...i', t.zeros([2])).add(t.einsum('...ij', t.zeros([2]))),
            ShapeError,
            /einsum.*2 letters.*\[2\]/,
          ],
          [
            'dots that do not broadcast',
            () => t.einsum('...i,...i', t.zeros([2, 3]), t.zeros([4, 3])),
            ShapeError,
            /einsum.*a dimension of "\.\.\." is 2 and 4/,
          ],
          ['a digit', () => t.einsum('i1->i', t.zeros([2, 2])), FormatError, /einsum.*1 is neither a letter/],
          ['too few operands', () => t.einsum('i,i->', t.zeros([2])), FormatError, /einsum.*2 operands, got 1/],
          ['an unknown letter', () => t.einsum('i->j', t.zeros([2])), FormatError, /einsum.*names j/],
          ['a result with a letter twice', () => t.einsum('i->ii', t.zeros([2])), FormatError, /einsum.*twice/],
          ['two arrows', () => t.einsum('i->i->i', t.zeros([2])), FormatError, /einsum.*more than one/],
          ['too many letters', () => t.einsum('ij->i', t.zeros([2])), ShapeError, /einsum.*2 letters.*\[2\]/],
          [
            'sizes that differ',
            () => t.einsum('i,i->i', t.zeros([2]), t.zeros([3])),
            ShapeError,
            /einsum.*i is 2 and 3/,
          ],
        ] as const
      ).map(([what, call, error, message]) => ({ what, call, error, message })),
    ],
  }),
];
