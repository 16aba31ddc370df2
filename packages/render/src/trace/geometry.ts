import { ShapeError, concat, noGrad, zeros } from '../engine.js';
import type { Tensor } from '../engine.js';
import { buildTopology, vertexNormals, vertexTangents } from '../geometry/index.js';
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
  readonly parts: readonly Pick<Mesh, 'topology' | 'uvIndices' | 'rest'>[];
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
      k.parts.every(({ topology, uvIndices, rest }, i) => {
        const { mesh } = parts[i];
        return topology === mesh.topology && uvIndices === mesh.uvIndices && rest === mesh.rest;
      }),
  );
  if (same) return same.joined;
  const joined = join(parts);
  all.push({ parts: parts.map((p) => p.mesh), joined });
  return joined;
}

function join(parts: readonly Part[]): JoinedTopology {
  const triangleCount = parts.reduce((sum, p) => sum + p.mesh.topology.triangleCount, 0);
  const rows = new Uint32Array(6 * triangleCount);
  const partOf = new Uint32Array(triangleCount);
  const [firstTriangle, firstVertex]: number[][] = [[], []];
  let [triangle, vertex, uvRow] = [0, 0, 1]; // row 0 of the texture coordinates is for meshes without
  parts.forEach(({ mesh: { topology, uvIndices, uvs } }, part) => {
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
    uvRow += uvs?.shape[0] ?? 0;
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

/** The vertices' values of all parts, one below the other. */
export interface JoinedVertices {
  /** [V, 3] */
  readonly positions: Tensor;
  /** [V, 3] */
  readonly normals: Tensor;
  /** [1 + T, 2], the first row zero */
  readonly uvs: Tensor;
  /** [V, 4] where a part has a normal map */
  readonly tangents: Tensor | undefined;
}

export function joinVertices(parts: readonly Part[]): JoinedVertices {
  const normals = parts.map(({ mesh }) => mesh.normals ?? vertexNormals(mesh.positions, mesh.topology));
  const tangents = parts.map(({ mesh, normalMap }, k) => {
    if (!normalMap) return zeros([mesh.topology.vertexCount, 4]);
    if (!mesh.uvs) throw new ShapeError('a shape with a normal map needs a mesh with texture coordinates');
    return vertexTangents(mesh, normals[k]);
  });
  return {
    positions: joinPositions(parts),
    normals: joinRows(normals),
    uvs: concat([zeros([1, 2]), ...parts.flatMap(({ mesh }) => (mesh.uvs ? [mesh.uvs] : []))]),
    tangents: parts.some((p) => p.normalMap) ? joinRows(tangents) : undefined,
  };
}

/** The tree over all triangles where the vertices are now; see `bvhOf`. */
export const fittedTree = ({ rest, topology }: JoinedTopology, positions: Tensor): Tensor =>
  noGrad(() => bvhOf({ positions, topology, ...(rest && { rest }) }));
