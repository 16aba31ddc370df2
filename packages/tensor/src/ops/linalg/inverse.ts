import { defineProgram } from '../../program/define.js';
import { tidy } from '../../runtime/tidy.js';
import type { Tensor } from '../../tensor.js';
import { wgsl } from '../../wgsl/link.js';
import { eye } from '../create.js';
import { reciprocal } from '../math.js';
import { matmul } from '../matmul.js';
import { solveHost } from './elimination.js';
import { expectMatrices, flatMatrices } from './matrices.js';
import { solveAll } from './solve.js';

/**
 * Cofactors of small matrices. Rows and columns are counted on from the ones that are left out, round the matrix: for
 * three that gives the sign, for two and four it has to be given.
 */
const cofactors: Readonly<Record<number, string>> = {
  2: 'return alternating * at(r + 1u, c + 1u);',
  3: 'return at(r + 1u, c + 1u) * at(r + 2u, c + 2u) - at(r + 1u, c + 2u) * at(r + 2u, c + 1u);',
  4: `let p = vec3f(at(r + 1u, c + 1u), at(r + 1u, c + 2u), at(r + 1u, c + 3u));
      let q = vec3f(at(r + 2u, c + 1u), at(r + 2u, c + 2u), at(r + 2u, c + 3u));
      let s = vec3f(at(r + 3u, c + 1u), at(r + 3u, c + 2u), at(r + 3u, c + 3u));
      return alternating * dot(p, cross(q, s));`,
};

/** Inverses of 2 x 2, 3 x 3 and 4 x 4 in closed form: cofactors, transposed, over the determinant. */
const inverseProgram = defineProgram({
  name: 'inverse',
  inputs: { a: 'f32[B, N, N]' },
  outputs: ({ a }) => ({ x: { dtype: 'f32', shape: a.shape } }),
  dispatches: ({ B, N }) => [
    {
      items: B!,
      code: wgsl`var<private> w: array<f32, ${N! * N!}>;
      fn at(r: u32, c: u32) -> f32 { return w[r % N * N + c % N]; }
      fn cofactor(r: u32, c: u32) -> f32 {
        let alternating = select(1.0, -1.0, (r + c) % 2u == 1u);
        ${cofactors[N!]!}
      }
      fn item(m: u32) {
        let start = m * N * N;
        for (var k = 0u; k < N * N; k++) { w[k] = a[start + k]; }
        var determinant = 0.0;
        for (var k = 0u; k < N * N; k++) {
          let factor = cofactor(k / N, k % N);
          x[start + k % N * N + k / N] = factor;
          if (k < N) { determinant += w[k] * factor; }
        }
        for (var k = 0u; k < N * N; k++) { x[start + k] /= determinant; }
      }`,
    },
  ],
  // by elimination: another way to the same numbers
  reference: ({ a }) => {
    const [B, n] = a.shape as [number, number];
    const unit = Float64Array.from(a.data, (_, i) => Number(Math.floor(i / n) % n === i % n));
    return { x: solveHost(a.data, unit, [B, n, n]) };
  },
  vjp: ({ gradX }, _, __, { x }) => ({ a: matmul(matmul(x!.transpose(), gradX), x!.transpose()).neg() }),
  jvp: ({ tangentA }, { a }): { x: Tensor } => {
    const { x } = inverseProgram({ a });
    return { x: matmul(matmul(x, tangentA), x).neg() };
  },
});

/**
 * Inverses of matrices [..., n, n] up to 32 x 32; float32. In closed form up to 4 x 4, by elimination beyond (see `solve`).
 * Where there is none: infinities and NaN (PyTorch raises an error).
 */
export function inverse(a: Tensor): Tensor {
  expectMatrices('inverse', a);
  const n = a.shape[a.rank - 1]!;
  return tidy(() => {
    const flat = flatMatrices(a);
    if (n === 1) return reciprocal(flat).reshape(a.shape);
    if (n >= 2 && n <= 4) return inverseProgram({ a: flat }).x.reshape(a.shape);
    return solveAll(flat, eye(n).expand(flat.shape)).reshape(a.shape);
  });
}
