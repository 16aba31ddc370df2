import * as t from '../../index.js';
import type { Draw, Input } from './draw.js';
import { broadcastShape, positionOf, type HostTensor } from './host.js';
import { bad, operation, smooth, type BadCall, type OperationTolerance } from './operation.js';

type Matrix = number[][];

const notSquare = (name: string, call: (x: t.Tensor) => unknown): BadCall[] => [
  bad('a matrix that is not square', () => call(t.zeros([2, 3])), new RegExp(`${name}.*square.*\\[2, 3\\]`)),
  bad('a large matrix', () => call(t.zeros([33, 33])), new RegExp(`${name}.*33.*32`)),
];
/** Elimination, rotations and their like lose a few digits; the samples' matrices have small condition numbers. */
const factored: OperationTolerance = { ulp: 64, absolute: 2e-5 };

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const transposed = (a: Matrix): Matrix => (a[0] ?? []).map((_, c) => a.map((row) => row[c]!));
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
const times = (a: Matrix, b: Matrix): Matrix => a.map((row) => transposed(b).map((column) => dot(row, column)));

/** The matrices of a tensor [..., n, m]. */
function matricesOf(x: HostTensor): Matrix[] {
  const [n, m] = x.shape.slice(-2) as [number, number];
  const count = x.shape.slice(0, -2).reduce((a, b) => a * b, 1);
  return range(count).map((b) => range(n).map((r) => [...x.data.subarray((b * n + r) * m, (b * n + r + 1) * m)]));
}

/** A float32 tensor [...batch, ...] of one result per matrix. */
const tensorOf = (
  batch: readonly number[],
  shape: readonly number[],
  parts: readonly (number | number[] | Matrix)[],
): HostTensor => ({
  shape: [...batch, ...shape],
  dtype: 'float32',
  data: Float64Array.from((parts as unknown[]).flat(2) as number[]),
});

const batchOf = (x: HostTensor): readonly number[] => x.shape.slice(0, -2);

/** Applies a function to every matrix. */
const each = (x: HostTensor, shape: readonly number[], fn: (a: Matrix) => number | number[] | Matrix): HostTensor =>
  tensorOf(batchOf(x), shape, matricesOf(x).map(fn));

/** Gauss and Jordan: x with a x = b, the whole matrix searched for the next pivot. */
function solved(a: Matrix, b: Matrix): Matrix {
  const w = a.map((row, i) => [...row, ...b[i]!]);
  const n = a.length;
  const places: [number, number][] = [];
  for (let step = 0; step < n; step++) {
    const free = range(n).filter((r) => !places.some(([row]) => row === r));
    let best: [number, number] = [free[0]!, 0];
    for (const r of free)
      for (const c of range(n)) if (Math.abs(w[r]![c]!) > Math.abs(w[best[0]]![best[1]]!)) best = [r, c];
    places.push(best);
    const [r, c] = best;
    const pivot = w[r]![c]!;
    w[r] = w[r]!.map((v) => v / pivot);
    for (const other of range(n)) {
      const factor = w[other]![c]!;
      if (other !== r) w[other] = w[other]!.map((v, j) => v - factor * w[r]![j]!);
    }
  }
  const x: Matrix = [];
  places.forEach(([r, c]) => (x[c] = w[r]!.slice(n)));
  return x;
}

/** Laplace's expansion along the first row. */
const expanded = (a: Matrix): number =>
  a.length === 0
    ? 1
    : a[0]!.reduce((sum, v, c) => {
        const minor = a.slice(1).map((row) => row.filter((_, j) => j !== c));
        return sum + (c % 2 === 0 ? 1 : -1) * v * expanded(minor);
      }, 0);

/** Columns made orthonormal one after the other: [q, r]. */
function orthonormal(a: Matrix): [Matrix, Matrix] {
  const columns: number[][] = [];
  const r = range(a[0]!.length).map(() => range(a[0]!.length).map(() => 0));
  transposed(a).forEach((column, c) => {
    let rest = column;
    for (const _ of [1, 2]) {
      columns.forEach((q, k) => {
        const along = dot(q, rest);
        r[k]![c]! += along;
        rest = rest.map((v, i) => v - along * q[i]!);
      });
    }
    r[c]![c] = Math.sqrt(dot(rest, rest));
    columns.push(rest.map((v) => v / r[c]![c]!));
  });
  return [transposed(columns), r];
}

