import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { evaluateNodes, toHostArray } from '@chiaro/tensor/engine';
import * as c from './index.js';
import type { Tensor } from './index.js';
import { imageFunctions } from './torchImages.testing.js';

/** PyTorch's values: made by tools/reference-gradients/torch_gradients.py. */
type Nested = number | string | Nested[];
interface Reference {
  readonly name: string;
  readonly inputs: Nested[];
  readonly value: Nested[];
  /** Absent for whole numbers. */
  readonly gradients?: Nested[][];
  readonly second?: Nested[][];
}
const file = new URL('../../../tools/reference-gradients/gradients.json', import.meta.url);
const { torch, cases } = JSON.parse(readFileSync(file, 'utf8')) as { torch: string; cases: Reference[] };

const ints = (values: number[] | number[][]): Tensor => c.tensor(values, { dtype: 'int32' });

/** Where the cases of scatterReduce write. */
const places = (): Tensor =>
  ints([
    [0, 2, 0],
    [1, 1, 2],
  ]);

/** Several results as one list. */
const flat = (...parts: Tensor[]): Tensor => c.concat(parts.map((t) => t.flatten().to('float32')));

/** A number as Python writes it. */
const torchName = (p: number): string =>
  Math.abs(p) === Infinity ? `${p < 0 ? '-' : ''}inf` : Number.isInteger(p) ? `${p}.0` : `${p}`;

