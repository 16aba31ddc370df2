import { ShapeError, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';

/**
 * How the triangles of a mesh hang together; made once per index list, on the host. A corner is one vertex of one
 * triangle, numbered 3 * triangle + (0, 1, 2).
 */
export interface Topology {
  readonly vertexCount: number;
  readonly triangleCount: number;
  /** [F * 3] vertex of each corner. */
  readonly triangles: Uint32Array;
  /** [E * 2] vertices of each edge, the smaller first; sorted. Triangles with a repeated vertex give no edge for it. */
  readonly edges: Uint32Array;
  /** [E * 2] the first two triangles at each edge, -1 where there is one only. */
  readonly edgeTriangles: Int32Array;
  /** [V + 1], [3 F]: corners at each vertex, as CSR. */
  readonly cornerOffsets: Uint32Array;
  readonly corners: Uint32Array;
  /** [V + 1], [2 E]: neighbours of each vertex, ascending, as CSR. */
  readonly neighbourOffsets: Uint32Array;
  readonly neighbours: Uint32Array;
  /** [V] 1 for vertices at an edge with one triangle only. */
  readonly boundary: Uint8Array;
  /** Number of edges with more than two triangles. 0 for a manifold surface. */
  readonly nonManifoldEdges: number;
}

/**
 * Topology of an index list.
 * @param triangles [F * 3] vertex numbers.
 * @throws ShapeError where the list is no whole number of triangles or names a vertex that does not exist.
 */
export function buildTopology(triangles: ArrayLike<number>, vertexCount: number): Topology {
  if (triangles.length % 3 !== 0) {
    throw new ShapeError(`topology: ${triangles.length} indices are no whole number of triangles`);
  }
  for (let i = 0; i < triangles.length; i++) {
    const v = triangles[i];
    if (!Number.isInteger(v) || v < 0 || v >= vertexCount) {
      throw new ShapeError(
        `topology: triangle ${Math.floor(i / 3)} names vertex ${v}; there are ${vertexCount} vertices`,
      );
    }
  }
  const indices = Uint32Array.from(triangles);
  const triangleCount = indices.length / 3;

  // half edges sorted by (low, high): equal ones are one edge
  const keys = new Float64Array(indices.length);
  for (let c = 0; c < indices.length; c++) {
    const [a, b] = [indices[c], indices[c % 3 === 2 ? c - 2 : c + 1]];
    keys[c] = a === b ? Infinity : Math.min(a, b) * vertexCount + Math.max(a, b);
  }
  const order = Uint32Array.from(keys, (_, c) => c).sort((a, b) => keys[a] - keys[b] || a - b);
  const edges: number[] = [];
  const edgeTriangles: number[] = [];
  const boundary = new Uint8Array(vertexCount);
  let nonManifoldEdges = 0;
  for (let i = 0; i < order.length;) {
    const key = keys[order[i]];
    if (key === Infinity) break;
    let end = i + 1;
    while (end < order.length && keys[order[end]] === key) end++;
    const [low, high] = [Math.floor(key / vertexCount), key % vertexCount];
    edges.push(low, high);
    edgeTriangles.push(Math.floor(order[i] / 3), end - i > 1 ? Math.floor(order[i + 1] / 3) : -1);
    if (end - i === 1) boundary[low] = boundary[high] = 1;
    if (end - i > 2) nonManifoldEdges++;
    i = end;
  }

  const byVertex = compressedRows(
    indices,
    Uint32Array.from(indices, (_, c) => c),
    vertexCount,
  );
  const from = Uint32Array.from([...edges.keys()].map((k) => edges[k]));
  const to = Uint32Array.from(from, (_, k) => edges[k ^ 1]);
  const around = compressedRows(from, to, vertexCount);
  for (let v = 0; v < vertexCount; v++) around.values.subarray(around.offsets[v], around.offsets[v + 1]).sort();
  return {
    vertexCount,
    triangleCount,
    triangles: indices,
    edges: Uint32Array.from(edges),
    edgeTriangles: Int32Array.from(edgeTriangles),
    cornerOffsets: byVertex.offsets,
    corners: byVertex.values,
    neighbourOffsets: around.offsets,
    neighbours: around.values,
    boundary,
    nonManifoldEdges,
  };
}

/** Values grouped by row, in the order they come: CSR. */
function compressedRows(
  rows: Uint32Array,
  values: Uint32Array,
  count: number,
): { offsets: Uint32Array; values: Uint32Array } {
  const offsets = new Uint32Array(count + 1);
  for (const r of rows) offsets[r + 1]++;
  for (let r = 0; r < count; r++) offsets[r + 1] += offsets[r];
  const next = offsets.slice(0, count);
  const grouped = new Uint32Array(values.length);
  rows.forEach((r, k) => (grouped[next[r]++] = values[k]));
  return { offsets, values: grouped };
}

/** Rows of a CSR structure as one table [V, widest], short rows filled up with `filler`. */
function paddedTable(offsets: Uint32Array, values: Uint32Array, filler: number): Int32Array {
  const count = offsets.length - 1;
  let width = 1;
  for (let r = 0; r < count; r++) width = Math.max(width, offsets[r + 1] - offsets[r]);
  const table = new Int32Array(count * width).fill(filler);
  for (let r = 0; r < count; r++) {
    for (let k = offsets[r]; k < offsets[r + 1]; k++) table[r * width + k - offsets[r]] = values[k];
  }
  return table;
}

/** Wider rows than this are added by scatter: a fan of a thousand triangles must not cost V * 1000 reads. */
const widestGather = 32;

/** Sums of values by row: values [N, C], grouped by CSR, -> [V, C]; gathers, so that order and bits are fixed. */
function sumRows(values: Tensor, offsets: Uint32Array, members: Uint32Array): Tensor {
  const count = offsets.length - 1;
  const channels = values.shape[1];
  if (count === 0) return tensor(new Float32Array(0), [0, channels]);
  const filler = values.shape[0];
  const table = paddedTable(offsets, members, filler);
  const width = table.length / count;
  if (width > widestGather) {
    const rows = new Int32Array(members.length);
    for (let r = 0; r < count; r++) rows.fill(r, offsets[r], offsets[r + 1]);
    const sorted = values.indexSelect(0, tensor(Int32Array.from(members)));
    return tensor(new Float32Array(count * channels), [count, channels]).indexAdd(0, tensor(rows), sorted);
  }
  const padded = values.pad([
    [0, 1],
    [0, 0],
  ]);
  return padded.indexSelect(0, tensor(table)).reshape([count, width, channels]).sum(1);
}

/** Per-corner values [3 F, C] added up at their vertices: [V, C]. */
export const sumAtVertices = (topology: Topology, corners: Tensor): Tensor =>
  sumRows(corners, topology.cornerOffsets, topology.corners);

/** Values at the neighbours of each vertex added up: [V, C] -> [V, C]. */
export const sumOfNeighbours = (topology: Topology, values: Tensor): Tensor =>
  sumRows(values, topology.neighbourOffsets, topology.neighbours);

/** Number of neighbours of each vertex, [V, 1]. */
export function valence({ neighbourOffsets, vertexCount }: Topology): Tensor {
  const counts = Float32Array.from({ length: vertexCount }, (_, v) => neighbourOffsets[v + 1] - neighbourOffsets[v]);
  return tensor(counts, [vertexCount, 1]);
}

/** Values [V, C] at every corner and at the next and previous corner of its triangle: [3 F, C] each. */
export function atCorners(values: Tensor, triangles: Uint32Array): [self: Tensor, next: Tensor, previous: Tensor] {
  const turned = (by: number): Int32Array =>
    Int32Array.from(triangles, (_, c) => triangles[c - (c % 3) + ((c + by) % 3)]);
  return [0, 1, 2].map((by) => values.indexSelect(0, tensor(turned(by)))) as [Tensor, Tensor, Tensor];
}
