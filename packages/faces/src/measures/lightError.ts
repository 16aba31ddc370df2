import { ShapeError } from '../engine.js';

/** Errors of light. */
export interface LightError {
  /** |found - truth| / |truth| over all coefficients. */
  readonly raw: number;
  /** The same after the best factor for each colour, which an albedo may have taken over. */
  readonly gained: number;
  /** Angle between the directions that most light comes from (band 1 of the mean over colours); NaN where one has none. */
  readonly degrees: number;
}

/** The unit vector of band 1, mean over colours. */
function mainDirection(sh: ArrayLike<number>): number[] {
  const mean = (k: number): number => (sh[3 * k] ?? 0) + (sh[3 * k + 1] ?? 0) + (sh[3 * k + 2] ?? 0);
  const direction = [mean(3), mean(1), mean(2)]; // l = 1: m = 1 is x, -1 is y, 0 is z
  return direction.map((x) => x / Math.hypot(...direction));
}

/**
 * Errors of spherical harmonics of light.
 * @param found [K * 3] fewer bands than the truth are the rest zero.
 * @param truth [K * 3], real orthonormal, l l + l + m.
 * @throws ShapeError where `found` has more coefficients, or the lists are no triples.
 */
export function lightError(found: ArrayLike<number>, truth: ArrayLike<number>): LightError {
  if (found.length > truth.length || truth.length % 3 !== 0 || found.length % 3 !== 0 || truth.length === 0)
    throw new ShapeError(`light of ${found.length} numbers cannot be compared with ${truth.length}`);
  const values = Float64Array.from({ length: truth.length }, (_, i) => (i < found.length ? found[i] : 0));
  const norm = (value: (i: number) => number): number =>
    Math.sqrt(values.reduce((sum, _, i) => sum + value(i) ** 2, 0));
  const gains = [0, 1, 2].map((c) => {
    let [cross, square] = [0, 0];
    for (let i = c; i < truth.length; i += 3) [cross, square] = [cross + values[i] * truth[i], square + values[i] ** 2];
    return square === 0 ? 1 : cross / square;
  });
  const size = norm((i) => truth[i]);
  const [a, b] = [mainDirection(values), mainDirection(truth)];
  const cosine = a.reduce((sum, x, c) => sum + x * b[c], 0);
  return {
    raw: norm((i) => values[i] - truth[i]) / size,
    gained: norm((i) => gains[i % 3] * values[i] - truth[i]) / size,
    degrees: (Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI,
  };
}
