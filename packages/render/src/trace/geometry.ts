import { concat, noGrad, tensor, zeros } from '../engine.js';
import type { Tensor } from '../engine.js';
import { buildTopology, uvTangents, uvVertices, vertexNormals } from '../geometry/index.js';
import type { Mesh, Topology } from '../geometry/index.js';
import { bvhOf } from './bvh/index.js';

/** A mesh of the scene: a shape's or a light's. */
export interface Part {
  readonly mesh: Mesh;
  readonly normalMap?: Tensor;
}

/** What does not change while vertices move: made once per list of meshes. */
export interface JoinedTopology {
  /** Positions at rest of all vertices, joined when they are asked for; undefined where a mesh has none. */
  readonly rest: Float32Array | undefined;
  /** That of all meshes as one, made when it is asked for. */
  readonly topology: Topology;
  readonly triangleCount: number;
  /** First triangle and first vertex of every part. */
  readonly firstTriangle: readonly number[];
  readonly firstVertex: readonly number[];
  /** [F * 6] rows of positions and rows of texture coordinates of every triangle. */
  readonly rows: Uint32Array;
  /** [F] */
  readonly partOf: Uint32Array;
}

interface Known {
  readonly parts: readonly (Pick<Mesh, 'topology' | 'uvIndices' | 'rest'> & { readonly mapped: boolean })[];
  readonly joined: JoinedTopology;
}
const known = new WeakMap<Topology, Known[]>();

/** The parts' triangles in one list; remembered for as long as the first part's topology lives. */
export function joinTopology(parts: readonly Part[]): JoinedTopology {
  const first = parts[0].mesh.topology;
  let all = known.get(first);
  if (all === undefined) known.set(first, (all = []));
  const same = all.find(
    (k) =>
      k.parts.length === parts.length &&
      k.parts.every(({ topology, uvIndices, rest, mapped }, i) => {
        const { mesh, normalMap } = parts[i];
        const isSame = topology === mesh.topology && uvIndices === mesh.uvIndices && rest === mesh.rest;
        return isSame && mapped === Boolean(normalMap);
      }),
  );
  if (same) return same.joined;
  const joined = join(parts);
  all.push({ parts: parts.map(({ mesh, normalMap }) => ({ ...mesh, mapped: Boolean(normalMap) })), joined });
  return joined;
}

function join(parts: readonly Part[]): JoinedTopology {
  const triangleCount = parts.reduce((sum, p) => sum + p.mesh.topology.triangleCount, 0);
  const rows = new Uint32Array(6 * triangleCount);
  const partOf = new Uint32Array(triangleCount);
  const [firstTriangle, firstVertex]: number[][] = [[], []];
  let [triangle, vertex, uvRow] = [0, 0, 1]; // row 0 of the texture coordinates is for meshes without
  parts.forEach(({ mesh, normalMap }, part) => {
    const { topology, uvs } = mesh;
    const cut = normalMap && uvVertices(mesh); // tangents are turned at seams
    const uvIndices = cut ? cut.topology.triangles : mesh.uvIndices;
    firstTriangle.push(triangle);
    firstVertex.push(vertex);
    for (let f = 0; f < topology.triangleCount; f++, triangle++) {
      partOf[triangle] = part;
      for (let k = 0; k < 3; k++) {
        rows[6 * triangle + k] = vertex + topology.triangles[3 * f + k];
        rows[6 * triangle + 3 + k] = uvIndices ? uvRow + uvIndices[3 * f + k] : 0;
      }
    }
    vertex += topology.vertexCount;
    uvRow += cut ? cut.vertices.length : (uvs?.shape[0] ?? 0);
  });
  const triangles = Uint32Array.from({ length: 3 * triangleCount }, (_, i) => rows[6 * Math.floor(i / 3) + (i % 3)]);
  const single = parts.length === 1 ? parts[0].mesh : undefined;
  let [rest, topology] = [single?.rest, single?.topology];
  return {
    get rest() {
      return (rest ??= joinRest(parts));
    },
    get topology() {
      return (topology ??= buildTopology(triangles, vertex));
    },
    ...{ triangleCount, firstTriangle, firstVertex, rows, partOf },
  };
}

/** [V * 3] where the vertices of all parts are at rest, if all parts say. */
function joinRest(parts: readonly Part[]): Float32Array | undefined {
  const all = parts.flatMap(({ mesh: { rest } }) => (rest ? [rest] : []));
  if (all.length < parts.length) return undefined;
  const joined = new Float32Array(all.reduce((sum, r) => sum + r.length, 0));
  all.reduce((at, r) => (joined.set(r, at), at + r.length), 0);
  return joined;
}

const joinPositions = (parts: readonly Part[]): Tensor => joinRows(parts.map((p) => p.mesh.positions));
const joinRows = (all: readonly Tensor[]): Tensor => (all.length === 1 ? all[0] : concat(all));

const withRows = (all: readonly Tensor[]): Tensor[] => all.filter((t) => t.size > 0);

/** The vertices' values of all parts, one below the other. */
export interface JoinedVertices {
  /** [V, 3] */
  readonly positions: Tensor;
  /** [V, 3] */
  readonly normals: Tensor;
  /** [1 + T, 2], the first row zero; of parts with a normal map a row for each of their `uvVertices` */
  readonly uvs: Tensor;
  /** [1 + T, 4] by the rows of texture coordinates, where a part has a normal map */
  readonly tangents: Tensor | undefined;
}

export function joinVertices(parts: readonly Part[]): JoinedVertices {
  const normals = parts.map(({ mesh }) => mesh.normals ?? vertexNormals(mesh.positions, mesh.topology));
  const uvs = parts.map(({ mesh, normalMap }) => {
    const rows = normalMap && uvVertices(mesh).uvRows;
    return rows && mesh.uvs ? mesh.uvs.indexSelect(0, tensor(rows)) : (mesh.uvs ?? zeros([0, 2]));
  });
  const tangents = parts.map(({ mesh, normalMap }, k) =>
    normalMap ? uvTangents(mesh, normals[k]) : zeros([uvs[k].shape[0], 4]),
  );
  return {
    positions: joinPositions(parts),
    normals: joinRows(normals),
    uvs: concat([zeros([1, 2]), ...withRows(uvs)]),
    tangents: parts.some((p) => p.normalMap) ? concat([zeros([1, 4]), ...withRows(tangents)]) : undefined,
  };
}

/** The tree over all triangles where the vertices are now; see `bvhOf`. */
export const fittedTree = ({ rest, topology }: JoinedTopology, positions: Tensor): Tensor =>
  noGrad(() => bvhOf({ positions, topology, ...(rest && { rest }) }));
