import { buildTopology, mapNumbers, subdivision } from '@chiaro/render';
import type { RowMap } from '@chiaro/render';
import type { FaceModelData, FacePart } from './faceModelData.js';
import type { JointData } from './joints/jointData.js';
import { renumberPoints } from './surfacePoints.js';

/** Texture coordinates of the finer mesh: old rows stay, new ones lie in the middle of their edges. */
function splitUvs(uvs: Float32Array, uvTriangles: Uint32Array): { uvs: Float32Array; uvTriangles: Uint32Array } {
  const { triangles, map } = subdivision(buildTopology(uvTriangles, uvs.length / 2), { scheme: 'midpoint' });
  return { uvs: mapNumbers(map, uvs, 2), uvTriangles: triangles };
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

/** The map with its rows in another order: row r becomes row numbers[r]. */
function reorder({ columns, offsets, indices, weights }: RowMap, numbers: Uint32Array): RowMap {
  const source = new Uint32Array(numbers.length);
  numbers.forEach((to, from) => (source[to] = from));
  const ranges = Array.from(source, (row) => [offsets[row], offsets[row + 1]] as const);
  let at = 0;
  return {
    columns,
    offsets: Uint32Array.from([0, ...ranges.map(([start, end]) => (at += end - start))]),
    indices: Uint32Array.from(ranges.flatMap(([start, end]) => Array.from(indices.subarray(start, end)))),
    weights: Float32Array.from(ranges.flatMap(([start, end]) => Array.from(weights.subarray(start, end)))),
  };
}

/** Joints of the finer mesh: where they were, moved by the vertices that stayed. @param numbers old row -> new one. */
function finerJoints(joints: JointData, fine: RowMap, numbers: Uint32Array): JointData {
  const [before, after] = [fine.columns, numbers.length];
  const regressor = new Float32Array(joints.names.length * after);
  joints.regressor.forEach((x, k) => (regressor[Math.floor(k / before) * after + numbers[k % before]] = x));
  return {
    ...joints,
    regressor,
    weights: mapNumbers(fine, joints.weights, joints.names.length),
    correctives: mapNumbers(fine, joints.correctives, 3),
  };
}

/**
 * A model with four times the triangles, by one step of Loop's subdivision (Loop 1987): it is linear, so mean and modes
 * go through the same weights and coefficients keep their meaning. Vertices of the coarser mesh stay, smoothed, so that
 * they move by a fraction of a millimetre. Modes are no longer exactly orthogonal over the vertices.
 */
export function subdivideFaceModel(data: FaceModelData): FaceModelData {
  const before = data.positions.length / 3;
  const coarse = buildTopology(data.triangles, before);
  const { edges } = coarse;
  const loop = subdivision(coarse);
  const numbers = renumber(data.parts, before, edges);
  const fine = reorder(loop.map, numbers);
  const map = (ids: Uint32Array): Uint32Array => ids.map((v) => numbers[v]);
  const mirror = new Uint32Array(numbers.length);
  mirrorRows(data.mirror, edges).forEach((image, row) => (mirror[numbers[row]] = numbers[image]));
  let vertexStart = 0;
  const parts = data.parts.map((part) => {
    const inside = (v: number): boolean => v >= part.vertexStart && v < part.vertexStart + part.vertexCount;
    let vertexCount = part.vertexCount;
    for (let e = 0; e < edges.length; e += 2) if (inside(edges[e])) vertexCount++;
    vertexStart += vertexCount;
    return {
      ...{ name: part.name, vertexStart: vertexStart - vertexCount, vertexCount },
      ...{ triangleStart: 4 * part.triangleStart, triangleCount: 4 * part.triangleCount },
    };
  });
  return {
    ...data,
    positions: mapNumbers(fine, data.positions, 3),
    triangles: map(loop.triangles),
    ...splitUvs(data.uvs, data.uvTriangles),
    identity: mapNumbers(fine, data.identity, 3),
    blendshapes: mapNumbers(fine, data.blendshapes, 3),
    landmarks: map(data.landmarks),
    landmarkPoints: renumberPoints(data.landmarkPoints, (v) => numbers[v]),
    contours: data.contours.map(map),
    mask: mapNumbers(fine, data.mask, 1),
    mirror,
    parts,
    ...(data.joints && { joints: finerJoints(data.joints, fine, numbers) }),
  };
}
