import { mat3, quat, vec3 } from 'gl-matrix';

/** A vector of the host. */
export type Triple = readonly [number, number, number];

/** The rotation of an axis times an angle in radians. */
export function turnOf([x, y, z]: ArrayLike<number> & Iterable<number>): quat {
  const angle = Math.hypot(x, y, z);
  return angle < 1e-12 ? quat.create() : quat.setAxisAngle(quat.create(), [x / angle, y / angle, z / angle], angle);
}

/** The rotation of a row-major 3 x 3 matrix. */
export function turnOfRows(rows: readonly number[]): quat {
  const [a, b, c, d, e, f, g, h, i] = rows;
  return quat.fromMat3(quat.create(), mat3.fromValues(a, d, g, b, e, h, c, f, i));
}

/** Row-major matrix of a rotation. */
export const rowsOf = (q: quat): number[] =>
  Array.from(mat3.transpose(mat3.create(), mat3.fromQuat(mat3.create(), q)), (x) => x + 0);

/** Axis times angle of a rotation, the angle at most pi. */
export function axisAngleOf(q: quat): Triple {
  const axis = vec3.create();
  const angle = quat.getAxisAngle(axis, q);
  const turn = angle > Math.PI ? angle - 2 * Math.PI : angle;
  return [axis[0] * turn, axis[1] * turn, axis[2] * turn];
}

/** R_a R_b. */
export const after = (a: quat, b: quat): quat => quat.multiply(quat.create(), a, b);

/** R^-1. */
export const inverse = (q: quat): quat => quat.conjugate(quat.create(), q);

/** R (p - from). */
export function turned(q: quat, p: Triple, from: Triple = [0, 0, 0]): Triple {
  const [x, y, z] = vec3.transformQuat(vec3.create(), vec3.subtract(vec3.create(), p, from), q);
  return [x, y, z];
}

/** Angle between two rotations, axes times angles: radians, 0 to pi. */
export function angleBetween(a: readonly number[], b: readonly number[]): number {
  const [x, y, z, w] = after(inverse(turnOf(a)), turnOf(b));
  return 2 * Math.atan2(Math.hypot(x, y, z), Math.abs(w));
}
