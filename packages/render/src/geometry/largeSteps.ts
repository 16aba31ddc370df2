import { ShapeError, defineProgram, tensor, wgsl } from '../engine.js';
import type { Tensor, WgslModule } from '../engine.js';
import { checkValues, uniformLaplacian } from './laplacian.js';
import type { Topology } from './topology.js';

/**
 * Large-steps preconditioning: u = (I + lambda L) v takes vertex positions to the variables that an optimiser should
 * move, and back. Gradient steps on u spread over the surface, so that meshes do not crumple.
 * Nicolet, Jacobson and Jakob 2021, Large Steps in Inverse Rendering of Geometry.
 */
export interface LargeSteps {
  /** Positions [V, C] -> variables: (I + lambda L) v. */
  toVariables(positions: Tensor): Tensor;
  /** Variables [V, C] -> positions: (I + lambda L)^-1 u. Differentiable; the adjoint is the same solve. */
  toPositions(variables: Tensor): Tensor;
}

/** One step from the values in `from` to those in `to`, which holds the values before them: one writes where it read. */
const stepCode = (from: string, to: string): WgslModule => wgsl`
fn item(i: u32) {
  let c = i % C;
  let v = i / C;
  let omega = 1.0 / (1.0 - rho2 * omega_${from}[0]);
  if (i == 0u) { omega_${to}[0] = 0.25 * omega; }
  var around = 0.0;
  let end = offsets[v + 1u];
  for (var k = offsets[v]; k < end; k++) { around += x_${from}[neighbours[k] * C + c]; }
  let x = x_${from}[i];
  let valence = f32(end - offsets[v]);
  let residual = b[i] - x - lambda * (valence * x - around);
  let before = x_${to}[i];
  x_${to}[i] = omega * (x + gamma * residual - before) + before;
}`;

const fromOdd = stepCode('odd', 'even');
const fromEven = stepCode('even', 'odd');

type Solve = (
  inputs: Readonly<Record<'b' | 'offsets' | 'neighbours', Tensor>>,
  options: Readonly<Record<'lambda' | 'gamma' | 'rho2' | 'steps', number>>,
) => { readonly x_even: Tensor };

/**
 * (I + lambda L)^-1 b by Chebyshev's semi-iteration for a spectrum in [1, highest]. Golub and Van Loan, Matrix
 * Computations, section 11.2.8: x_(k+1) = omega_(k+1) (x_k + gamma r_k - x_(k-1)) + x_(k-1), with
 * omega_(k+1) = 1 / (1 - rho^2 omega_k / 4); omega_1 = 1.
 */
const solve: Solve = defineProgram({
  name: 'largeSteps',
  inputs: { b: 'f32[V, C]', offsets: 'u32[R]', neighbours: 'u32[E]' },
  options: { lambda: 'f32', gamma: 'f32', rho2: 'f32', steps: 'u32' },
  outputs: ({ b }) => ({ x_even: { dtype: 'f32', shape: b.shape } }),
  scratch: ({ V, C }) => ({
    x_odd: { element: 'f32', length: V * C },
    omega_even: { element: 'f32', length: 1 },
    omega_odd: { element: 'f32', length: 1 },
  }),
  dispatches: ({ V, C }, { steps }) => [
    {
      items: V * C,
      label: 'largeSteps start',
      code: wgsl`fn item(i: u32) {
        x_even[i] = 0.0;
        x_odd[i] = gamma * b[i];
        if (i == 0u) { omega_odd[0] = 0.5; }             // omega_2 = 1 / (1 - rho^2 / 2)
      }`,
    },
    // the first step is the start; an odd number more ends in x_even
    ...Array.from({ length: steps }, (_, k) => ({
      items: V * C,
      label: 'largeSteps',
      code: k % 2 === 0 ? fromOdd : fromEven,
    })),
  ],
  reference: ({ b, offsets, neighbours }, { lambda, gamma, rho2, steps }) => {
    const channels = b.shape[1]!;
    let before = new Float64Array(b.data.length);
    let x = Float64Array.from(b.data, (value) => gamma * value);
    let omega = 2;
    for (let k = 0; k < steps; k++) {
      omega = 1 / (1 - (rho2 * omega) / 4);
      const next = before;
      for (let i = 0; i < x.length; i++) {
        const v = Math.floor(i / channels);
        let laplacian = 0;
        for (let n = offsets.data[v]!; n < offsets.data[v + 1]!; n++) {
          laplacian += x[i]! - x[neighbours.data[n]! * channels + (i % channels)]!;
        }
        next[i] = omega * (x[i]! + gamma * (b.data[i]! - x[i]! - lambda * laplacian) - before[i]!) + before[i]!;
      }
      [before, x] = [x, next];
    }
    return { x_even: x };
  },
  // I + lambda L is symmetric
  vjp: ({ gradX_even }, { offsets, neighbours }, options) => ({
    b: solve({ b: gradX_even, offsets, neighbours }, options).x_even,
  }),
  jvp: ({ tangentB }, { offsets, neighbours }, options) => solve({ b: tangentB, offsets, neighbours }, options),
});

/**
 * Large-steps preconditioning with the uniform Laplacian; the mesh must be welded (vertices of seams are one).
 *
 * The solve is Chebyshev's iteration for the interval [1, 1 + lambda (largest sum of the valences at an edge)] that holds
 * all eigenvalues (Anderson and Morley 1985): a fixed number of small kernels, nothing read back, so that it replays
 * inside `compile`, and its gradient is again such a solve. With the default lambda 19 and valence 6 some 120 steps reach
 * 1e-6.
 *
 * @param tolerance relative error of the solve (default 1e-6), which sets the number of steps.
 */
export function largeSteps(topology: Topology, { lambda = 19, tolerance = 1e-6 } = {}): LargeSteps {
  if (!(lambda >= 0) || !(tolerance > 0 && tolerance < 1)) {
    throw new ShapeError(`largeSteps: needs lambda >= 0 and tolerance in (0, 1), got ${lambda} and ${tolerance}`);
  }
  const { neighbourOffsets, neighbours, edges } = topology;
  const valenceOf = (v: number): number => neighbourOffsets[v + 1] - neighbourOffsets[v];
  let widest = 0;
  for (let e = 0; e < edges.length; e += 2) widest = Math.max(widest, valenceOf(edges[e]) + valenceOf(edges[e + 1]));
  const highest = 1 + lambda * widest;
  const rate = (Math.sqrt(highest) - 1) / (Math.sqrt(highest) + 1);
  const needed = rate === 0 ? 1 : Math.ceil(Math.log(tolerance / 2) / Math.log(rate));
  const options = {
    lambda,
    gamma: 2 / (highest + 1),
    rho2: ((highest - 1) / (highest + 1)) ** 2,
    steps: needed + 1 - (needed % 2),
  };
  // a program binds no empty array: a mesh without edges has one neighbour that nobody reads
  const around = { offsets: tensor(neighbourOffsets), neighbours: tensor(neighbours.length ? neighbours : [0]) };
  return {
    toVariables: (x) => x.add(uniformLaplacian(topology, x).mul(lambda)),
    toPositions(u) {
      checkValues('largeSteps', topology, u);
      return u.size === 0 ? u : solve({ b: u, ...around }, options).x_even;
    },
  };
}
