import { childSides, hittable, walkTree } from './hostTree.js';
import { idWord, validWord } from './layout.js';

type Vector = readonly [number, number, number];

/** What is nearest to a point on the host; triangle -1 for nothing. */
export interface HostNearest {
  /** Squared distance. */
  readonly square: number;
  /** Weights of vertices 1 and 2. */
  readonly u: number;
  readonly v: number;
  readonly triangle: number;
}

const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

/** Squared distance of the origin from a + u (b - a) + v (c - a). */
const squareAt = (a: Vector, b: Vector, c: Vector, u: number, v: number): number =>
  [0, 1, 2].reduce((sum, k) => sum + (a[k] + u * (b[k] - a[k]) + v * (c[k] - a[k])) ** 2, 0);

/** Where a triangle is nearest to a point, in float64: the inside where that is above it, else the nearest side. */
export function nearestInTriangle(
  corners: ArrayLike<number>,
  at: number,
  point: Vector,
): Pick<HostNearest, 'square' | 'u' | 'v'> {
  const [a, b, c] = [0, 3, 6].map((k): Vector =>
    minus([corners[at + k], corners[at + k + 1], corners[at + k + 2]], point),
  );
  const onSide = (p: Vector, q: Vector): number => {
    const along = minus(q, p);
    const length = dot(along, along);
    return length > 0 ? Math.min(1, Math.max(0, -dot(p, along) / length)) : 0;
  };
  const [e, f] = [minus(b, a), minus(c, a)];
  const n = cross(e, f);
  const size = dot(n, n);
  const [u, v] = [dot(n, cross(f, a)) / size, dot(n, cross(a, e)) / size];
  // false for NaN, of triangles without area
  if (u >= 0 && v >= 0 && u + v <= 1) return { u, v, square: squareAt(a, b, c, u, v) };
  const [ab, bc, ca] = [onSide(a, b), onSide(b, c), onSide(c, a)];
  const places: [number, number][] = [
    [ab, 0],
    [1 - bc, bc],
    [0, 1 - ca],
  ];
  return places
    .map(([x, y]) => ({ u: x, v: y, square: squareAt(a, b, c, x, y) }))
    .reduce((best, next) => (next.square < best.square ? next : best));
}

/**
 * `nearestTriangle` in float64 on the host, through the same tree.
 * @param words the flat form of a tree (layout.ts) with positions.
 */
export function nearestTriangleHost(words: Uint32Array, point: Vector, limit: number): HostNearest {
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  let best: HostNearest = { square: limit, u: 0, v: 0, triangle: -1 };
  walkTree(
    words,
    (node, k) => squareToChild(words, floats, node, k, point) <= best.square,
    (at) => {
      if (words[at + validWord] === 0) return;
      const found = nearestInTriangle(floats, at, point);
      if (found.square < best.square) best = { ...found, triangle: words[at + idWord] };
    },
  );
  return best;
}

/** Squared distance to the bounds of child k of the node at `node`; Infinity where there is none. */
function squareToChild(words: Uint32Array, floats: Float32Array, node: number, k: number, point: Vector): number {
  if (!hittable(words, node, k)) return Infinity;
  let square = 0;
  for (let axis = 0; axis < 3; axis++) {
    const [low, high] = childSides(words, floats, node, k, axis);
    square += Math.max(low - point[axis], point[axis] - high, 0) ** 2;
  }
  return square;
}