/** The same functions with our operations. */
const functions: Readonly<Record<string, (x: Tensor, y: Tensor, z: Tensor) => Tensor>> = {
  abs: (x) => x.abs(),
  relu: (x) => x.relu(),
  leakyRelu: (x) => x.leakyRelu(0.1),
  elu: (x) => x.elu(),
  sign: (x) => x.sign().mul(x),
  clamp: (x) => x.clamp(-1, 0.5),
  maximum: (x, y) => x.maximum(y),
  minimum: (x, y) => x.minimum(y),
  sqrt: (x) => x.sqrt(),
  'square of sqrt': (x) => x.mul(x).sqrt(),
  'pow 3': (x) => x.pow(3),
  'pow 2.5': (x) => x.pow(2.5),
  'pow of both': (x, y) => x.pow(y),
  floor: (x) => x.floor().mul(x),
  round: (x) => x.round().add(x),
  remainder: (x) => x.remainder(0.75),
  where: (x) => x.where(x.gt(0), x.mul(x)),
  'log of where': (x) => x.where(x.gt(0), 1).log(),
  'amax with ties': (x) => x.max(1),
  'amin with ties': (x) => x.min(0),
  prod: (x) => x.prod(1),
  'prod with a zero': (x) => x.prod(1),
  'prod with two zeros': (x) => x.prod(1),
  mean: (x) => x.mean(0),
  logSumExp: (x) => x.logSumExp(1),
  'logSumExp with -inf': (x) => x.logSumExp(1),
  softmax: (x) => x.softmax(1),
  logSoftmax: (x) => x.logSoftmax(0),
  cumSum: (x) => x.cumSum(1),
  cumProd: (x) => x.cumProd(1),
  'cumProd with zeros': (x) => x.cumProd(1),
  logCumSumExp: (x) => x.logCumSumExp(1),
  'cumMax with ties': (x) => x.cumMax(0),
  cumMin: (x) => x.cumMin(0),
  diff: (x) => x.diff(1, 2).square(),
  maxWithIndices: (x) => x.maxWithIndices(1).values.square(),
  minWithIndices: (x) => x.minWithIndices(0).values.square(),
  quantile: (x) => x.quantile(0.3, 1).square(),
  'quantile of all': (x) => x.quantile(0.5).square(),
  'median of four': (x) => x.median(1).square(),
  sort: (x) => x.sort(0).values,
  'sort descending': (x) => x.sort(1, { descending: true }).values,
  topK: (x) => x.topK(2, 1).values,
  indexSelect: (x) => x.indexSelect(1, ints([2, 0, 2, 1, 2])),
  gather: (x) =>
    x
      .gather(
        1,
        ints([
          [0, 0],
          [2, 1],
        ]),
      )
      .square(),
  scatterAdd: (x, s) =>
    x
      .scatterAdd(
        1,
        ints([
          [0, 0, 2],
          [1, 1, 1],
        ]),
        s,
      )
      .square(),
  'flip and pad': (x) =>
    x
      .flip(1)
      .slice(null, [null, null, 2])
      .pad([[1, 2]]),
  matmul: (a, b) => a.matmul(b),
  'batched matmul': (a, b) => a.matmul(b),
  'matrix times vector': (a, b) => a.matmul(b),
  sin: (x) => x.sin(),
  tanh: (x) => x.tanh(),
  sigmoid: (x) => x.sigmoid(),
  gelu: (x) => x.gelu(),
  softplus: (x) => x.softplus(),
  silu: (x) => x.silu(),
  erf: (x) => x.erf(),
  expm1: (x) => x.expm1(),
  atan: (x) => x.atan(),
  asinh: (x) => x.asinh(),
  atan2: (x, y) => x.atan2(y),
  'sigmoid far out': (x) => x.sigmoid(),
  'softplus far out': (x) => x.softplus(),
  'silu far out': (x) => x.silu(),
  'gelu far out': (x) => x.gelu(),
  lerp: (x, y, z) => x.lerp(y, z),
  logAddExp: (x, y) => x.logAddExp(y),
  'logAddExp twice': (x, y) => x.logAddExp(y),
  hypot: (x, y) => x.hypot(y),
  fmod: (x, y) => x.fmod(y),
  nanToNum: (x) => x.nanToNum({ nan: 2, infinity: 9, negativeInfinity: -7 }).square(),
  nanSum: (x) => x.nanSum(1).square(),
  nanMean: (x) => x.nanMean(1).square(),
  variance: (x) => x.variance(1),
  'variance, not corrected': (x) => x.variance([0, 1], false, 0),
  'std with equal elements': (x) => x.std(1),
  ...Object.fromEntries(
    [0.5, 1, 1.5, 2, 3, Infinity, -Infinity].map((p) => [
      `norm ${torchName(p)} with zeros and ties`,
      (x: Tensor) => x.norm(p, 1),
    ]),
  ),
  'norm 3': (x) => x.norm(3, 1),
  ...Object.fromEntries(
    [0, 0.5, 1, 1.5, 2, 3, Infinity].map((p) => [
      `cdist ${torchName(p)} of equal points`,
      (x: Tensor, y: Tensor) => c.cdist(x, y, p),
    ]),
  ),
  roll: (x) => x.roll([1, -2], [0, 1]).square(),
  'tril and triu': (x) => x.tril(-1).add(x.triu(1).square()),
  diagonal: (x) => x.diagonal(1).square(),
  repeat: (x) => x.repeat([2, 1, 2]),
  einsum: (x, y, z) => c.einsum('ij,kj,k->i', x, y, z),
  'einsum of a diagonal': (x, y) => c.einsum('iji,j->i', x, y),
  'einsum with dots': (x, y) => c.einsum('...i,ij->...j', x, y),
  'einsum that sums dots': (x, y) => c.einsum('i...,...->i', x, y),
  cross: (x, y) => x.cross(y),
  kron: (x, y) => x.kron(y),
  scatter: (x, y) =>
    x
      .scatter(
        1,
        ints([
          [2, 0],
          [1, 2],
        ]),
        y,
      )
      .square(),
  ...Object.fromEntries(
    (['sum', 'prod', 'mean', 'amax', 'amin'] as const).flatMap((reduce) =>
      [true, false].map((includeSelf) => [
        `scatterReduce ${reduce}${includeSelf ? '' : ' of the new ones'}`,
        (x: Tensor, y: Tensor) => x.scatterReduce(1, places(), y, reduce, { includeSelf }),
      ]),
    ),
  ),
  'scatterReduce prod with zeros': (x, y) => x.scatterReduce(1, places(), y, 'prod'),
  indexPut: (x, y) => x.indexPut([ints([[0], [1]]), ints([2, 0])], y).square(),
  'indexPut that adds': (x, y) => x.indexPut([ints([[0], [1]]), ints([2, 0, 2])], y, { accumulate: true }).square(),
  maskedScatter: (x, y) => x.maskedScatter(x.gt(0.4), y).square(),
  indexCopy: (x, y) => x.indexCopy(1, ints([2, 0]), y),
  indexFill: (x) => x.indexFill(1, ints([2, 0]), 7),
  maskedFill: (x) => x.maskedFill(x.gt(0.4), -1).square(),
  takeAlongDim: (x) => x.takeAlongDim(ints([[2], [0]]), 1),
  'segment sum': (x) => c.segmentSum(x, ints([0, 2, 3, 6])),
  'segment mean': (x) => c.segmentMean(x, ints([0, 2, 3, 6])),
  'segment max': (x) => c.segmentMax(x, ints([0, 2, 3, 6])),
  'segment min': (x) => c.segmentMin(x, ints([0, 2, 3, 6])),
  unique(x) {
    const { values, inverse, counts } = x.uniqueUpTo(3);
    return flat(values, inverse, counts);
  },
  nonzero: (x) => flat(x.nonzeroUpTo(3).indices),
  searchSorted: (x, y) => flat(c.searchSorted(x, y), c.searchSorted(x, y, { right: true })),
  bucketize: (x, y) => flat(y.bucketize(x), y.bucketize(x, { right: true })),
  binCount: (x, w) => flat(x.flatten().to('int32').binCount(5), x.flatten().to('int32').binCount(5, w.flatten())),
  histogram: (x) => flat(x.histogram(4, 0, 3)),
  'argMax and argMin': (x) => flat(x.argMax(1), x.argMin(0), x.argMax()),
  solve: (a, b) => c.solve(a, b),
  inverse: (a) => a.inverse(),
  determinant: (a) => a.determinant(),
  'determinant of 4 x 4': (a) => a.determinant(),
  cholesky: (a) => a.cholesky(),
  choleskySolve: (l, b) => c.choleskySolve(b, l),
  'three matrices by svd'(a) {
    const { u, s, v } = a.svd();
    return s.add(u.select(2, 0).mul(v.select(2, 0).sum(1, true)));
  },
  'three eigensystems'(a) {
    const { values, vectors } = c.symmetricEigen(a);
    const first = vectors.select(2, 0);
    return values.mul(2).add(first.mul(first.sum(1, true)));
  },
  triangularSolve: (a, b) => c.triangularSolve(a, b, { upper: true }),
  qr(a) {
    const { q, r } = a.qr();
    return q.square().matmul(r.square());
  },
  leastSquares: (a, b) => c.leastSquares(a, b),
  symmetricEigen(a) {
    const { values, vectors } = c.symmetricEigen(a);
    const first = vectors.select(1, 0);
    return values.mul(2).add(first.mul(first.sum()));
  },
  svd(a) {
    const { u, s, v } = a.svd();
    const [first, last] = [0, 2].map((k) => [u.select(1, k), v.select(1, k)] as const);
    return s.add(first![0].mul(first![1].sum())).add(last![0].mul(last![1].select(0, 1)));
  },
  ...imageFunctions,
  layer: (x, w) => x.matmul(w).tanh().add(x.mean(1, true)).logSoftmax(1).select(1, 0),
};

