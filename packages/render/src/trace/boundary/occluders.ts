import { GradientError } from '../../engine.js';
import type { Topology } from '../../geometry/index.js';

const known = new WeakMap<Topology, Int32Array>();

/**
 * The edges of a mesh that may throw shadows: [E * 4] vertices of their ends and third corners of their two triangles; the
 * same corner twice where there is one triangle only.
 * @throws GradientError where more than two triangles share an edge: which of them are seen beyond it is not known.
 */
export function occluderRows(topology: Topology): Int32Array {
  let rows = known.get(topology);
  if (rows !== undefined) return rows;
  const { edges, edgeTriangles, triangles, nonManifoldEdges } = topology;
  if (nonManifoldEdges > 0) {
    throw new GradientError(
      `pathTrace: boundary 'all' needs edges of one or two triangles; ${nonManifoldEdges} have more. Split the mesh there`,
    );
  }
  const count = edges.length / 2;
  rows = new Int32Array(4 * count);
  for (let e = 0; e < count; e++) {
    const [low, high] = [edges[2 * e], edges[2 * e + 1]];
    const third = (f: number): number =>
      [0, 1, 2].map((k) => triangles[3 * f + k]).find((v) => v !== low && v !== high) ?? low;
    const [f, h] = [edgeTriangles[2 * e], edgeTriangles[2 * e + 1]];
    rows.set([low, high, third(f), third(h < 0 ? f : h)], 4 * e);
  }
  known.set(topology, rows);
  return rows;
}
