import { ShapeError, elementwise, expr, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { faceNormals } from './normals.js';
import { atCorners, sumAtVertices, sumOfNeighbours, valence } from './topology.js';
import type { Topology } from './topology.js';

/**
 * The combinatorial (uniform) Laplacian L = D - A: L x at a vertex is its valence times x minus the sum over its
 * neighbours. Values [V, C] -> [V, C]; symmetric, zero on constants.
 */
export function uniformLaplacian(topology: Topology, values: Tensor): Tensor {
  checkValues('uniformLaplacian', topology, values);
  return values.mul(valence(topology)).sub(sumOfNeighbours(topology, values));
}

/** Cotangent of the angle at p between the ways to a and b; 0 in degenerate triangles. */
const cotangent = expr`
  fn cotangent(p: vec3f, a: vec3f, b: vec3f) -> f32 {
    let u = a - p;
    let v = b - p;
    let s = length(cross(u, v));
    if (s <= 1e-12 * dot(u, u)) { return 0.0; }
    return dot(u, v) / s;
  }`;

/**
 * The cotangent Laplacian of a surface: at vertex i the sum over its edges ij of (cot a + cot b) / 2 (x_i - x_j), a and b
 * being the angles opposite to the edge. Applied to the positions: twice the mean curvature normal times the vertex's
 * area. Values [V, C] -> [V, C]; differentiable in values and positions.
 * Pinkall and Polthier 1993; Meyer et al. 2003, eq. 8.
 */
export function cotangentLaplacian(topology: Topology, positions: Tensor, values: Tensor): Tensor {
  checkValues('cotangentLaplacian', topology, values);
  const [p, next, previous] = atCorners(positions, topology.triangles);
  const [x, xNext, xPrevious] = atCorners(values, topology.triangles);
  const atPrevious = elementwise(cotangent, previous, p, next).unsqueeze(1);
  const atNext = elementwise(cotangent, next, previous, p).unsqueeze(1);
  const parts = x.sub(xNext).mul(atPrevious).add(x.sub(xPrevious).mul(atNext));
  return sumAtVertices(topology, parts.mul(0.5));
}

/** Mean over vertices of |L x|^2 with L the uniform Laplacian divided by the valence: how far vertices lie from the mean of their neighbours. */
export function laplacianSmoothness(topology: Topology, values: Tensor): Tensor {
  const mean = uniformLaplacian(topology, values).div(valence(topology).clamp(1));
  return mean.square().sum(1).mean();
}

/** Mean over inner edges of 1 - n1 . n2, the cosine between the normals of the triangles at the edge. */
export function normalConsistency(topology: Topology, positions: Tensor): Tensor {
  const { edgeTriangles } = topology;
  const sides: number[][] = [[], []];
  for (let e = 0; e < edgeTriangles.length; e += 2) {
    if (edgeTriangles[e + 1] < 0) continue;
    sides[0].push(edgeTriangles[e]);
    sides[1].push(edgeTriangles[e + 1]);
  }
  if (sides[0].length === 0) return tensor(0);
  const triangles = tensor(Int32Array.from(topology.triangles), [topology.triangleCount, 3]);
  const normals = faceNormals(positions, triangles);
  const [a, b] = sides.map((side) => normals.indexSelect(0, tensor(Int32Array.from(side))));
  return a.mul(b).sum(1).mean().neg().add(1);
}

/** Mean over edges of the squared difference of their length and `target` (0: shrink), in squared world units. */
export function edgeLengthTerm(topology: Topology, positions: Tensor, target = 0): Tensor {
  const ends = tensor(Int32Array.from(topology.edges), [topology.edges.length / 2, 2]);
  const [a, b] = [0, 1].map((k) => positions.indexSelect(0, ends.select(1, k)));
  const square = a.sub(b).square().sum(1);
  return target === 0 ? square.mean() : square.clamp(1e-20).sqrt().sub(target).square().mean();
}

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

/**
 * Large-steps preconditioning with the uniform Laplacian; the mesh must be welded (vertices of seams are one).
 *
 * The solve is Chebyshev's iteration for the interval [1, 1 + 2 lambda (largest valence)] that Gershgorin's circles give:
 * gathers and sums only, nothing read back, a fixed number of steps, so that it replays inside `compile` and its
 * gradient is again such a solve. A host Cholesky would be fewer flops and one readback per step. With the default
 * lambda 19 and valence 6 some 120 steps reach 1e-6.
 *
 * @param tolerance relative error of the solve (default 1e-6), which sets the number of steps.
 */
export function largeSteps(topology: Topology, { lambda = 19, tolerance = 1e-6 } = {}): LargeSteps {
  if (!(lambda >= 0) || !(tolerance > 0 && tolerance < 1)) {
    throw new ShapeError(`largeSteps: needs lambda >= 0 and tolerance in (0, 1), got ${lambda} and ${tolerance}`);
  }
  const { neighbourOffsets, vertexCount } = topology;
  let widest = 0;
  for (let v = 0; v < vertexCount; v++) widest = Math.max(widest, neighbourOffsets[v + 1] - neighbourOffsets[v]);
  const highest = 1 + 2 * lambda * widest;
  const [middle, radius] = [(highest + 1) / 2, (highest - 1) / 2];
  const rate = (Math.sqrt(highest) - 1) / (Math.sqrt(highest) + 1);
  const steps = rate === 0 ? 1 : Math.ceil(Math.log(tolerance / 2) / Math.log(rate));
  const apply = (x: Tensor): Tensor => x.add(uniformLaplacian(topology, x).mul(lambda));
  return {
    toVariables: apply,
    toPositions(u) {
      checkValues('largeSteps', topology, u);
      // Saad, Iterative Methods for Sparse Linear Systems, algorithm 12.1, from x = 0
      let d = u.div(middle);
      let x = d;
      let rho = radius / middle;
      let r = u;
      for (let k = 1; k < steps && radius > 0; k++) {
        r = r.sub(apply(d));
        const next = 1 / ((2 * middle) / radius - rho);
        d = d.mul(next * rho).add(r.mul((2 * next) / radius));
        rho = next;
        x = x.add(d);
      }
      return x;
    },
  };
}

function checkValues(what: string, { vertexCount }: Topology, values: Tensor): void {
  if (values.rank !== 2 || values.shape[0] !== vertexCount) {
    throw new ShapeError(`${what}: needs values [${vertexCount}, C], got [${values.shape.join(', ')}]`);
  }
}
