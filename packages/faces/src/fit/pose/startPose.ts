import { ChiaroError } from '@chiaro/autograd';
import { solveSymmetric } from './cholesky.js';
import type { Matrix3 } from './rotation.js';

/** A head before a camera at the origin that looks down -Z: camera point = rotation * head point + translation. */
export interface HostPose {
  readonly rotation: Matrix3;
  /** Millimetres. */
  readonly translation: Float64Array;
  /** Focal length in pixels; the principal point is given apart. */
  readonly focal: number;
}

/**
 * A first pose by scaled orthography: the affine map from head to image that fits best, with its two rows made
 * orthonormal. The depth is set to `distance`, and the focal length is what makes the size right.
 *
 * @param points [N * 3] head points, mm. @param pixels [N * 2]. @param centre principal point.
 * @param weights [N] of the points.
 * @throws ChiaroError where the points lie in one line or nearly so.
 */
export function startPose(
  points: Float64Array,
  pixels: Float64Array,
  weights: Float64Array,
  centre: readonly [number, number],
  distance: number,
): HostPose {
  const normal = new Float64Array(16);
  const right = [new Float64Array(4), new Float64Array(4)];
  for (let i = 0; i < weights.length; i++) {
    const row = [points[3 * i], points[3 * i + 1], points[3 * i + 2], 1];
    for (let a = 0; a < 4; a++) {
      for (let b = 0; b < 4; b++) normal[4 * a + b] += weights[i] * row[a] * row[b];
      right[0][a] += weights[i] * row[a] * (pixels[2 * i] - centre[0]);
      right[1][a] -= weights[i] * row[a] * (pixels[2 * i + 1] - centre[1]); // image y runs down
    }
  }
  const [u, v] = right.map((b) => solveSymmetric(normal, b));
  const [lengthU, lengthV] = [Math.hypot(u[0], u[1], u[2]), Math.hypot(v[0], v[1], v[2])];
  const scale = (lengthU + lengthV) / 2;
  if (!(Math.min(lengthU, lengthV) > 1e-9)) throw new ChiaroError('startPose: the landmarks do not span an image');
  // the nearest pair of orthonormal rows: the halves between sum and difference
  const a = [0, 1, 2].map((i) => u[i] / lengthU);
  const b = [0, 1, 2].map((i) => v[i] / lengthV);
  const unit = (x: number[]): number[] => x.map((e) => e / Math.hypot(...x));
  const [sum, difference] = [unit(a.map((e, i) => e + b[i])), unit(a.map((e, i) => e - b[i]))];
  const x = sum.map((e, i) => (e + difference[i]) * Math.SQRT1_2);
  const y = sum.map((e, i) => (e - difference[i]) * Math.SQRT1_2);
  const z = [x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]];
  return {
    rotation: Float64Array.of(...x, ...y, ...z),
    translation: Float64Array.of(u[3] / scale, v[3] / scale, -distance),
    focal: scale * distance,
  };
}
