import { buildTopology } from '@chiaro/render';
import type { FaceModelData, FacePart } from './faceModelData.js';
import { renumberPoints } from './surfacePoints.js';

/** Rows of the finer mesh as sums of rows of the coarser one, as CSR. */
interface Stencils {
  readonly offsets: Uint32Array;
  readonly rows: Uint32Array;
  readonly weights: Float32Array;
}

/** One step of subdivision: new rows follow the old ones, in the order of the edges. */
interface LoopStep {
  readonly triangles: Uint32Array;
  /** [E * 2] rows at the ends of each edge. */
  readonly edges: Uint32Array;
  readonly stencils: Stencils;
}

/** Every triangle into four, with a new row on every edge. */
function split(triangles: Uint32Array, edges: Uint32Array, rows: number): Uint32Array {
  const onEdge = new Map<number, number>();
  for (let e = 0; e < edges.length / 2; e++) onEdge.set(edges[2 * e] * rows + edges[2 * e + 1], rows + e);
  const middle = (a: number, b: number): number => onEdge.get(Math.min(a, b) * rows + Math.max(a, b))!;
  const finer = new Uint32Array(4 * triangles.length);
  for (let f = 0; f < triangles.length; f += 3) {
    const [a, b, c] = triangles.subarray(f, f + 3);
    const [ab, bc, ca] = [middle(a, b), middle(b, c), middle(c, a)];
    finer.set([a, ab, ca, ab, b, bc, ca, bc, c, ab, bc, ca], 4 * f);
  }
  return finer;
}

/** Loop's weights: corners keep their number and move, edges get a new vertex; open edges stay curves of their own. */
function loopStencils(triangles: Uint32Array, vertices: number): LoopStep {
  const topology = buildTopology(triangles, vertices);
  const { edges, edgeTriangles, neighbours, neighbourOffsets, boundary } = topology;
  const offsets = [0];
  const rows: number[] = [];
  const weights: number[] = [];
  const put = (row: number, weight: number): void => {
    rows.push(row);
    weights.push(weight);
  };
  const openNeighbours: number[][] = Array.from({ length: vertices }, () => []);
  for (let e = 0; e < edges.length / 2; e++) {
    if (edgeTriangles[2 * e + 1] >= 0) continue;
    openNeighbours[edges[2 * e]].push(edges[2 * e + 1]);
    openNeighbours[edges[2 * e + 1]].push(edges[2 * e]);
  }
  for (let v = 0; v < vertices; v++) {
    const around =
      boundary[v] === 1 ? openNeighbours[v] : neighbours.subarray(neighbourOffsets[v], neighbourOffsets[v + 1]);
    const n = around.length;
    const beta = boundary[v] === 1 ? 1 / 8 : n < 3 ? 0 : (5 / 8 - (3 / 8 + Math.cos((2 * Math.PI) / n) / 4) ** 2) / n;
    put(v, 1 - n * beta);
    around.forEach((w) => put(w, beta));
    offsets.push(rows.length);
  }
  for (let e = 0; e < edges.length / 2; e++) {
    const [a, b] = [edges[2 * e], edges[2 * e + 1]];
    const opposite = [edgeTriangles[2 * e], edgeTriangles[2 * e + 1]].map((f) =>
      f < 0 ? -1 : triangles.subarray(3 * f, 3 * f + 3).find((v) => v !== a && v !== b)!,
    );
    const open = opposite[1] < 0;
    put(a, open ? 1 / 2 : 3 / 8);
    put(b, open ? 1 / 2 : 3 / 8);
    if (!open) opposite.forEach((v) => put(v, 1 / 8));
    offsets.push(rows.length);
  }
  return {
    triangles: split(triangles, edges, vertices),
    edges,
    stencils: { offsets: Uint32Array.from(offsets), rows: Uint32Array.from(rows), weights: Float32Array.from(weights) },
  };
}

/** Applies stencils to fields of `width` numbers a row, one field after the other. */
function apply(
  { offsets, rows, weights }: Stencils,
  values: Float32Array,
  before: number,
  width: number,
): Float32Array {
  const after = offsets.length - 1;
  const fields = values.length / (before * width);
  const result = new Float32Array(fields * after * width);
  for (let field = 0; field < fields; field++) {
    const [from, to] = [field * before * width, field * after * width];
    for (let row = 0; row < after; row++) {
      const [start, end] = [offsets[row], offsets[row + 1]];
      for (let c = 0; c < width; c++) {
        let sum = 0;
        for (let k = start; k < end; k++) sum += weights[k] * values[from + rows[k] * width + c];
        result[to + row * width + c] = sum;
      }
    }
  }
  return result;
}

