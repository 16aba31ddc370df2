import { defineProgram } from '../../program/define.js';
import { tidy } from '../../runtime/tidy.js';
import type { Tensor } from '../../tensor.js';
import { wgsl } from '../../wgsl/link.js';
import { where } from '../math.js';
import { matmul } from '../matmul.js';
import { diagEmbed, diagonal } from '../matrixParts.js';
import { columnSign, rotation, rotationOf, signOf, turn } from './eigen.js';
import { expectMatrices, flatMatrices } from './matrices.js';

const sweeps = 15;

/** Hestenes 1958: rotations of columns until they are orthogonal; their lengths are the singular values. */
const svdProgram = defineProgram({
  name: 'svd',
  inputs: { a: 'f32[B, N, N]' },
  options: { sweeps: 'u32' },
  outputs: ({ a }) => ({
    left: { dtype: 'f32', shape: a.shape },
    s: { dtype: 'f32', shape: a.shape.slice(0, -1) },
    right: { dtype: 'f32', shape: a.shape },
  }),
  dispatches: ({ B }) => [
    {
      items: B!,
      label: 'svd rotate',
      code: wgsl`${rotation}
      fn item(m: u32) {
        let start = m * N * N;
        for (var i = 0u; i < N * N; i++) {
          left[start + i] = a[start + i];
          right[start + i] = select(0.0, 1.0, i / N == i % N);
        }
        for (var sweep = 0u; sweep < sweeps; sweep++) {
          var turned = false;
          for (var p = 0u; p + 1u < N; p++) {
            for (var q = p + 1u; q < N; q++) {
              var pp = 0.0;
              var qq = 0.0;
              var pq = 0.0;
              for (var k = 0u; k < N; k++) {
                let x = left[start + k * N + p];
                let y = left[start + k * N + q];
                pp += x * x;
                qq += y * y;
                pq += x * y;
              }
              if (abs(pq) <= 1e-7 * sqrt(pp) * sqrt(qq)) { continue; }
              turned = true;
              let t = rotation((qq - pp) / (2.0 * pq));
              let c = inverseSqrt(1.0 + t * t);
              for (var k = 0u; k < N; k++) {
                ${turn('left', 'start + k * N + p', 'start + k * N + q')}
                ${turn('right', 'start + k * N + p', 'start + k * N + q')}
              }
            }
          }
          if (!turned) { break; }
        }
      }`,
    },
    {
      items: B!,
      label: 'svd order',
      code: wgsl`fn item(m: u32) {
        let start = m * N * N;
        for (var j = 0u; j < N; j++) {
          var sum = 0.0;
          for (var k = 0u; k < N; k++) { sum += left[start + k * N + j] * left[start + k * N + j]; }
          s[m * N + j] = sqrt(sum);
        }
        for (var j = 0u; j < N; j++) {
          var most = j;
          for (var k = j; k < N; k++) { if (s[m * N + k] > s[m * N + most]) { most = k; } }
          let value = s[m * N + most];
          s[m * N + most] = s[m * N + j];
          s[m * N + j] = value;
          ${columnSign('right', 'most')}
          let scale = select(0.0, sign / value, value > 0.0);
          for (var k = 0u; k < N; k++) {
            let x = right[start + k * N + most];
            right[start + k * N + most] = right[start + k * N + j];
            right[start + k * N + j] = sign * x;
            let y = left[start + k * N + most];
            left[start + k * N + most] = left[start + k * N + j];
            left[start + k * N + j] = scale * y;
          }
          if (value > 0.0) { continue; }
          // nothing is left: the axis that the columns so far cover least, made orthogonal to them
          var axis = 0u;
          var least = 2.0;
          for (var k = 0u; k < N; k++) {
            var covered = 0.0;
            for (var i = 0u; i < j; i++) { covered += left[start + k * N + i] * left[start + k * N + i]; }
            if (covered < least) { least = covered; axis = k; }
          }
          for (var k = 0u; k < N; k++) {
            var x = select(0.0, 1.0, k == axis);
            for (var i = 0u; i < j; i++) { x -= left[start + axis * N + i] * left[start + k * N + i]; }
            left[start + k * N + j] = x * inverseSqrt(1.0 - least);
          }
        }
      }`,
    },
  ],
  reference: ({ a }, options) => {
    const [B, N] = a.shape as [number, number];
    const [u, s, v] = [a.data.length, B * N, a.data.length].map((n) => new Float64Array(n)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    for (let m = 0; m < B; m++) {
      const column = (x: ArrayLike<number>, j: number): number[] => Array.from({ length: N }, (_, k) => x[k * N + j]!);
      const w = Float64Array.from(a.data.slice(m * N * N, (m + 1) * N * N));
      const z = Float64Array.from(w, (_, i) => Number(Math.floor(i / N) === i % N));
      for (let sweep = 0; sweep < options.sweeps; sweep++) rotateColumns(w, z, N);
      const lengths = Array.from({ length: N }, (_, j) => Math.hypot(...column(w, j)));
      const order = lengths.map((_, j) => j).sort((i, j) => lengths[j]! - lengths[i]!);
      const done: number[][] = [];
      order.forEach((from, j) => {
        const sign = signOf(column(z, from));
        const left = lengths[from]! > 0 ? column(w, from).map((x) => (sign * x) / lengths[from]!) : another(done, N);
        done.push(left);
        s[m * N + j] = lengths[from]!;
        for (let k = 0; k < N; k++) {
          v[(m * N + k) * N + j] = sign * z[k * N + from]!;
          u[(m * N + k) * N + j] = left[k]!;
        }
      });
    }
    return { left: u, s, right: v };
  },
  // Townsend 2016 ("Differentiating the singular value decomposition"), for square matrices
  vjp: ({ gradLeft, gradS, gradRight }, _, __, { left: u, s, right: v }) => {
    const gaps = inverseSquareGaps(s!);
    const both = (x: Tensor): Tensor => x.add(x.transpose());
    const left = both(matmul(u!.transpose(), gradLeft).mul(gaps)).mul(s!.unsqueeze(-2));
    const right = both(matmul(v!.transpose(), gradRight).mul(gaps)).mul(s!.unsqueeze(-1));
    return { a: matmul(matmul(u!, left.add(right).add(diagEmbed(gradS))), v!.transpose()) };
  },
  jvp: ({ tangentA }, { a }, options): { left: Tensor; s: Tensor; right: Tensor } => {
    const { left: u, s, right: v } = svdProgram({ a }, options);
    const p = matmul(matmul(u.transpose(), tangentA), v);
    const gaps = inverseSquareGaps(s);
    const [columns, rows] = [s.unsqueeze(-2), s.unsqueeze(-1)];
    const left = p.mul(columns).add(p.transpose().mul(rows)).mul(gaps);
    const right = p.mul(rows).add(p.transpose().mul(columns)).mul(gaps);
    return { left: matmul(u, left), s: diagonal(p, 0, -2, -1), right: matmul(v, right) };
  },
});

/** One round of rotations on the host. */
function rotateColumns(w: Float64Array, z: Float64Array, N: number): void {
  for (let p = 0; p + 1 < N; p++) {
    for (let q = p + 1; q < N; q++) {
      let [pp, qq, pq] = [0, 0, 0];
      for (let k = 0; k < N; k++) {
        pp += w[k * N + p]! ** 2;
        qq += w[k * N + q]! ** 2;
        pq += w[k * N + p]! * w[k * N + q]!;
      }
      if (Math.abs(pq) <= 1e-17 * Math.sqrt(pp * qq)) continue;
      const t = rotationOf((qq - pp) / (2 * pq));
      const c = 1 / Math.sqrt(1 + t * t);
      for (const x of [w, z]) {
        for (let k = 0; k < N; k++) {
          const [first, second] = [x[k * N + p]!, x[k * N + q]!];
          x[k * N + p] = c * (first - t * second);
          x[k * N + q] = c * (t * first + second);
        }
      }
    }
  }
}

/** A unit vector orthogonal to others: from the axis that they cover least. */
function another(vectors: readonly (readonly number[])[], N: number): number[] {
  const covered = Array.from({ length: N }, (_, k) => vectors.reduce((sum, x) => sum + x[k]! ** 2, 0));
  const axis = covered.indexOf(Math.min(...covered));
  return covered.map(
    (_, k) =>
      (Number(k === axis) - vectors.reduce((sum, x) => sum + x[axis]! * x[k]!, 0)) / Math.sqrt(1 - covered[axis]!),
  );
}

/** 1 / (s_j^2 - s_i^2) at [i, j]; 0 where they agree to six digits. */
function inverseSquareGaps(s: Tensor): Tensor {
  const [i, j] = [s.unsqueeze(-1), s.unsqueeze(-2)];
  const [gap, sum] = [j.sub(i), j.add(i)];
  const equal = gap.abs().le(sum.mul(1e-6));
  return where(equal, 0, where(equal, 1, gap.mul(sum)).reciprocal());
}

/** What `svd` gives. */
export interface Singular {
  /** Left singular vectors, the columns of [..., n, n]. */
  readonly u: Tensor;
  /** Singular values [..., n], descending. */
  readonly s: Tensor;
  /** Right singular vectors, the columns of [..., n, n] (PyTorch's `linalg.svd` gives their transpose). */
  readonly v: Tensor;
}

/**
 * a = u diag(s) v^T with orthogonal u and v, for square matrices [..., n, n] up to 32 x 32, by one-sided Jacobi rotations;
 * float32. Small singular values keep their digits. The first element of a column of v that is not small (0.37 of its
 * largest) is positive. Singular vectors of equal singular values are any basis of their space and have no derivative: what
 * would flow between values that agree to six digits is left out.
 */
export function svd(a: Tensor): Singular {
  expectMatrices('svd', a);
  return tidy(() => {
    const { left, s, right } = svdProgram({ a: flatMatrices(a) }, { sweeps });
    return { u: left.reshape(a.shape), s: s.reshape(a.shape.slice(0, -1)), v: right.reshape(a.shape) };
  });
}
