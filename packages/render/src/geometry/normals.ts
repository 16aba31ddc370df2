import { ShapeError, elementwise, expr } from '../engine.js';
import type { Tensor } from '../engine.js';
import { atCorners, sumAtVertices } from './topology.js';
import type { Topology } from './topology.js';

/** What a triangle adds to the normal at its corner p: its normal times twice its area. */
const areaNormal = expr`
  fn areaNormal(p: vec3f, next: vec3f, previous: vec3f) -> vec3f {
    return cross(next - p, previous - p);
  }`;

/** What a triangle adds to the normal at its corner p: its unit normal times its angle there. */
const angleNormal = expr`
  fn angleNormal(p: vec3f, next: vec3f, previous: vec3f) -> vec3f {
    let a = next - p;
    let b = previous - p;
    let n = cross(a, b);
    let s = length(n);
    if (s <= 0.0) { return vec3f(0.0); }
    return n * (atan2(s, dot(a, b)) / s);
  }`;

/** A vector of length 1; zero stays zero, without a gradient. */
const unit = expr`
  fn unit(v: vec3f) -> vec3f {
    let s = dot(v, v);
    if (s <= 0.0) { return vec3f(0.0); }
    return v * inverseSqrt(s);
  }`;

/**
 * Unit normals at the vertices, [V, 3]: the triangles' normals weighted by their area (default) or by their angle at the
 * vertex (independent of how a face is cut; Thuermer and Wuethrich 1998). Degenerate triangles add nothing, and a vertex
 * without any other has the normal zero. Differentiable in the positions.
 *
 * @param positions [V, 3], vertices of `topology`.
 */
export function vertexNormals(
  positions: Tensor,
  topology: Topology,
  { weights = 'area' }: { readonly weights?: 'area' | 'angle' } = {},
): Tensor {
  if (positions.rank !== 2 || positions.shape[0] !== topology.vertexCount || positions.shape[1] !== 3) {
    throw new ShapeError(
      `vertexNormals: positions must be [${topology.vertexCount}, 3], got [${positions.shape.join(', ')}]`,
    );
  }
  const corners = atCorners(positions, topology.triangles);
  const sums = sumAtVertices(topology, elementwise(weights === 'area' ? areaNormal : angleNormal, ...corners));
  return elementwise(unit, sums);
}

/** Unit normals of the triangles, [F, 3]; zero for degenerate ones. Differentiable in the positions. */
export function faceNormals(positions: Tensor, triangles: Tensor): Tensor {
  const [a, b, c] = [0, 1, 2].map((k) => positions.indexSelect(0, triangles.select(1, k)));
  return elementwise(unit, elementwise(areaNormal, a, b, c));
}