/** Eigenvectors as columns and eigenvalues, largest first, of a symmetric positive matrix: orthogonal iteration. */
function iterated(a: Matrix): [Matrix, number[]] {
  let q = orthonormal(a)[0];
  for (let step = 0; step < 400; step++) q = orthonormal(times(a, q))[0];
  const columns = transposed(q).map((v) => {
    const largest = Math.max(...v.map(Math.abs));
    const sign = v.find((e) => Math.abs(e) >= 0.37 * largest)! < 0 ? -1 : 1;
    return v.map((e) => sign * e);
  });
  return [
    transposed(columns),
    columns.map((v) =>
      dot(
        v,
        times(
          a,
          v.map((e) => [e]),
        ).flat(),
      ),
    ),
  ];
}

/** Matrices [..., n, m] near a diagonal: diagonal(i) and small numbers, symmetric or not. */
function near(
  draw: Draw,
  batch: readonly number[],
  [n, m]: readonly [number, number],
  diagonal: (i: number) => number,
  symmetric = false,
): Input {
  const shape = [...batch, n, m];
  const data = new Float64Array(shape.reduce((a, b) => a * b, 1));
  data.forEach((_, p) => (data[p] = draw.real([-0.25, 0.25])));
  for (let start = 0; start < data.length; start += n * m) {
    for (const r of range(n)) {
      for (const c of range(m)) {
        if (symmetric && c < r) data[start + r * m + c] = data[start + c * m + r]!;
        if (c === r) data[start + r * m + c] = Math.fround(data[start + r * m + c]! + diagonal(r));
      }
    }
  }
  let p = 0;
  return draw.stored(shape, 'float32', () => data[p++]!);
}

const batch = (draw: Draw): number[] => draw.shape(draw.int(0, 2), 3);
const invertible = (draw: Draw, shape = batch(draw)): Input => {
  const n = draw.int(1, 5);
  return near(draw, shape, [n, n], (i) => (i % 2 === 0 ? 1.5 : -2));
};

/** Right sides for matrices [..., m, n]: vectors, or a few columns, with some of the batch. */
function rightSides(draw: Draw, a: Input): Input {
  const shape = a.value.shape;
  if (draw.chance(0.3)) return draw.input(draw.chance() ? shape.slice(0, -1) : [shape.at(-2)!]);
  return draw.input([...draw.part(shape.slice(0, -2)), shape.at(-2)!, draw.int(1, 3)]);
}

/** A solver applied to every pair of matrices and right sides. */
function systems(a: HostTensor, b: HostTensor, fn: (a: Matrix, b: Matrix) => Matrix): HostTensor {
  const n = a.shape.at(-1)!;
  const vector = b.shape.length === 1 || b.shape.join() === a.shape.slice(0, -1).join();
  const right = vector ? { ...b, shape: [...b.shape, 1] } : b;
  const k = right.shape.at(-1)!;
  const all = broadcastShape([a.shape.slice(0, -2), right.shape.slice(0, -2)]);
  const count = all.reduce((x, y) => x * y, 1);
  const matrix = (x: HostTensor, at: readonly number[]): Matrix => {
    const own = x.shape.slice(0, -2);
    const place = own.map((size, d) => (size === 1 ? 0 : at[d + all.length - own.length]!));
    return matricesOf(x)[positionOf(own, place)]!;
  };
  const parts = range(count).map((p) => {
    const at: number[] = [];
    let rest = p;
    for (let d = all.length - 1; d >= 0; d--) {
      at[d] = rest % all[d]!;
      rest = (rest - at[d]!) / all[d]!;
    }
    return fn(matrix(a, at), matrix(right, at));
  });
  return tensorOf(all, vector ? [n] : [n, k], parts);
}

