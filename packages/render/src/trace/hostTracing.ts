import { recordRows, rowWords } from './bvh/layout.js';
import type { HostMemory } from './integrand/steps.js';

/**
 * The nearest triangle that a ray meets, by asking every one in float64: the reference of the traversal.
 * @param ray origin, direction, least and greatest distance: 8 numbers.
 * @returns distance, weights of corners 1 and 2, triangle; 0xffffffff where there is none.
 */
export function hostClosestHit(memory: HostMemory, ray: readonly number[]): readonly number[] {
  const { scene, tables, options } = memory;
  const [ox, oy, oz, dx, dy, dz, near, far] = ray;
  const { trianglesAt, positionsAt } = options;
  let best = [far, 0, 0, 0xffffffff];
  for (const { triangle, row, transform } of trianglesOf(memory)) {
    const corners = [0, 1, 2].map((k) => {
      const at = positionsAt + 3 * tables[trianglesAt + 8 * row + k];
      const p = [scene[at], scene[at + 1], scene[at + 2]];
      if (transform === undefined) return p;
      const [x, y, z] = p;
      return [0, 4, 8]
        .map((r) => transform + r)
        .map((r) => scene[r] * x + scene[r + 1] * y + scene[r + 2] * z + scene[r + 3]);
    });
    const [ax, ay, az] = corners[0];
    const [ex, ey, ez] = corners[1].map((v, k) => v - corners[0][k]);
    const [fx, fy, fz] = corners[2].map((v, k) => v - corners[0][k]);
    const [px, py, pz] = [dy * fz - dz * fy, dz * fx - dx * fz, dx * fy - dy * fx];
    const scale = 1 / (ex * px + ey * py + ez * pz);
    const [sx, sy, sz] = [ox - ax, oy - ay, oz - az];
    const u = (sx * px + sy * py + sz * pz) * scale;
    if (!(u >= 0 && u <= 1)) continue;
    const [qx, qy, qz] = [sy * ez - sz * ey, sz * ex - sx * ez, sx * ey - sy * ex];
    const v = (dx * qx + dy * qy + dz * qz) * scale;
    if (!(v >= 0 && u + v <= 1)) continue;
    const t = (fx * qx + fy * qy + fz * qz) * scale;
    if (t > near && t < best[0]) best = [t, u, v, triangle];
  }
  return best;
}

interface HostTriangle {
  /** Its number, its row in the tables, and where its transform begins in the scene, where there are instances. */
  readonly triangle: number;
  readonly row: number;
  readonly transform?: number;
}

function* trianglesOf({ bvh, options }: HostMemory): Generator<HostTriangle> {
  const { triangleCount, instanceCount, instanceShift, transformsAt, forestAt } = options;
  for (let f = 0; instanceCount === 0 && f < triangleCount; f++) yield { triangle: f, row: f };
  for (let instance = 0; instance < instanceCount; instance++) {
    const its = rowWords * (forestAt + recordRows * instance + 3);
    const [first, count] = [bvh[its + 1], bvh[its + 2]];
    for (let row = first; row < first + count; row++) {
      yield { triangle: instance * 2 ** instanceShift + row, row, transform: transformsAt + 12 * instance };
    }
  }
}
