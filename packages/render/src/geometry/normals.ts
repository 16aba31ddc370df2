import { ShapeError, concat, elementwise, expr } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { Mesh } from './mesh.js';
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

/** Area-weighted direction in which u grows, at a corner: unscaled, so that it needs no division. */
const uvTangent = expr`
  fn uvTangent(p: vec3f, next: vec3f, previous: vec3f, a: vec2f, b: vec2f, c: vec2f) -> vec3f {
    let d = b - a;
    let e = c - a;
    return ((next - p) * e.y - (previous - p) * d.y) * sign(d.x * e.y - d.y * e.x);
  }`;

/** The part of a tangent that is orthogonal to the normal, of length 1; any such direction where nothing is left. */
const orthogonalTangent = expr`
  fn orthogonalTangent(n: vec3f, t: vec3f) -> vec3f {
    let along = t - n * dot(n, t);
    let s = dot(along, along);
    let other = select(vec3f(1.0, 0.0, 0.0), vec3f(0.0, 1.0, 0.0), abs(n.x) > 0.7);
    let any = other - n * dot(n, other);
    if (s <= 1e-20) { return any * inverseSqrt(dot(any, any)); }
    return along * inverseSqrt(s);
  }`;

/**
 * Tangents for normal maps, [V, 4]: xyz the unit direction of growing u, orthogonal to the normal; w the side, +1 or -1,
 * of the bitangent w * cross(normal, tangent), the direction of growing v. Triangles add theirs by area. Where texture
 * coordinates are mirrored within the triangles of one vertex the larger side decides.
 * Differentiable in positions and normals.
 *
 * @throws ShapeError where the mesh has no texture coordinates.
 */
export function vertexTangents({ positions, topology, uvs, uvIndices }: Mesh, normals: Tensor): Tensor {
  if (uvs === undefined || uvIndices === undefined) {
    throw new ShapeError('vertexTangents: the mesh has no texture coordinates');
  }
  const [a, b, c] = atCorners(uvs, uvIndices);
  const sums = sumAtVertices(topology, elementwise(uvTangent, ...atCorners(positions, topology.triangles), a, b, c));
  const area = elementwise(signedArea, a, b, c);
  const side = sumAtVertices(topology, area.unsqueeze(1)).ge(0).to('float32').mul(2).sub(1);
  return concat([elementwise(orthogonalTangent, normals, sums), side], 1);
}

const signedArea = expr`
  fn signedArea(a: vec2f, b: vec2f, c: vec2f) -> f32 {
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
  }`;