const wrongSides = (name: string, call: (a: t.Tensor, b: t.Tensor) => unknown): BadCall =>
  bad(
    'a right side of another height',
    () => call(t.zeros([3, 3]), t.zeros([2, 2])),
    new RegExp(`${name}.*\\[3, 3\\].*\\[2, 2\\]`),
  );

/** Functions of small matrices. */
export const linalgOperations = [
  operation({
    name: 'solve',
    torch: 'linalg.solve',
    sample(draw) {
      const a = invertible(draw);
      return [a, rightSides(draw, a)] as const;
    },
    reference: (a, b) => systems(a, b, solved),
    tolerance: factored,
    gradient: smooth(0, 1),
    bad: [...notSquare('solve', (x) => t.solve(x, x)), wrongSides('solve', t.solve)],
  }),
  operation({
    name: 'inverse',
    torch: 'linalg.inv',
    sample: (draw) => [invertible(draw)] as const,
    reference: (a) => {
      const n = a.shape.at(-1)!;
      return each(a, [n, n], (m) =>
        solved(
          m,
          range(n).map((i) => range(n).map((j) => Number(i === j))),
        ),
      );
    },
    tolerance: factored,
    gradient: smooth(),
    bad: notSquare('inverse', t.inverse),
  }),
  operation({
    name: 'determinant',
    torch: 'linalg.det',
    sample(draw) {
      const n = draw.int(1, 5);
      // up to 3 x 3 it may be singular
      const x = n > 3 ? near(draw, batch(draw), [n, n], (i) => i - 1.5) : draw.input([...batch(draw), n, n]);
      return [x] as const;
    },
    reference: (a) => ({ ...each(a, [], expanded), scale: each(a, [], (m) => 6 * 4 ** m.length).data }),
    tolerance: { ulp: 16 },
    gradient: smooth(),
    bad: notSquare('determinant', t.determinant),
  }),
  operation({
    name: 'triangularSolve',
    torch: 'linalg.solve_triangular',
    sample(draw) {
      const a = invertible(draw);
      return [
        a,
        rightSides(draw, a),
        draw.pick([undefined, { upper: true }, { upper: true, unitriangular: true }, { unitriangular: true }]),
      ] as const;
    },
    reference: (a, b, options) =>
      systems(a, b, (m, right) => {
        const part = m.map((row, r) =>
          row.map((v, c) =>
            r === c && options?.unitriangular ? 1 : r === c || c > r === (options?.upper ?? false) ? v : 0,
          ),
        );
        return solved(part, right);
      }),
    tolerance: factored,
    gradient: smooth(0, 1),
    bad: [
      ...notSquare('triangularSolve', (x) => t.triangularSolve(x, x)),
      wrongSides('triangularSolve', t.triangularSolve),
    ],
  }),
  operation({
    name: 'choleskySolve',
    torch: 'cholesky_solve',
    sample(draw) {
      const a = invertible(draw);
      return [rightSides(draw, a), a] as const;
    },
    reference: (b, l) =>
      systems(l, b, (m, right) => {
        const lower = m.map((row, r) => row.map((v, c) => (c > r ? 0 : v)));
        return solved(times(lower, transposed(lower)), right);
      }),
    tolerance: factored,
    gradient: smooth(0, 1),
    bad: [
      ...notSquare('choleskySolve', (x) => t.choleskySolve(x, x)),
      wrongSides('choleskySolve', (l, b) => t.choleskySolve(b, l)),
    ],
  }),
  operation({
    name: 'cholesky',
    torch: 'linalg.cholesky',
    sample(draw) {
      const n = draw.int(1, 5);
      return [near(draw, batch(draw), [n, n], (i) => 2 + (i % 2), draw.chance())] as const;
    },
    reference: (x) =>
      each(x, x.shape.slice(-2), (a) => {
        const l = a.map((row) => row.map(() => 0));
        a.forEach((row, i) =>
          row.forEach((v, j) => {
            if (j > i) return;
            const rest = (v + a[j]![i]!) / 2 - dot(l[i]!.slice(0, j), l[j]!.slice(0, j));
            l[i]![j] = i === j ? Math.sqrt(rest) : rest / l[j]![j]!;
          }),
        );
        return l;
      }),
    tolerance: factored,
    gradient: smooth(),
    bad: notSquare('cholesky', t.cholesky),
  }),
  operation({
    name: 'qr',
    torch: 'linalg.qr',
    sample(draw) {
      const n = draw.int(1, 4);
      return [near(draw, batch(draw), [n + draw.int(0, 3), n], (i) => 1.5 + i / 2)] as const;
    },
    reference(a) {
      const [m, n] = a.shape.slice(-2) as [number, number];
      return [each(a, [m, n], (x) => orthonormal(x)[0]), each(a, [n, n], (x) => orthonormal(x)[1])];
    },
    tolerance: factored,
    gradient: smooth(),
    bad: [
      bad('more columns than rows', () => t.qr(t.zeros([2, 3])), /qr.*at least as many rows.*\[2, 3\]/),
      bad('a vector', () => t.qr(t.zeros([3])), /qr.*\[\.\.\., m, n\].*\[3\]/),
    ],
  }),
  operation({
    name: 'leastSquares',
    torch: 'linalg.lstsq',
    sample(draw) {
      const n = draw.int(1, 4);
      const a = near(draw, batch(draw), [n + draw.int(0, 3), n], (i) => 1.5 + i / 2);
      return [a, rightSides(draw, a)] as const;
    },
    reference: (a, b) => systems(a, b, (m, right) => solved(times(transposed(m), m), times(transposed(m), right))),
    tolerance: factored,
    gradient: smooth(0, 1),
    bad: [
      bad(
        'fewer equations than unknowns',
        () => t.leastSquares(t.zeros([2, 3]), t.zeros([2])),
        /leastSquares.*at least as many rows.*\[2, 3\]/,
      ),
      wrongSides('leastSquares', t.leastSquares),
    ],
  }),
  operation({
    name: 'symmetricEigen',
    torch: 'linalg.eigh',
    sample(draw) {
      const n = draw.int(1, 4);
      return [near(draw, batch(draw), [n, n], (i) => 1.5 + 1.7 * ((2 * i) % 5), draw.chance())] as const;
    },
    reference(x) {
      const n = x.shape.at(-1)!;
      const pairs = matricesOf(x).map((a) => {
        const [vectors, values] = iterated(a.map((row, i) => row.map((v, j) => (v + a[j]![i]!) / 2)));
        return { values: values.reverse(), vectors: vectors.map((row) => row.reverse()) };
      });
      return [
        tensorOf(
          batchOf(x),
          [n],
          pairs.map((p) => p.values),
        ),
        tensorOf(
          batchOf(x),
          [n, n],
          pairs.map((p) => p.vectors),
        ),
      ];
    },
    tolerance: factored,
    gradient: smooth(),
    bad: notSquare('symmetricEigen', t.symmetricEigen),
  }),
  operation({
    name: 'svd',
    torch: 'linalg.svd',
    sample(draw) {
      const n = draw.int(1, 4);
      return [near(draw, batch(draw), [n, n], (i) => (i % 2 === 0 ? 1 : -1) * (1.2 + ((2 * i) % 5)))] as const;
    },
    reference(x) {
      const n = x.shape.at(-1)!;
      const parts = matricesOf(x).map((a) => {
        const [v, squares] = iterated(times(transposed(a), a));
        const s = squares.map(Math.sqrt);
        return { u: times(a, v).map((row) => row.map((e, j) => e / s[j]!)), s, v };
      });
      const all = batchOf(x);
      return [
        tensorOf(
          all,
          [n, n],
          parts.map((p) => p.u),
        ),
        tensorOf(
          all,
          [n],
          parts.map((p) => p.s),
        ),
        tensorOf(
          all,
          [n, n],
          parts.map((p) => p.v),
        ),
      ];
    },
    tolerance: factored,
    gradient: smooth(),
    bad: notSquare('svd', t.svd),
  }),
];
