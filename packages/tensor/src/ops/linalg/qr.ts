import { ShapeError } from '../../errors.js';
import { defineProgram } from '../../program/define.js';
import { tidy } from '../../runtime/tidy.js';
import { showShape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import { wgsl } from '../../wgsl/link.js';
import { matmul } from '../matmul.js';
import { tril } from '../matrixParts.js';
import { solveTriangle } from './cholesky.js';
import { expectMatrices, flatMatrices, system } from './matrices.js';

/** Gram and Schmidt's columns, every one made orthogonal to those before it twice: orthogonal to the last digits. */
const qrProgram = defineProgram({
  name: 'qr',
  inputs: { a: 'f32[B, M, N]' },
  outputs: ({ a }) => ({
    q: { dtype: 'f32', shape: a.shape },
    r: { dtype: 'f32', shape: [a.shape[0]!, a.shape[2]!, a.shape[2]!] },
  }),
  dispatches: ({ B }) => [
    {
      items: B!,
      code: wgsl`fn item(m: u32) {
        let start = m * M * N;
        let square = m * N * N;
        for (var c = 0u; c < N; c++) {
          for (var k = 0u; k < N; k++) { r[square + k * N + c] = 0.0; }
          for (var i = 0u; i < M; i++) { q[start + i * N + c] = a[start + i * N + c]; }
          for (var again = 0u; again < 2u * c; again++) {
            let k = again % c;
            var along = 0.0;
            for (var i = 0u; i < M; i++) { along += q[start + i * N + k] * q[start + i * N + c]; }
            for (var i = 0u; i < M; i++) { q[start + i * N + c] -= along * q[start + i * N + k]; }
            r[square + k * N + c] += along;
          }
          var sum = 0.0;
          for (var i = 0u; i < M; i++) { sum += q[start + i * N + c] * q[start + i * N + c]; }
          let length = sqrt(sum);
          for (var i = 0u; i < M; i++) { q[start + i * N + c] /= length; }
          r[square + c * N + c] = length;
        }
      }`,
    },
  ],
  reference: ({ a }) => {
    const [B, M, N] = a.shape as [number, number, number];
    const q = Float64Array.from(a.data);
    const r = new Float64Array(B * N * N);
    for (let m = 0; m < B; m++) {
      const dot = (k: number, c: number): number => {
        let sum = 0;
        for (let i = m * M; i < (m + 1) * M; i++) sum += q[i * N + k]! * q[i * N + c]!;
        return sum;
      };
      for (let c = 0; c < N; c++) {
        for (let again = 0; again < 2 * c; again++) {
          const k = again % c;
          const along = dot(k, c);
          for (let i = m * M; i < (m + 1) * M; i++) q[i * N + c]! -= along * q[i * N + k]!;
          r[(m * N + k) * N + c]! += along;
        }
        const length = Math.sqrt(dot(c, c));
        for (let i = m * M; i < (m + 1) * M; i++) q[i * N + c]! /= length;
        r[(m * N + c) * N + c] = length;
      }
    }
    return { q, r };
  },
  // Walter and Lehmann 2018 ("Algorithmic differentiation of linear algebra functions"), section 3
  vjp: ({ gradQ, gradR }, _, __, { q, r }) => {
    const m = matmul(r!, gradR.transpose()).sub(matmul(gradQ.transpose(), q!));
    const mirrored = tril(m).add(tril(m, -1).transpose());
    return { a: solveTriangle(r!, gradQ.add(matmul(q!, mirrored)).transpose(), true).transpose() };
  },
  jvp: ({ tangentA }, { a }): { q: Tensor; r: Tensor } => {
    const { q, r } = qrProgram({ a });
    const x = solveTriangle(r.transpose(), tangentA.transpose(), false).transpose();
    const w = matmul(q.transpose(), x);
    const below = tril(w, -1);
    const upper = w.sub(below).add(below.transpose());
    return { q: x.sub(matmul(q, upper)), r: matmul(upper, r) };
  },
});

/** The factors of a matrix by `qr`. */
export interface Factors {
  /** Orthonormal columns [..., m, n]. */
  readonly q: Tensor;
  /** Upper triangular [..., n, n], with a positive diagonal. */
  readonly r: Tensor;
}

function factors(op: string, a: Tensor): void {
  expectMatrices(op, a, false);
  if (a.shape[a.rank - 2]! < a.shape[a.rank - 1]!) {
    throw new ShapeError(
      `${op}: takes matrices [..., m, n] with at least as many rows as columns, got ${showShape(a.shape)}`,
    );
  }
}

/**
 * a = q r with orthonormal columns q and upper triangular r, for matrices [..., m, n] with m >= n and n up to 32 (PyTorch's
 * reduced form); float32. The diagonal of r is positive, which makes the factors unique. Columns that depend on each other
 * give NaN.
 */
export function qr(a: Tensor): Factors {
  factors('qr', a);
  const [m, n] = a.shape.slice(-2) as [number, number];
  const batch = a.shape.slice(0, -2);
  return tidy(() => {
    const { q, r } = qrProgram({ a: flatMatrices(a) });
    return { q: q.reshape([...batch, m, n]), r: r.reshape([...batch, n, n]) };
  });
}

/**
 * x that makes |a x - b| smallest, for matrices [..., m, n] with m >= n, n up to 32, of full column rank, and right sides
 * [..., m, k] or vectors [..., m]; batches broadcast; float32. By orthogonal factors (`qr`), so the relative error grows
 * with the condition number of a times 1e-7, not with its square as the normal equations' would; columns that depend on
 * each other give NaN.
 */
export function leastSquares(a: Tensor, b: Tensor): Tensor {
  factors('leastSquares', a);
  return tidy(() =>
    system('leastSquares', a, b, (m, right) => {
      const { q, r } = qrProgram({ a: m });
      return solveTriangle(r, matmul(q.transpose(), right), true);
    }),
  );
}
