import { expr } from '../../expr/index.js';
import { defineProgram } from '../../program/define.js';
import { tidy } from '../../runtime/tidy.js';
import type { Tensor } from '../../tensor.js';
import { wgsl } from '../../wgsl/link.js';
import { elementwise } from '../apply.js';
import { trace } from '../matrixParts.js';
import { select } from '../movement.js';
import { eliminate, elimination } from './elimination.js';
import { inverse } from './inverse.js';
import { expectMatrices, flatMatrices } from './matrices.js';
import { solveAll } from './solve.js';

const determinantProgram = defineProgram({
  name: 'determinant',
  inputs: { a: 'f32[B, N, N]' },
  outputs: ({ a }) => ({ value: { dtype: 'f32', shape: [a.shape[0]!] } }),
  scratch: ({ B, N }) => ({ w: { element: 'f32', length: B! * N! * N! } }),
  dispatches: ({ B }) => [
    {
      items: B!,
      code: wgsl`${elimination}
      fn item(m: u32) {
        let start = m * N * N;
        for (var i = start; i < start + N * N; i++) { w[i] = a[i]; }
        value[m] = eliminate(start, N, N);
      }`,
    },
  ],
  reference: ({ a }) => {
    const [B, n] = a.shape as [number, number];
    return {
      value: Array.from({ length: B }, (_, m) =>
        eliminate(Float64Array.from(a.data.slice(m * n * n, (m + 1) * n * n)), n, n),
      ),
    };
  },
  vjp: ({ gradValue }, { a }, _, { value }) => ({
    a: inverse(a)
      .transpose()
      .mul(gradValue.mul(value).reshape([-1, 1, 1])),
  }),
  jvp: ({ tangentA }, { a }): { value: Tensor } => ({
    value: determinantProgram({ a }).value.mul(trace(solveAll(a, tangentA))),
  }),
});

const area = expr`fn determinant2(a: vec2f, b: vec2f) -> f32 { return a.x * b.y - a.y * b.x; }`;
const volume = expr`fn determinant3(a: vec3f, b: vec3f, c: vec3f) -> f32 { return dot(a, cross(b, c)); }`;

/**
 * Determinants of matrices [..., n, n] up to 32 x 32; float32. Up to 3 x 3 it is a polynomial, with gradients that are
 * right for singular matrices too; beyond, elimination, whose gradient needs the inverse.
 */
export function determinant(a: Tensor): Tensor {
  expectMatrices('determinant', a);
  const batch = a.shape.slice(0, -2);
  const n = a.shape[a.rank - 1]!;
  return tidy(() => {
    const rows = (n <= 3 ? [0, 1, 2].slice(0, n) : []).map((r) => select(a, -2, r));
    if (n === 1) return a.to('float32').reshape(batch);
    if (n === 2) return elementwise(area, ...rows);
    if (n === 3) return elementwise(volume, ...rows);
    const flat = flatMatrices(a);
    return determinantProgram({ a: flat }).value.reshape(batch);
  });
}
