import type { HostMemory } from './integrand/steps.js';

/**
 * The nearest triangle that a ray meets, by asking every one in float64: the reference of the traversal.
 * @param ray origin, direction, least and greatest distance: 8 numbers.
 * @returns distance, weights of corners 1 and 2, triangle; 0xffffffff where there is none.
 */
export function hostClosestHit({ scene, tables, options }: HostMemory, ray: readonly number[]): readonly number[] {
  const [ox, oy, oz, dx, dy, dz, near, far] = ray;
  const { triangleCount, trianglesAt, positionsAt } = options;
  let best = [far, 0, 0, 0xffffffff];
  for (let f = 0; f < triangleCount; f++) {
    const [a, b, c] = [0, 1, 2].map((k) => positionsAt + 3 * tables[trianglesAt + 8 * f + k]);
    const [ax, ay, az] = [scene[a], scene[a + 1], scene[a + 2]];
    const [ex, ey, ez] = [scene[b] - ax, scene[b + 1] - ay, scene[b + 2] - az];
    const [fx, fy, fz] = [scene[c] - ax, scene[c + 1] - ay, scene[c + 2] - az];
    const [px, py, pz] = [dy * fz - dz * fy, dz * fx - dx * fz, dx * fy - dy * fx];
    const scale = 1 / (ex * px + ey * py + ez * pz);
    const [sx, sy, sz] = [ox - ax, oy - ay, oz - az];
    const u = (sx * px + sy * py + sz * pz) * scale;
    if (!(u >= 0 && u <= 1)) continue;
    const [qx, qy, qz] = [sy * ez - sz * ey, sz * ex - sx * ez, sx * ey - sy * ex];
    const v = (dx * qx + dy * qy + dz * qz) * scale;
    if (!(v >= 0 && u + v <= 1)) continue;
    const t = (fx * qx + fy * qy + fz * qz) * scale;
    if (t > near && t < best[0]) best = [t, u, v, f];
  }
  return best;
}
