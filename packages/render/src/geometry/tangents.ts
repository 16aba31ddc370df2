import { ShapeError, concat, elementwise, expr, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { Mesh } from './mesh.js';
import { atCorners, buildTopology, sumAtVertices } from './topology.js';
import type { Topology } from './topology.js';

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

const signedArea = expr`
  fn signedArea(a: vec2f, b: vec2f, c: vec2f) -> f32 {
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
  }`;

type MeshWithUVs = Mesh & Required<Pick<Mesh, 'uvs' | 'uvIndices'>>;

function withUVs(what: string, mesh: Mesh): MeshWithUVs {
  if (mesh.uvs && mesh.uvIndices) return mesh as MeshWithUVs;
  throw new ShapeError(`${what}: the mesh has no texture coordinates`);
}

/** Tangents at the vertices of `groups`, a topology of the same corners. @param normals [groups' vertices, 3]. */
function tangentsOf({ positions, topology, uvs, uvIndices }: MeshWithUVs, groups: Topology, normals: Tensor): Tensor {
  const [a, b, c] = atCorners(uvs, uvIndices);
  const sums = sumAtVertices(groups, elementwise(uvTangent, ...atCorners(positions, topology.triangles), a, b, c));
  const area = elementwise(signedArea, a, b, c);
  const side = sumAtVertices(groups, area.unsqueeze(1)).ge(0).to('float32').mul(2).sub(1);
  return concat([elementwise(orthogonalTangent, normals, sums), side], 1);
}

/**
 * Tangents for normal maps, [V, 4]: xyz the unit direction of growing u, orthogonal to the normal; w the side, +1 or -1,
 * of the bitangent w * cross(normal, tangent), the direction of growing v. Triangles add theirs by area, those without
 * area in the texture nothing; a vertex that has none gets any direction along the surface. Where texture coordinates are
 * mirrored within the triangles of one vertex the larger side decides. Vertices at seams of the texture get a mean of both
 * sides: `uvTangents` keeps them apart. Differentiable in positions, texture coordinates and normals.
 *
 * @throws ShapeError where the mesh has no texture coordinates.
 */
export function vertexTangents(mesh: Mesh, normals: Tensor): Tensor {
  return tangentsOf(withUVs('vertexTangents', mesh), mesh.topology, normals);
}

/** Vertices cut apart at seams of the texture: each is a vertex of the surface and a row of texture coordinates together. */
export interface UvVertices {
  /** Its triangles are those of the mesh, in their order. */
  readonly topology: Topology;
  /** [W] the vertex of the surface. */
  readonly vertices: Int32Array;
  /** [W] the row of texture coordinates; undefined where it is the number itself, for all. */
  readonly uvRows: Int32Array | undefined;
}

const known = new WeakMap<Uint32Array, { readonly topology: Topology; readonly cut: UvVertices }>();

/**
 * The vertices of a mesh, cut apart at seams of the texture as files of one index list have them. Numbered like the rows of
 * texture coordinates where none is shared by vertices. Remembered for as long as the mesh's `uvIndices` live.
 *
 * @throws ShapeError where the mesh has no texture coordinates.
 */
export function uvVertices(mesh: Mesh): UvVertices {
  const { topology, uvs, uvIndices } = withUVs('uvVertices', mesh);
  const found = known.get(uvIndices);
  if (found?.topology === topology) return found.cut;
  const cut = ofTheirOwn(topology, uvIndices, uvs.shape[0]) ?? pairs(topology, uvIndices);
  known.set(uvIndices, { topology, cut });
  return cut;
}

/** Where each row of texture coordinates belongs to one vertex at most. */
function ofTheirOwn({ triangles }: Topology, uvIndices: Uint32Array, count: number): UvVertices | undefined {
  const vertices = new Int32Array(count).fill(-1);
  for (let c = 0; c < triangles.length; c++) {
    const row = uvIndices[c];
    if (vertices[row] >= 0 && vertices[row] !== triangles[c]) return undefined;
    vertices[row] = triangles[c];
  }
  return {
    topology: buildTopology(uvIndices, count),
    vertices: vertices.map((v) => Math.max(v, 0)),
    uvRows: undefined,
  };
}

function pairs({ triangles, vertexCount }: Topology, uvIndices: Uint32Array): UvVertices {
  const numbers = new Map<number, number>();
  const [vertices, uvRows]: number[][] = [[], []];
  const corners = triangles.map((v, c) => {
    const key = uvIndices[c] * vertexCount + v;
    let number = numbers.get(key);
    if (number === undefined) {
      numbers.set(key, (number = vertices.push(v) - 1));
      uvRows.push(uvIndices[c]);
    }
    return number;
  });
  return {
    topology: buildTopology(corners, vertices.length),
    vertices: Int32Array.from(vertices),
    uvRows: Int32Array.from(uvRows),
  };
}

/**
 * Tangents for normal maps at the vertices of `uvVertices(mesh)`, [W, 4]: as `vertexTangents`, but only triangles of one
 * chart of the texture are averaged, so that a seam does not turn the map on either side. The convention of MikkTSpace and
 * glTF 2.0 (section 3.7.2.1), with weights by area.
 *
 * @param normals [V, 3], of the surface's vertices.
 * @throws ShapeError where the mesh has no texture coordinates.
 */
export function uvTangents(mesh: Mesh, normals: Tensor): Tensor {
  const { topology, vertices } = uvVertices(mesh);
  return tangentsOf(withUVs('uvTangents', mesh), topology, normals.indexSelect(0, tensor(vertices)));
}
