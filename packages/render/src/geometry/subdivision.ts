import { ShapeError } from '../engine.js';
import { mesh } from './mesh.js';
import type { Mesh } from './mesh.js';
import { RowMapBuilder, applyRowMap, composeRowMaps, mapNumbers } from './rowMap.js';
import type { RowMap } from './rowMap.js';
import { buildTopology } from './topology.js';
import type { Topology } from './topology.js';

/** How to subdivide. */
export interface SubdivisionOptions {
  /**
   * `loop` (default) smooths: the surface tends to one that is twice continuously differentiable but for single points
   * (Loop 1987). `midpoint` only cuts: the surface stays what it is.
   */
  readonly scheme?: 'loop' | 'midpoint';
  /** How often every triangle is cut in four, at most 7; default 1. */
  readonly steps?: number;
  /** With `loop`: vertices go to where infinitely many steps would take them. Default false. */
  readonly limit?: boolean;
}

/** A finer index list, and its rows as sums of rows of the coarser one. */
export interface Subdivision {
  /** [4^steps * F * 3] */
  readonly triangles: Uint32Array;
  /** From values at the coarse vertices to those at the fine ones; each row of weights sums to 1. */
  readonly map: RowMap;
}

/** Edge from each corner to the next one of its triangle, [3 F]; -1 where both are one vertex. */
function cornerEdges({ triangles, edges }: Topology): Int32Array {
  const find = (low: number, high: number): number => {
    let [first, end] = [0, edges.length / 2];
    while (first < end) {
      const e = (first + end) >> 1;
      if (edges[2 * e] < low || (edges[2 * e] === low && edges[2 * e + 1] < high)) first = e + 1;
      else end = e;
    }
    return first;
  };
  return Int32Array.from(triangles, (a, c) => {
    const b = triangles[c % 3 === 2 ? c - 2 : c + 1];
    return a === b ? -1 : find(Math.min(a, b), Math.max(a, b));
  });
}

/** Every triangle as four, with a new row on every edge: the three at its corners, then the middle one. */
function split(topology: Topology): Uint32Array {
  const { triangles, vertexCount } = topology;
  const onEdge = cornerEdges(topology);
  const finer = new Uint32Array(4 * triangles.length);
  for (let f = 0; f < triangles.length; f += 3) {
    const [a, b, c] = triangles.subarray(f, f + 3);
    const [ab, bc, ca] = [a, b, c].map((v, k) => (onEdge[f + k] < 0 ? v : vertexCount + onEdge[f + k]));
    finer.set([a, ab, ca, ab, b, bc, ca, bc, c, ab, bc, ca], 4 * f);
  }
  return finer;
}

/** Old rows stay, new ones are the means of their edges' ends. */
function midpointMap({ vertexCount, edges }: Pick<Topology, 'vertexCount' | 'edges'>): RowMap {
  const builder = new RowMapBuilder(vertexCount);
  for (let v = 0; v < vertexCount; v++) {
    builder.put(v, 1);
    builder.endRow();
  }
  for (let k = 0; k < edges.length; k++) {
    builder.put(edges[k], 1 / 2);
    if (k % 2 === 1) builder.endRow();
  }
  return builder.finish();
}

/** Loop's weight of each of n neighbours in the new place of an inner vertex. */
const loopWeight = (n: number): number => (5 / 8 - (3 / 8 + Math.cos((2 * Math.PI) / n) / 4) ** 2) / n;

/**
 * Rows of vertices: `inner(n)` is the weight of each of the n neighbours of an inner vertex, `open` that of the two along an
 * open edge. Vertices with fewer than three neighbours, or where more than two open edges meet, stay.
 */
function vertexRows(topology: Topology, builder: RowMapBuilder, inner: (n: number) => number, open: number): void {
  const { vertexCount, edges, edgeTriangles, neighbours, neighbourOffsets, boundary } = topology;
  const openNeighbours = new Map<number, number[]>();
  for (let e = 0; e < edges.length / 2; e++) {
    if (edgeTriangles[2 * e + 1] >= 0) continue;
    for (const k of [2 * e, 2 * e + 1]) {
      const others = openNeighbours.get(edges[k]) ?? [];
      openNeighbours.set(edges[k], [...others, edges[k ^ 1]]);
    }
  }
  for (let v = 0; v < vertexCount; v++) {
    const onRim = boundary[v] === 1;
    const around = onRim
      ? openNeighbours.get(v)!
      : Array.from(neighbours.subarray(neighbourOffsets[v], neighbourOffsets[v + 1]));
    const n = around.length;
    const moves = onRim ? n === 2 : n >= 3;
    const weight = !moves ? 0 : onRim ? open : inner(n);
    builder.put(v, 1 - n * weight);
    if (moves) around.forEach((w) => builder.put(w, weight));
    builder.endRow();
  }
}

