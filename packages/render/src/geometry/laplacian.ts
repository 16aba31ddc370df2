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

/** @throws ShapeError unless values are [V, C]. */
export function checkValues(what: string, { vertexCount }: Topology, values: Tensor): void {
  if (values.rank !== 2 || values.shape[0] !== vertexCount) {
    throw new ShapeError(`${what}: needs values [${vertexCount}, C], got [${values.shape.join(', ')}]`);
  }
}
