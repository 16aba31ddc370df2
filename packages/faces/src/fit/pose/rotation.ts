/** A rotation in float64 on the host: nine numbers, row by row. */
export type Matrix3 = Float64Array;

/** The matrix of a turn by |w| radians about w. Rodrigues' formula. */
export function rotationOfAxisAngle(w: ArrayLike<number>): Matrix3 {
  const t = Math.hypot(w[0], w[1], w[2]);
  const s = t < 1e-6 ? 1 - (t * t) / 6 : Math.sin(t) / t;
  const k = t < 1e-6 ? 0.5 - (t * t) / 24 : (1 - Math.cos(t)) / (t * t);
  const c = 1 - k * t * t;
  const [x, y, z] = [w[0], w[1], w[2]];
  return Float64Array.of(
    c + k * x * x,
    k * x * y - s * z,
    k * x * z + s * y,
    k * x * y + s * z,
    c + k * y * y,
    k * y * z - s * x,
    k * x * z - s * y,
    k * y * z + s * x,
    c + k * z * z,
  );
}

/** Axis times angle of a rotation matrix, angle in [0, pi]; the inverse of `rotationOfAxisAngle`. */
export function axisAngleOfRotation(r: Matrix3): [number, number, number] {
  const cosine = Math.min(1, Math.max(-1, (r[0] + r[4] + r[8] - 1) / 2));
  const axis: [number, number, number] = [r[7] - r[5], r[2] - r[6], r[3] - r[1]];
  const sine = Math.hypot(...axis) / 2;
  const angle = Math.atan2(sine, cosine);
  if (sine > 1e-7) return axis.map((a) => (a * angle) / (2 * sine)) as [number, number, number];
  if (cosine > 0) return axis.map((a) => a / 2) as [number, number, number];
  // half a turn: R + I = 2 a a^T, read off the column of the largest diagonal entry
  const k = r[0] >= r[4] && r[0] >= r[8] ? 0 : r[4] >= r[8] ? 1 : 2;
  const column = [0, 1, 2].map((i) => r[3 * i + k] + (i === k ? 1 : 0));
  const length = Math.hypot(...column);
  return column.map((a) => (a * Math.PI) / length) as [number, number, number];
}

/** a b. */
export function multiply3(a: Matrix3, b: Matrix3): Matrix3 {
  const result = new Float64Array(9);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      result[3 * i + j] = a[3 * i] * b[j] + a[3 * i + 1] * b[3 + j] + a[3 * i + 2] * b[6 + j];
    }
  }
  return result;
}

/** The opposite rotation. */
export const transpose3 = (r: Matrix3): Matrix3 =>
  Float64Array.of(r[0], r[3], r[6], r[1], r[4], r[7], r[2], r[5], r[8]);

/** Yaw of the face in radians: the angle of its +Z axis to the camera's line of sight, positive to the image's right. */
export function yawOf(r: Matrix3): number {
  return Math.atan2(r[2], r[8]);
}