/** Loop's rules (Loop 1987; open edges as cubic B-splines: Hoppe et al. 1994). */
function loopMap(topology: Topology): RowMap {
  const { vertexCount, triangles, edges, edgeTriangles } = topology;
  const builder = new RowMapBuilder(vertexCount);
  vertexRows(topology, builder, loopWeight, 1 / 8);
  for (let e = 0; e < edges.length; e += 2) {
    const ends = edges.subarray(e, e + 2);
    const opposite = [edgeTriangles[e], edgeTriangles[e + 1]].flatMap((f) =>
      f < 0 ? [] : (triangles.subarray(3 * f, 3 * f + 3).find((v) => !ends.includes(v)) ?? []),
    );
    const inner = opposite.length === 2;
    ends.forEach((v) => builder.put(v, inner ? 3 / 8 : 1 / 2));
    if (inner) opposite.forEach((v) => builder.put(v, 1 / 8));
    builder.endRow();
  }
  return builder.finish();
}

/** Where vertices end: the left eigenvector of Loop's rules for the eigenvalue 1 (Hoppe et al. 1994, section 3.2). */
function limitMap(topology: Topology): RowMap {
  const builder = new RowMapBuilder(topology.vertexCount);
  vertexRows(topology, builder, (n) => 1 / (3 / (8 * loopWeight(n)) + n), 1 / 6);
  return builder.finish();
}

/**
 * The rules of subdivision for an index list, made once on the host; `subdivide` applies them to a mesh. In each step
 * vertices keep their numbers, and those of the edges follow in the order of `topology.edges`; triangle f becomes the four
 * from 4 f on.
 *
 * @throws ShapeError where `loop` meets an edge of more than two triangles, for which it has no rule, or for other steps than
 * 0 to 7.
 */
export function subdivision(
  topology: Topology,
  { scheme = 'loop', steps = 1, limit = false }: SubdivisionOptions = {},
): Subdivision {
  if (!Number.isInteger(steps) || steps < 0 || steps > 7) {
    throw new ShapeError(`subdivision: steps must be a whole number from 0 to 7, got ${steps}`);
  }
  if (scheme === 'loop' && topology.nonManifoldEdges > 0) {
    throw new ShapeError(
      `subdivision: ${topology.nonManifoldEdges} edges have more than two triangles, for which 'loop' has no rule; ` +
        "remove triangles there or use scheme: 'midpoint'",
    );
  }
  if (limit && scheme !== 'loop') throw new ShapeError("subdivision: limit needs scheme: 'loop'");
  let fine = topology;
  let map: RowMap | undefined;
  const then = (next: RowMap): RowMap => (map = map ? composeRowMaps(map, next) : next);
  for (let step = 0; step < steps; step++) {
    const rules = scheme === 'loop' ? loopMap(fine) : midpointMap(fine);
    then(rules);
    fine = buildTopology(split(fine), rules.offsets.length - 1);
  }
  if (limit) then(limitMap(fine));
  return { triangles: fine.triangles, map: map ?? midpointMap({ ...topology, edges: new Uint32Array() }) };
}

/**
 * A mesh with every triangle cut in four, `steps` times. What it gives is linear in positions, texture coordinates and
 * colours, and carries their gradients. Texture coordinates are cut in the middle along their own index list, so that seams
 * stay where they are and every point of the surface keeps its texel. Open borders become curves of their own, which do not
 * depend on what lies inside. Normals are left out: `vertexNormals` computes those of the finer surface.
 *
 * Vertices that are doubled along seams open gaps under `loop`: weld such meshes first (`weldSeams`).
 *
 * @throws ShapeError as `subdivision`.
 * @example
 * const smooth = subdivide(mesh(boxShape()), { steps: 4, limit: true });
 */
export function subdivide(coarse: Mesh, options: SubdivisionOptions = {}): Mesh {
  const { positions, topology, rest, uvs, uvIndices, colors } = coarse;
  const { triangles, map } = subdivision(topology, options);
  const { steps = 1 } = options;
  const flat = uvs && subdivision(buildTopology(uvIndices!, uvs.shape[0]), { scheme: 'midpoint', steps });
  return mesh({
    positions: applyRowMap(map, positions),
    triangles,
    ...(rest && { rest: mapNumbers(map, rest, 3) }),
    ...(flat && { uvs: applyRowMap(flat.map, uvs), uvTriangles: flat.triangles }),
    ...(colors && { colors: applyRowMap(map, colors) }),
  });
}
