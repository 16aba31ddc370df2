import { tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { randomDirection } from '../../testing/random.testing.js';
import { hitTriangle } from './closestHit.js';

/** Plain numbers of a mesh. */
export interface Triangles {
  readonly positions: Float32Array;
  readonly triangles: Uint32Array;
}

/** Rays as the programs take them, in float32. */
export interface Rays {
  readonly origins: Float32Array;
  readonly directions: Float32Array;
}

/** [n, 3] of n * 3 numbers. */
export const rows = (values: Float32Array): Tensor => tensor(values, [values.length / 3, 3]);

/** The corners of all triangles, nine numbers each. */
export const cornersOf = ({ positions, triangles }: Triangles): Float32Array =>
  Float32Array.from({ length: 3 * triangles.length }, (_, k) => positions[3 * triangles[Math.floor(k / 3)] + (k % 3)]);

/** Rays from within a ball to all sides. */
export function randomRays(random: () => number, count: number, radius: number): Rays {
  const [origins, directions] = [new Float32Array(3 * count), new Float32Array(3 * count)];
  for (let i = 0; i < count; i++) {
    const distance = radius * random();
    origins.set(
      randomDirection(random).map((x) => x * distance),
      3 * i,
    );
    directions.set(randomDirection(random), 3 * i);
  }
  return { origins, directions };
}

/** The nearest hit of a ray among all triangles in float64, by testing each; triangle -1 for none. */
export function bruteForce(
  corners: Float32Array,
  { origins, directions }: Rays,
  ray: number,
  { tMin = 0, tMax = 1e30 } = {},
): { t: number; u: number; v: number; triangle: number } {
  const [origin, direction] = [origins, directions].map((values) => values.subarray(3 * ray, 3 * ray + 3));
  let nearest = { t: tMax, u: 0, v: 0, triangle: -1 };
  for (let triangle = 0; 9 * triangle < corners.length; triangle++) {
    const hit = hitTriangle(corners, 9 * triangle, origin, direction);
    if (hit && hit.t >= tMin && hit.t < nearest.t) nearest = { ...hit, triangle };
  }
  return nearest;
}

/** How far a ray's point at t = `t` is from where the weights of a triangle put it. */
export function gap(
  corners: Float32Array,
  { origins, directions }: Rays,
  ray: number,
  hit: { readonly t: number; readonly weights: ArrayLike<number>; readonly triangle: number },
): number {
  const offsets = [0, 1, 2].map((axis) => {
    const point = origins[3 * ray + axis] + hit.t * directions[3 * ray + axis];
    return [0, 1, 2].reduce((sum, k) => sum - hit.weights[k] * corners[9 * hit.triangle + 3 * k + axis], point);
  });
  return Math.hypot(...offsets);
}
