import type { Matrix3 } from '../fit/pose/rotation.js';

/** A vector of the host. */
export type Triple = readonly [number, number, number];

/** R v. */
export const turned = (r: Matrix3, [x, y, z]: ArrayLike<number> & Iterable<number>): [number, number, number] => [
  r[0] * x + r[1] * y + r[2] * z,
  r[3] * x + r[4] * y + r[5] * z,
  r[6] * x + r[7] * y + r[8] * z,
];

/** a - b. */
export const minus = (a: ArrayLike<number>, b: ArrayLike<number>): [number, number, number] => [
  a[0] - b[0],
  a[1] - b[1],
  a[2] - b[2],
];

/** a + s b. */
export const along = (a: ArrayLike<number>, s: number, b: ArrayLike<number>): [number, number, number] => [
  a[0] + s * b[0],
  a[1] + s * b[1],
  a[2] + s * b[2],
];

/** a / |a|; of nothing, +Z. */
export function unit(a: ArrayLike<number>): [number, number, number] {
  const length = Math.hypot(a[0], a[1], a[2]);
  return length > 0 ? [a[0] / length, a[1] / length, a[2] / length] : [0, 0, 1];
}

/** a x b. */
export const crossed = (a: ArrayLike<number>, b: ArrayLike<number>): [number, number, number] => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

/** Two unit vectors across a unit vector: with it a right-handed frame. */
export function across(d: Triple): [Triple, Triple] {
  const u = unit(crossed(Math.abs(d[1]) < 0.9 ? [0, 1, 0] : [1, 0, 0], d));
  return [u, crossed(d, u)];
}
