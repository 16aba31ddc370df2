import { DTypeError, ShapeError } from '../../errors.js';
import * as t from '../../index.js';
import { broadcastShape, cast, commonDType, elementAt, generate, hostReshape, wrap, type HostTensor } from './host.js';
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
];
