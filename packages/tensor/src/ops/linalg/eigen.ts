import { defineProgram } from '../../program/define.js';
import { tidy } from '../../runtime/tidy.js';
import type { Tensor } from '../../tensor.js';
import { wgsl } from '../../wgsl/link.js';
import { where } from '../math.js';
import { matmul } from '../matmul.js';
import { diagEmbed, diagonal } from '../matrixParts.js';
import { expectMatrices, flatMatrices, symmetric } from './matrices.js';

/** Rounds of rotations after which Jacobi's method stops at the latest; it converges quadratically, in 5 to 9. */
const sweeps = 15;

/** WGSL: tangent of the angle that makes two columns (rows) independent, from half the cotangent of twice the angle. */
export const rotation = wgsl`fn rotation(cotangent: f32) -> f32 {
  return select(1.0, -1.0, cotangent < 0.0) / (abs(cotangent) + sqrt(1.0 + cotangent * cotangent));
}`;

/** WGSL: turns the elements at two places of an array by the angle of tangent t and cosine c. */
export const turn = (array: string, first: string, second: string): string => `{
                let first = ${array}[${first}];
                let second = ${array}[${second}];
                ${array}[${first}] = c * (first - t * second);
                ${array}[${second}] = c * (t * first + second);
              }`;

/** The same on the host. */
export const rotationOf = (cotangent: number): number =>
  (cotangent < 0 ? -1 : 1) / (Math.abs(cotangent) + Math.sqrt(1 + cotangent * cotangent));

/**
 * Which sign a vector gets: its first element that is not small is positive. Small is below 0.37 of the largest, a bound
 * that elements seldom meet exactly.
 */
const positiveFrom = 0.37;

/** WGSL: `sign`, by which the column of the matrix at `start` of an array must be multiplied. */
export const columnSign = (array: string, column: string): string => `
          var largest = 0.0;
          for (var k = 0u; k < N; k++) { largest = max(largest, abs(${array}[start + k * N + ${column}])); }
          var sign = 0.0;
          for (var k = 0u; k < N; k++) {
            let x = ${array}[start + k * N + ${column}];
            if (sign == 0.0 && abs(x) >= ${positiveFrom} * largest) { sign = select(1.0, -1.0, x < 0.0); }
          }`;

/** The sign by which the column of a matrix must be multiplied. */
export function signOf(column: readonly number[]): number {
  const largest = column.reduce((a, v) => Math.max(a, Math.abs(v)), 0);
  return column.find((v) => Math.abs(v) >= positiveFrom * largest)! < 0 ? -1 : 1;
}