const numbers = (tree: Nested): number[] => (Array.isArray(tree) ? tree.flatMap(numbers) : [Number(tree)]);
const nested = (tree: Nested): c.TensorLike => (Array.isArray(tree) ? tree.map(nested) : Number(tree));

/** Sum of the elements, element i counted cos(i) times. */
const weighted = (t: Tensor): Tensor =>
  t
    .flatten()
    .mul(c.tensor(Float32Array.from({ length: t.size }, (_, i) => Math.cos(i))))
    .sum();

const float64 = (t: Tensor): number[] =>
  Array.from(evaluateNodes([t.node], (n) => toHostArray(n.data!, n.dtype))[0]!.slice(0, t.size));

const close = (found: readonly number[], expected: readonly number[], what: string): void => {
  expect(found.length, what).toBe(expected.length);
  // inputs are float32 here and float64 there
  found.forEach((v, i) => {
    const e = expected[i]!;
    if (Object.is(v, e) || v === e) return;
    expect(Math.abs(v - e), `${what}, element ${i}: ${v}, PyTorch ${e}`).toBeLessThanOrEqual(2e-6 * (1 + Math.abs(e)));
  });
};

describe(`PyTorch ${torch} gives the same gradients`, () => {
  test('every stored case is tested', () => {
    expect(cases.map((k) => k.name).sort()).toEqual(Object.keys(functions).sort());
  });

  test.each(cases.map((k) => [k.name, k] as const))('%s', (name, { inputs, value, gradients, second }) => {
    const xs = inputs.map((x) => c.tensor(nested(x)));
    const fn = (given: readonly Tensor[]): Tensor => functions[name]!(given[0]!, given[1]!, given[2]!);
    close(float64(fn(xs)), numbers(value), 'value');
    if (!gradients) return;
    const gradient = c.grad((given: readonly Tensor[]) => weighted(fn(given)));
    (gradient(xs) as Tensor[]).forEach((g, i) => close(float64(g), numbers(gradients[i]!), `gradient of input ${i}`));
    if (!second) return;
    const total = (given: readonly Tensor[]): Tensor =>
      (gradient(given) as Tensor[]).map(weighted).reduce((a, b) => a.add(b));
    (c.grad(total)(xs) as Tensor[]).forEach((g, i) =>
      close(float64(g), numbers(second[i]!), `second derivative, input ${i}`),
    );
  });
});
