import type { Topology } from '../../geometry/index.js';

const known = new WeakMap<Topology, Int32Array>();

/**
 * For each edge of each triangle the triangle on its other side, [F * 3]: entry k belongs to the edge opposite corner k. -1
 * where there is none; of more than two triangles at an edge, only the first two see each other.
 */
export function neighbourTriangles(topology: Topology): Int32Array {
  let neighbours = known.get(topology);
  if (neighbours !== undefined) return neighbours;
  const { triangles, edges, edgeTriangles } = topology;
  neighbours = new Int32Array(triangles.length).fill(-1);
  for (let e = 0; e < edges.length; e += 2) {
    const [s, t] = [edgeTriangles[e], edgeTriangles[e + 1]];
    if (t < 0) continue;
    for (const [f, other] of [
      [s, t],
      [t, s],
    ]) {
      for (let k = 3 * f; k < 3 * f + 3; k++) {
        if (triangles[k] !== edges[e] && triangles[k] !== edges[e + 1]) neighbours[k] = other;
      }
    }
  }
  known.set(topology, neighbours);
  return neighbours;
}
