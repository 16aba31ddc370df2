import { childSides, hittable, walkTree } from './hostTree.js';
import { idWord } from './layout.js';

/** What a ray finds on the host; triangle -1 for nothing. */
export interface HostHit {
  readonly t: number;
  /** Weights of vertices 1 and 2. */
  readonly u: number;
  readonly v: number;
  readonly triangle: number;
}

type Vector = ArrayLike<number>;

/** t, u, v of a ray and a triangle in float64 (Moeller and Trumbore 1997), or undefined for a miss. */
export function hitTriangle(
  vertices: Vector,
  at: number,
  origin: Vector,
  direction: Vector,
): { t: number; u: number; v: number } | undefined {
  const edge = (k: number, axis: number): number => vertices[at + 3 * k + axis] - vertices[at + axis];
  const [ax, ay, az] = [edge(1, 0), edge(1, 1), edge(1, 2)];
  const [bx, by, bz] = [edge(2, 0), edge(2, 1), edge(2, 2)];
  const [dx, dy, dz] = [direction[0], direction[1], direction[2]];
  const [px, py, pz] = [dy * bz - dz * by, dz * bx - dx * bz, dx * by - dy * bx];
  const determinant = ax * px + ay * py + az * pz;
  if (determinant === 0) return undefined;
  const [sx, sy, sz] = [origin[0] - vertices[at], origin[1] - vertices[at + 1], origin[2] - vertices[at + 2]];
  const u = (sx * px + sy * py + sz * pz) / determinant;
  if (!(u >= 0)) return undefined;
  const [qx, qy, qz] = [sy * az - sz * ay, sz * ax - sx * az, sx * ay - sy * ax];
  const v = (dx * qx + dy * qy + dz * qz) / determinant;
  if (!(v >= 0 && u + v <= 1)) return undefined;
  return { t: (bx * qx + by * qy + bz * qz) / determinant, u, v };
}

/**
 * `closestHit` in float64 on the host, through the same tree: the reference of programs that trace.
 * @param words the flat form of a tree (layout.ts) with positions.
 */
export function closestHitHost(
  words: Uint32Array,
  origin: Vector,
  direction: Vector,
  tMin: number,
  tMax: number,
): HostHit {
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  let hit: HostHit = { t: tMax, u: 0, v: 0, triangle: -1 };
  walkTree(
    words,
    (node, k) => entersChild(words, floats, node, k, origin, direction, tMin, hit.t),
    (at) => {
      const found = hitTriangle(floats, at, origin, direction);
      if (found && found.t >= tMin && found.t < hit.t) hit = { ...found, triangle: words[at + idWord] };
    },
  );
  return hit;
}

/** Whether a ray meets the bounds of child k of the node at `node`. */
function entersChild(
  words: Uint32Array,
  floats: Float32Array,
  node: number,
  k: number,
  origin: Vector,
  direction: Vector,
  tMin: number,
  tMax: number,
): boolean {
  if (!hittable(words, node, k)) return false;
  let [near, far] = [tMin, tMax];
  for (let axis = 0; axis < 3; axis++) {
    const [low, high] = childSides(words, floats, node, k, axis);
    if (direction[axis] === 0) {
      if (origin[axis] < low || origin[axis] > high) return false;
      continue;
    }
    const a = (low - origin[axis]) / direction[axis];
    const b = (high - origin[axis]) / direction[axis];
    near = Math.max(near, Math.min(a, b));
    far = Math.min(far, Math.max(a, b));
  }
  // rounding of these few operations
  return near <= far + 1e-12 * (Math.abs(near) + Math.abs(far));
}
