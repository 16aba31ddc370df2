import { defineProgram } from '../../program/define.js';
import { tidy } from '../../runtime/tidy.js';
import type { Tensor } from '../../tensor.js';
import { wgsl } from '../../wgsl/link.js';
import { eye } from '../create.js';
import { matmul } from '../matmul.js';
import { tril, triu } from '../matrixParts.js';
import { expectMatrices, flatMatrices, symmetric, system } from './matrices.js';

const triangularProgram = defineProgram({
  name: 'triangularSolve',
  inputs: { a: 'f32[B, N, N]', b: 'f32[B, N, K]' },
  options: { upper: 'u32', unit: 'u32' },
  outputs: ({ b }) => ({ x: { dtype: 'f32', shape: b.shape } }),
  dispatches: ({ B, K }) => [
    {
      items: B! * K!,
      code: wgsl`fn item(i: u32) {
        let m = i / K;
        let k = i % K;
        for (var step = 0u; step < N; step++) {
          let r = select(step, N - 1u - step, upper == 1u);
          var sum = b[(m * N + r) * K + k];
          for (var done = 0u; done < step; done++) {
            let c = select(done, N - 1u - done, upper == 1u);
            sum -= a[(m * N + r) * N + c] * x[(m * N + c) * K + k];
          }
          x[(m * N + r) * K + k] = select(sum / a[(m * N + r) * N + r], sum, unit == 1u);
        }
      }`,
    },
  ],
  reference: ({ a, b }, { upper, unit }) => {
    const [B, n, k] = b.shape as [number, number, number];
    const x = new Float64Array(B * n * k);
    const order = Array.from({ length: n }, (_, r) => (upper === 1 ? n - 1 - r : r));
    for (let m = 0; m < B; m++) {
      for (let j = 0; j < k; j++) {
        order.forEach((r, step) => {
          let sum = b.data[(m * n + r) * k + j]!;
          for (const c of order.slice(0, step)) sum -= a.data[(m * n + r) * n + c]! * x[(m * n + c) * k + j]!;
          x[(m * n + r) * k + j] = unit === 1 ? sum : sum / a.data[(m * n + r) * n + r]!;
        });
      }
    }
    return { x };
  },
  vjp: ({ gradX }, { a }, { upper, unit }, { x }): { a: Tensor; b: Tensor } => {
    const { x: b } = triangularProgram({ a: a.transpose(), b: gradX }, { upper: 1 - upper, unit });
    return { a: triangle(matmul(b, x.transpose()).neg(), upper, unit), b };
  },
  jvp: ({ tangentA, tangentB }, { a, b }, options): { x: Tensor } => {
    const { x } = triangularProgram({ a, b }, options);
    const moved = matmul(triangle(tangentA, options.upper, options.unit), x);
    return triangularProgram({ a, b: tangentB.sub(moved) }, options) as { x: Tensor };
  },
});

/** The part of a matrix that a triangular solve reads. */
const triangle = (x: Tensor, upper: number, unit: number): Tensor => (upper === 1 ? triu(x, unit) : tril(x, -unit));

/** x with a x = b for triangular matrices [batch, n, n]. */
export const solveTriangle = (a: Tensor, b: Tensor, upper: boolean, unit = false): Tensor =>
  triangularProgram({ a, b }, { upper: upper ? 1 : 0, unit: unit ? 1 : 0 }).x;

/** Which triangle `triangularSolve` reads. */
export interface TriangularOptions {
  /** The upper triangle instead of the lower one. */
  readonly upper?: boolean;
  /** The diagonal counts as ones and is not read. */
  readonly unitriangular?: boolean;
}

/**
 * x with a x = b, where only one triangle of the matrices [..., n, n] (up to 32 x 32) counts: the lower one unless told
 * otherwise. b is [..., n, k] or a vector [..., n]; batches broadcast; float32. PyTorch's `linalg.solve_triangular`.
 */
export function triangularSolve(
  a: Tensor,
  b: Tensor,
  { upper = false, unitriangular = false }: TriangularOptions = {},
): Tensor {
  expectMatrices('triangularSolve', a);
  return tidy(() => system('triangularSolve', a, b, (m, right) => solveTriangle(m, right, upper, unitriangular)));
}

const choleskyProgram = defineProgram({
  name: 'cholesky',
  inputs: { a: 'f32[B, N, N]' },
  outputs: ({ a }) => ({ l: { dtype: 'f32', shape: a.shape } }),
  dispatches: ({ B }) => [
    {
      items: B!,
      code: wgsl`fn item(m: u32) {
        let start = m * N * N;
        for (var c = 0u; c < N; c++) {
          for (var r = 0u; r < N; r++) {
            var sum = 0.0;
            if (r >= c) {
              sum = a[start + r * N + c];
              for (var k = 0u; k < c; k++) { sum -= l[start + r * N + k] * l[start + c * N + k]; }
              if (r == c) { sum = sqrt(sum); } else { sum /= l[start + c * N + c]; }
            }
            l[start + r * N + c] = sum;
          }
        }
      }`,
    },
  ],
  reference: ({ a }) => {
    const [B, n] = a.shape as [number, number];
    const l = new Float64Array(a.data.length);
    for (let start = 0; start < B * n * n; start += n * n) {
      for (let c = 0; c < n; c++) {
        for (let r = c; r < n; r++) {
          let sum = a.data[start + r * n + c]!;
          for (let k = 0; k < c; k++) sum -= l[start + r * n + k]! * l[start + c * n + k]!;
          l[start + r * n + c] = r === c ? Math.sqrt(sum) : sum / l[start + c * n + c]!;
        }
      }
    }
    return { l };
  },
  // Murray 2016 ("Differentiation of the Cholesky decomposition"), equations 9 and 10
  vjp: ({ gradL }, _, __, { l }) => {
    const inner = halved(matmul(l!.transpose(), gradL));
    const left = solveTriangle(l!.transpose(), inner, true);
    return { a: symmetric(solveTriangle(l!.transpose(), left.transpose(), true)) };
  },
  jvp: ({ tangentA }, { a }): { l: Tensor } => {
    const { l } = choleskyProgram({ a });
    const left = solveTriangle(l, tangentA, false);
    return { l: matmul(l, halved(solveTriangle(l, left.transpose(), false).transpose())) };
  },
});

/** The lower triangle with half of the diagonal. */
const halved = (x: Tensor): Tensor => tril(x).sub(x.mul(eye(x.shape[x.rank - 1]!)).mul(0.5));

/**
 * Lower triangular matrices l with l l^T = a, for symmetric positive definite matrices [..., n, n] up to 32 x 32; float32.
 * What is not symmetric counts as (a + a^T) / 2, so that gradients are symmetric; PyTorch reads the lower triangle. NaN for
 * a matrix that is not positive definite (PyTorch raises an error).
 */
export function cholesky(a: Tensor): Tensor {
  expectMatrices('cholesky', a);
  return tidy(() => choleskyProgram({ a: symmetric(flatMatrices(a)) }).l.reshape(a.shape));
}

/**
 * x with a x = b, from the lower triangular Cholesky factors l of a = l l^T: two triangular solves. l is [..., n, n], b is
 * [..., n, k] or a vector [..., n]; batches broadcast; float32. Its arguments in PyTorch's order: `cholesky_solve(b, l)`.
 */
export function choleskySolve(b: Tensor, l: Tensor): Tensor {
  expectMatrices('choleskySolve', l);
  const both = (m: Tensor, right: Tensor): Tensor => solveTriangle(m.transpose(), solveTriangle(m, right, false), true);
  return tidy(() => system('choleskySolve', l, b, both));
}
