import { describe, expect, test } from 'vitest';
import { evaluateNodes, toHostArray } from '@chiaro/tensor/engine';
import * as c from './index.js';
import type { Tensor } from './index.js';

// Matrices that the operation table avoids: large, singular, with equal values, badly conditioned.

/** Numbers in [-1, 1) that look random. */
function numbers(shape: readonly number[], seed: number): Tensor {
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => {
    const h = Math.imul(i + seed * 7919, 2654435761);
    return (Math.imul(h ^ (h >>> 15), 2246822519) >>> 0) / 2 ** 31 - 1;
  });
  return c.tensor(data, shape);
}

const largest = async (x: Tensor): Promise<number> =>
  [...(await x.data())].reduce((m, v) => Math.max(m, Math.abs(v)), 0);
const notOrthogonal = (q: Tensor): Promise<number> =>
  largest(
    q
      .transpose()
      .matmul(q)
      .sub(c.eye(q.shape[q.rank - 1]!)),
  );
const float64 = (t: Tensor): number[] => [...evaluateNodes([t.node], (n) => toHostArray(n.data!, n.dtype))[0]!];

describe('32 x 32', () => {
  const a = numbers([2, 32, 32], 1);

  test('solve and determinant', async () => {
    const x = c.solve(a, numbers([2, 32, 3], 2));
    const residual = a.matmul(x).sub(numbers([2, 32, 3], 2));
    expect(await largest(residual)).toBeLessThan(1e-4 * (await largest(x)));
    const product = c.determinant(a.mul(0.3)).mul(c.determinant(a.inverse().div(0.3)));
    expect(await largest(product.sub(1))).toBeLessThan(1e-2);
  });

  test('symmetricEigen, svd and qr give back the matrix, with orthogonal factors', async () => {
    const { u, s, v } = a.svd();
    expect(await largest(u.mul(s.unsqueeze(1)).matmul(v.transpose()).sub(a))).toBeLessThan(3e-5);
    expect(await notOrthogonal(u)).toBeLessThan(2e-5);
    expect(await notOrthogonal(v)).toBeLessThan(2e-5);
    const symmetric = a.add(a.transpose());
    const { values, vectors } = c.symmetricEigen(symmetric);
    const back = vectors.mul(values.unsqueeze(1)).matmul(vectors.transpose());
    expect(await largest(back.sub(symmetric))).toBeLessThan(1e-4);
    expect(await notOrthogonal(vectors)).toBeLessThan(2e-5);
    const { q, r } = a.qr();
    expect(await largest(q.matmul(r).sub(a))).toBeLessThan(1e-5);
    expect(await notOrthogonal(q)).toBeLessThan(1e-5);
  });
});

test.each([2, 3, 4])('the inverse of a matrix of %i rows in closed form is that by elimination', async (n) => {
  const a = numbers([20, n, n], 5).add(c.eye(n).mul(2));
  const identity = c.eye(n).expand([20, n, n]);
  expect(await largest(a.inverse().sub(c.solve(a, identity)))).toBeLessThan(2e-5);
});

describe('special matrices', () => {
  const singular = c.tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3]);

  test('the gradient of a determinant is the matrix of cofactors', () => {
    const gradient = c.grad((x: Tensor) => x.determinant())(singular);
    expect(float64(gradient)).toEqual([-3, 6, -3, 6, -12, 6, -3, 6, -3]);
  });

  test('zeros where a pivot would stand', async () => {
    // the cyclic permutation of four: rows must be exchanged
    const cycle = c.eye(4).roll(1, 0);
    expect(await cycle.determinant().item()).toBe(-1);
    expect(await c.solve(cycle, c.tensor([1, 2, 3, 4])).array()).toEqual([2, 3, 4, 1]);
  });

  test('a determinant of 0, a solution that is not finite', async () => {
    const zeroRow = numbers([5, 5], 3).mul(c.arange(5).ne(2).reshape([5, 1]));
    expect(await zeroRow.determinant().item()).toBe(0);
    expect((await zeroRow.inverse().data()).some((v) => !Number.isFinite(v))).toBe(true);
    expect((await c.tensor([1, 2, 2, 1], [2, 2]).cholesky().data())[3]).toBeNaN();
  });

  test.each([
    ['rank 2', singular],
    ['rank 1', c.outer(c.tensor([1, -2, 0.5]), c.tensor([3, 0, 1]))],
    ['rank 0', c.zeros([3, 3])],
    ['a reflection with equal values', c.tensor([0, 2, 0, -2, 0, 0, 0, 0, -2], [3, 3])],
  ])('svd of %s: orthogonal factors that give it back', async (_, a) => {
    const { u, s, v } = a.svd();
    expect(await notOrthogonal(u)).toBeLessThan(2e-6);
    expect(await notOrthogonal(v)).toBeLessThan(2e-6);
    expect(await largest(u.mul(s).matmul(v.transpose()).sub(a))).toBeLessThan(1e-5);
  });
});

test('gradients between equal eigenvalues and singular values are left out', () => {
  const turned = (x: Tensor): Tensor =>
    c
      .symmetricEigen(x)
      .vectors.mul(numbers([3, 3], 4))
      .sum();
  const gradient = float64(c.grad(turned)(c.eye(3).mul(2)));
  expect(gradient).toEqual(gradient.map(() => 0));
  const values = (x: Tensor): Tensor => c.symmetricEigen(x).values.sum().add(x.svd().s.sum());
  expect(float64(c.grad(values)(c.eye(3).mul(2)))).toEqual([2, 0, 0, 0, 2, 0, 0, 0, 2]);
});

test('leastSquares keeps digits that the normal equations lose', async () => {
  // powers of points in [0, 1]: condition number 4e3, its square 2e7
  const rows = 40;
  const points = c.arange(rows).div(rows - 1);
  const a = c.stack(
    Array.from({ length: 6 }, (_, k) => points.pow(k)),
    1,
  );
  const exact = c.tensor([1, -2, 3, -1, 2, 0.5]);
  const b = a.matmul(exact);
  const error = (x: Tensor): Promise<number> => largest(x.sub(exact));
  const orthogonal = await error(c.leastSquares(a, b));
  const normal = await error(c.solve(a.transpose().matmul(a), a.transpose().matmul(b)));
  expect(orthogonal).toBeLessThan(2e-3);
  expect(normal).toBeGreaterThan(5 * orthogonal);
});