const eigenProgram = defineProgram({
  name: 'symmetricEigen',
  inputs: { a: 'f32[B, N, N]' },
  options: { sweeps: 'u32' },
  outputs: ({ a }) => ({
    values: { dtype: 'f32', shape: a.shape.slice(0, -1) },
    vectors: { dtype: 'f32', shape: a.shape },
  }),
  scratch: ({ B, N }) => ({ s: { element: 'f32', length: B! * N! * N! } }),
  dispatches: ({ B }) => [
    {
      items: B!,
      code: wgsl`${rotation}
      fn item(m: u32) {
        let start = m * N * N;
        for (var i = 0u; i < N * N; i++) {
          s[start + i] = a[start + i];
          vectors[start + i] = select(0.0, 1.0, i / N == i % N);
        }
        for (var sweep = 0u; sweep < sweeps; sweep++) {
          var turned = false;
          for (var p = 0u; p + 1u < N; p++) {
            for (var q = p + 1u; q < N; q++) {
              let pp = s[start + p * N + p];
              let qq = s[start + q * N + q];
              let pq = s[start + p * N + q];
              if (abs(pq) <= 1e-9 * (abs(pp) + abs(qq))) { continue; }
              turned = true;
              let t = rotation((qq - pp) / (2.0 * pq));
              let c = inverseSqrt(1.0 + t * t);
              for (var k = 0u; k < N; k++) {
                ${turn('s', 'start + k * N + p', 'start + k * N + q')}
                ${turn('vectors', 'start + k * N + p', 'start + k * N + q')}
              }
              for (var k = 0u; k < N; k++) ${turn('s', 'start + p * N + k', 'start + q * N + k')}
            }
          }
          if (!turned) { break; }
        }
        for (var j = 0u; j < N; j++) {
          var least = j;
          for (var k = j; k < N; k++) {
            if (s[start + k * N + k] < s[start + least * N + least]) { least = k; }
          }
          let value = s[start + least * N + least];
          s[start + least * N + least] = s[start + j * N + j];
          values[m * N + j] = value;
          ${columnSign('vectors', 'least')}
          for (var k = 0u; k < N; k++) {
            let v = vectors[start + k * N + least];
            vectors[start + k * N + least] = vectors[start + k * N + j];
            vectors[start + k * N + j] = sign * v;
          }
        }
      }`,
    },
  ],
  reference: ({ a }, options) => {
    const [B, N] = a.shape as [number, number];
    const values = new Float64Array(B * N);
    const vectors = new Float64Array(B * N * N);
    for (let m = 0; m < B; m++) {
      const s = Float64Array.from(a.data.slice(m * N * N, (m + 1) * N * N));
      const v = Float64Array.from(s, (_, i) => Number(Math.floor(i / N) === i % N));
      for (let sweep = 0; sweep < options.sweeps; sweep++) rotateAll(s, v, N);
      const order = Array.from({ length: N }, (_, j) => j).sort((i, j) => s[i * N + i]! - s[j * N + j]!);
      order.forEach((from, j) => {
        const sign = signOf(Array.from({ length: N }, (_, k) => v[k * N + from]!));
        values[m * N + j] = s[from * N + from]!;
        for (let k = 0; k < N; k++) vectors[(m * N + k) * N + j] = sign * v[k * N + from]!;
      });
    }
    return { values, vectors };
  },
  // Giles 2008 ("An extended collection of matrix derivative results"), section 3.1
  vjp: ({ gradValues, gradVectors }, _, __, { values, vectors }) => {
    const turned = matmul(vectors!.transpose(), gradVectors).mul(inverseGaps(values!));
    return { a: matmul(matmul(vectors!, diagEmbed(gradValues).add(turned)), vectors!.transpose()) };
  },
  jvp: ({ tangentA }, { a }, options): { values: Tensor; vectors: Tensor } => {
    const { values, vectors } = eigenProgram({ a }, options);
    const inside = matmul(matmul(vectors.transpose(), tangentA), vectors);
    return { values: diagonal(inside, 0, -2, -1), vectors: matmul(vectors, inside.mul(inverseGaps(values))) };
  },
});

/** One round of rotations on the host. */
function rotateAll(s: Float64Array, v: Float64Array, N: number): void {
  for (let p = 0; p + 1 < N; p++) {
    for (let q = p + 1; q < N; q++) {
      const pq = s[p * N + q]!;
      if (pq === 0) continue;
      const t = rotationOf((s[q * N + q]! - s[p * N + p]!) / (2 * pq));
      const c = 1 / Math.sqrt(1 + t * t);
      const turn = (x: Float64Array, i: number, j: number): void => {
        const [first, second] = [x[i]!, x[j]!];
        x[i] = c * (first - t * second);
        x[j] = c * (t * first + second);
      };
      for (let k = 0; k < N; k++) {
        turn(s, k * N + p, k * N + q);
        turn(v, k * N + p, k * N + q);
      }
      for (let k = 0; k < N; k++) turn(s, p * N + k, q * N + k);
    }
  }
}

/** 1 / (value j - value i) at [i, j]; 0 where they agree to six digits, since vectors have no derivative there. */
function inverseGaps(values: Tensor): Tensor {
  const [i, j] = [values.unsqueeze(-1), values.unsqueeze(-2)];
  const gap = j.sub(i);
  const equal = gap.abs().le(i.abs().add(j.abs()).mul(1e-6));
  return where(equal, 0, where(equal, 1, gap).reciprocal());
}

/** What `symmetricEigen` gives. */
export interface Eigen {
  /** Eigenvalues [..., n], ascending. */
  readonly values: Tensor;
  /** Orthonormal eigenvectors, the columns of [..., n, n]. */
  readonly vectors: Tensor;
}

/**
 * Eigenvalues and eigenvectors of symmetric matrices [..., n, n] up to 32 x 32, by Jacobi's rotations; float32. PyTorch's
 * `linalg.eigh`. What is not symmetric counts as (a + a^T) / 2. The first element of a vector that is not small (0.37 of
 * its largest) is positive. Vectors of equal eigenvalues are any basis of their space and have no derivative: what would
 * flow between values that agree to six digits is left out.
 */
export function symmetricEigen(a: Tensor): Eigen {
  expectMatrices('symmetricEigen', a);
  return tidy(() => {
    const { values, vectors } = eigenProgram({ a: symmetric(flatMatrices(a)) }, { sweeps });
    return { values: values.reshape(a.shape.slice(0, -1)), vectors: vectors.reshape(a.shape) };
  });
}
