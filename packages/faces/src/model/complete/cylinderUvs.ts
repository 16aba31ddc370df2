import type { UvLayout } from '../uvBake.js';

/** Where the largest piece lies: left, bottom, width, height; the others share the strip below it. */
const mainChart = [0.02, 0.2, 0.94, 0.78] as const;
const strip = { bottom: 0.01, height: 0.17 };

/**
 * Texture coordinates for a head that has none: each connected piece is unrolled about the vertical axis through its
 * middle, with the seam at the back; the largest takes most of the texture, the others (eyes, teeth) stand below it in a
 * row. Layers behind one another, such as the inside of nostrils and lips, share texels.
 * @param positions [V * 3] with +Y up and +Z out of the face. @param triangles [F * 3]
 */
export function cylinderUvs(positions: ArrayLike<number>, triangles: Uint32Array): UvLayout {
  const uvs: number[] = [];
  const uvTriangles = new Uint32Array(triangles.length);
  const pieces = connectedPieces(positions.length / 3, triangles);
  pieces.forEach((faces, k) => {
    const [left, bottom, width, height] =
      k === 0
        ? mainChart
        : [(k - 1 + 0.05) / (pieces.length - 1), strip.bottom, 0.9 / (pieces.length - 1), strip.height];
    const vertices = [...new Set(faces.flatMap((f) => Array.from(triangles.subarray(3 * f, 3 * f + 3))))];
    const [x, y, z] = [0, 1, 2].map((axis) => rangeOf(vertices.map((v) => positions[3 * v + axis])));
    const [middleX, middleZ] = [(x.low + x.high) / 2, k === 0 ? z.low + 0.4 * (z.high - z.low) : (z.low + z.high) / 2];
    const turn = (v: number): number =>
      Math.atan2(positions[3 * v] - middleX, positions[3 * v + 2] - middleZ) / (2 * Math.PI) + 0.5;
    const rows = new Map<string, number>();
    const rowOf = (v: number, beyond: boolean): number => {
      const key = `${v} ${beyond}`;
      const known = rows.get(key);
      if (known !== undefined) return known;
      const up = (positions[3 * v + 1] - y.low) / (y.high - y.low || 1);
      // triangles across the seam reach a little beyond the right end
      const u = Math.min(1, left + width * (turn(v) + Number(beyond)));
      uvs.push(u, bottom + height * up);
      rows.set(key, uvs.length / 2 - 1);
      return uvs.length / 2 - 1;
    };
    for (const f of faces) {
      const corners = Array.from(triangles.subarray(3 * f, 3 * f + 3));
      const turns = corners.map(turn);
      const across = Math.max(...turns) - Math.min(...turns) > 0.5;
      corners.forEach((v, c) => (uvTriangles[3 * f + c] = rowOf(v, across && turns[c] < 0.5)));
    }
  });
  return { uvs: Float32Array.from(uvs), uvTriangles };
}

const rangeOf = (values: readonly number[]): { low: number; high: number } => ({
  low: values.reduce((a, b) => Math.min(a, b), Infinity),
  high: values.reduce((a, b) => Math.max(a, b), -Infinity),
});

/** The triangles of each connected piece, the largest first. */
function connectedPieces(vertices: number, triangles: Uint32Array): number[][] {
  const parent = Int32Array.from({ length: vertices }, (_, v) => v);
  const rootOf = (v: number): number => {
    while (parent[v] !== v) v = parent[v] = parent[parent[v]];
    return v;
  };
  for (let k = 0; k < triangles.length; k += 3) {
    parent[rootOf(triangles[k + 1])] = rootOf(triangles[k]);
    parent[rootOf(triangles[k + 2])] = rootOf(triangles[k]);
  }
  const pieces = new Map<number, number[]>();
  for (let f = 0; f < triangles.length / 3; f++) {
    const root = rootOf(triangles[3 * f]);
    const piece = pieces.get(root);
    if (piece) piece.push(f);
    else pieces.set(root, [f]);
  }
  return [...pieces.values()].sort((a, b) => b.length - a.length);
}