/** Texture coordinates of the finer mesh: old rows stay, new ones lie in the middle of their edges. */
function splitUvs(uvs: Float32Array, uvTriangles: Uint32Array): { uvs: Float32Array; uvTriangles: Uint32Array } {
  const { edges } = buildTopology(uvTriangles, uvs.length / 2);
  const finer = new Float32Array(uvs.length + edges.length);
  finer.set(uvs);
  for (let e = 0; e < edges.length / 2; e++) {
    for (let c = 0; c < 2; c++)
      finer[uvs.length + 2 * e + c] = (uvs[2 * edges[2 * e] + c] + uvs[2 * edges[2 * e + 1] + c]) / 2;
  }
  return { uvs: finer, uvTriangles: split(uvTriangles, edges, uvs.length / 2) };
}

/** The mirror image of every row of the finer mesh; rows of edges go to the edge between the mirrored ends. */
function mirrorRows(mirror: Uint32Array, edges: Uint32Array): Uint32Array {
  const before = mirror.length;
  const onEdge = new Map<number, number>();
  const key = (a: number, b: number): number => Math.min(a, b) * before + Math.max(a, b);
  for (let e = 0; e < edges.length / 2; e++) onEdge.set(key(edges[2 * e], edges[2 * e + 1]), before + e);
  const result = new Uint32Array(before + edges.length / 2);
  result.set(mirror);
  for (let e = 0; e < edges.length / 2; e++) {
    // a diagonal that is not split alike on both sides has no image: the nearer corner stands in
    const [a, b] = [mirror[edges[2 * e]], mirror[edges[2 * e + 1]]];
    result[before + e] = onEdge.get(key(a, b)) ?? a;
  }
  return result;
}

/** New numbers for old and new rows that keep the vertices of each part together; in the order of the parts. */
function renumber(parts: readonly FacePart[], vertices: number, edges: Uint32Array): Uint32Array {
  const partOf = new Uint32Array(vertices + edges.length / 2);
  parts.forEach(({ vertexStart, vertexCount }, k) => partOf.fill(k, vertexStart, vertexStart + vertexCount));
  for (let e = 0; e < edges.length / 2; e++) partOf[vertices + e] = partOf[edges[2 * e]];
  const order = Uint32Array.from(partOf, (_, row) => row).sort((a, b) => partOf[a] - partOf[b] || a - b);
  const numbers = new Uint32Array(order.length);
  order.forEach((row, k) => (numbers[row] = k));
  return numbers;
}

function reorder({ offsets, rows, weights }: Stencils, numbers: Uint32Array): Stencils {
  const source = new Uint32Array(numbers.length);
  numbers.forEach((to, from) => (source[to] = from));
  const ranges = Array.from(source, (row) => [offsets[row], offsets[row + 1]] as const);
  let at = 0;
  return {
    offsets: Uint32Array.from([0, ...ranges.map(([start, end]) => (at += end - start))]),
    rows: Uint32Array.from(ranges.flatMap(([start, end]) => Array.from(rows.subarray(start, end)))),
    weights: Float32Array.from(ranges.flatMap(([start, end]) => Array.from(weights.subarray(start, end)))),
  };
}

/**
 * A model with four times the triangles, by one step of Loop's subdivision (Loop 1987): it is linear, so mean and modes
 * go through the same weights and coefficients keep their meaning. Vertices of the coarser mesh stay, smoothed, so that
 * they move by a fraction of a millimetre. Modes are no longer exactly orthogonal over the vertices.
 */
export function subdivideFaceModel(data: FaceModelData): FaceModelData {
  const before = data.positions.length / 3;
  const loop = loopStencils(data.triangles, before);
  const numbers = renumber(data.parts, before, loop.edges);
  const stencils = reorder(loop.stencils, numbers);
  const map = (ids: Uint32Array): Uint32Array => ids.map((v) => numbers[v]);
  const mirror = new Uint32Array(numbers.length);
  mirrorRows(data.mirror, loop.edges).forEach((image, row) => (mirror[numbers[row]] = numbers[image]));
  let vertexStart = 0;
  const parts = data.parts.map((part) => {
    const inside = (v: number): boolean => v >= part.vertexStart && v < part.vertexStart + part.vertexCount;
    let vertexCount = part.vertexCount;
    for (let e = 0; e < loop.edges.length; e += 2) if (inside(loop.edges[e])) vertexCount++;
    vertexStart += vertexCount;
    return {
      ...{ name: part.name, vertexStart: vertexStart - vertexCount, vertexCount },
      ...{ triangleStart: 4 * part.triangleStart, triangleCount: 4 * part.triangleCount },
    };
  });
  return {
    ...data,
    positions: apply(stencils, data.positions, before, 3),
    triangles: map(loop.triangles),
    ...splitUvs(data.uvs, data.uvTriangles),
    identity: apply(stencils, data.identity, before, 3),
    blendshapes: apply(stencils, data.blendshapes, before, 3),
    landmarks: map(data.landmarks),
    landmarkPoints: renumberPoints(data.landmarkPoints, (v) => numbers[v]),
    contours: data.contours.map(map),
    mask: apply(stencils, data.mask, before, 1),
    mirror,
    parts,
  };
}
