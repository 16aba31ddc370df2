import { defineProgram } from '../../program/define.js';
import { tidy } from '../../runtime/tidy.js';
import type { Tensor } from '../../tensor.js';
import { wgsl } from '../../wgsl/link.js';
import { matmul } from '../matmul.js';
import { elimination, solveHost } from './elimination.js';
import { expectMatrices, system } from './matrices.js';

const solveProgram = defineProgram({
  name: 'solve',
  inputs: { a: 'f32[B, N, N]', b: 'f32[B, N, K]' },
  outputs: ({ b }) => ({ x: { dtype: 'f32', shape: b.shape } }),
  scratch: ({ B, N, K }) => ({ w: { element: 'f32', length: B! * N! * (N! + K!) } }),
  dispatches: ({ B }) => [
    {
      items: B!,
      code: wgsl`${elimination}
      fn item(m: u32) {
        let width = N + K;
        let start = m * N * width;
        for (var r = 0u; r < N; r++) {
          for (var j = 0u; j < N; j++) { w[start + r * width + j] = a[(m * N + r) * N + j]; }
          for (var j = 0u; j < K; j++) { w[start + r * width + N + j] = b[(m * N + r) * K + j]; }
        }
        _ = eliminate(start, N, width);
        for (var up = 0u; up < N; up++) {
          let r = N - 1u - up;
          for (var k = 0u; k < K; k++) {
            var sum = w[start + r * width + N + k];
            for (var c = r + 1u; c < N; c++) { sum -= w[start + r * width + c] * x[(m * N + c) * K + k]; }
            x[(m * N + r) * K + k] = sum / w[start + r * width + r];
          }
        }
      }`,
    },
  ],
  reference: ({ a, b }) => ({ x: solveHost(a.data, b.data, b.shape as [number, number, number]) }),
  vjp: ({ gradX }, { a }, _, { x }) => {
    const b = solveAll(a.transpose(), gradX);
    return { a: matmul(b, x.transpose()).neg(), b };
  },
  jvp: ({ tangentA, tangentB }, { a, b }) => ({ x: solveAll(a, tangentB.sub(matmul(tangentA, solveAll(a, b)))) }),
});

/** x with a x = b for [batch, n, n] and [batch, n, k]. */
export const solveAll = (a: Tensor, b: Tensor): Tensor => solveProgram({ a, b }).x;

/**
 * x with a x = b, for square matrices [..., n, n] up to 32 x 32 and right sides [..., n, k] or vectors [..., n]; batches
 * broadcast. Gaussian elimination with row pivots, one invocation for a matrix; float32. A singular matrix gives infinities
 * and NaN (PyTorch raises an error).
 * @throws ShapeError for other shapes.
 */
export function solve(a: Tensor, b: Tensor): Tensor {
  expectMatrices('solve', a);
  return tidy(() => system('solve', a, b, solveAll));
}
