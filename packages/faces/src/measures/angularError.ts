import { ShapeError } from '../engine.js';
import { summarize } from './statistics.js';
import type { ErrorSummary } from './statistics.js';

/** Angles between normals, degrees. */
export interface AngularError extends ErrorSummary {
  /** Share of the normals that are off by less than each threshold. */
  readonly shares: readonly { readonly degrees: number; readonly share: number }[];
}

/** What counts. */
export interface AngularErrorOptions {
  /** [N] normals count where it is not 0; all by default. */
  readonly mask?: ArrayLike<number>;
  /** Thresholds (default 20, 25, 30). */
  readonly degrees?: readonly number[];
}

/** Thresholds that papers on normals of faces report (Sengupta et al. 2018, table 1, after Trigeorgis et al. 2017). */
const thresholds = [20, 25, 30];

/**
 * Angles between two fields of normals, of any lengths but zero.
 * @param found [N * 3], vertices or pixels.
 * @param truth [N * 3]
 * @throws ShapeError for lists of other lengths, where nothing counts, or a normal that counts has no direction.
 *
 * @example
 * const { mean, shares } = angularError(normals, trueNormals, { mask });
 */
export function angularError(
  found: ArrayLike<number>,
  truth: ArrayLike<number>,
  { mask, degrees = thresholds }: AngularErrorOptions = {},
): AngularError {
  const count = truth.length / 3;
  if (found.length !== truth.length || !Number.isInteger(count) || (mask && mask.length !== count))
    throw new ShapeError(
      `normals must correspond: got ${found.length} and ${truth.length} numbers, ${mask?.length ?? count} in the mask`,
    );
  const angles: number[] = [];
  for (let k = 0; k < count; k++) {
    if (mask && mask[k] === 0) continue;
    const [a, b] = [found, truth].map((list) => [list[3 * k], list[3 * k + 1], list[3 * k + 2]]);
    const across = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    const lengths = Math.hypot(...a) * Math.hypot(...b);
    if (!(lengths > 0 && lengths < Infinity)) throw new ShapeError(`normal ${k} has no direction`);
    // by both sine and cosine, which is exact near 0 and 180 degrees
    const angle = Math.atan2(Math.hypot(...across), a[0] * b[0] + a[1] * b[1] + a[2] * b[2]);
    angles.push((angle * 180) / Math.PI);
  }
  return {
    ...summarize(angles),
    shares: degrees.map((limit) => ({ degrees: limit, share: angles.filter((x) => x < limit).length / angles.length })),
  };
}
