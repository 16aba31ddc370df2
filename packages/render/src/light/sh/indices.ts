import { ShapeError } from '../../engine.js';

/** Highest band of the library: 81 functions. */
export const shMaxDegree = 8;

/** Place of Y_lm in coefficient vectors: l * l + l + m, for |m| <= l. */
export const shIndex = (l: number, m: number): number => l * l + l + m;

/** Number of functions of bands 0 to `degree`. */
export const shCount = (degree: number): number => (degree + 1) ** 2;

/** Band l of each coefficient, in order. */
export const shBands = (degree: number): number[] =>
  Array.from({ length: shCount(degree) }, (_, k) => Math.floor(Math.sqrt(k)));

/** @throws ShapeError unless `degree` is a whole number from 0 to 8. */
export function checkDegree(what: string, degree: number): void {
  if (!Number.isInteger(degree) || degree < 0 || degree > shMaxDegree) {
    throw new ShapeError(`${what}: the highest band must be a whole number from 0 to ${shMaxDegree}, got ${degree}`);
  }
}

/**
 * The degree that a number of coefficients belongs to.
 * @throws ShapeError unless it is 1, 4, 9, ..., 81.
 */
export function degreeOf(what: string, count: number | undefined): number {
  const degree = Math.round(Math.sqrt(count ?? 0)) - 1;
  if (shCount(degree) !== count || degree < 0 || degree > shMaxDegree) {
    throw new ShapeError(`${what}: ${count} coefficients are no whole number of bands; expected 1, 4, 9, ..., 81`);
  }
  return degree;
}
