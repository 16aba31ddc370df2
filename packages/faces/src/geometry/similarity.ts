import { ShapeError } from '../engine.js';
import { symmetricEigen } from '../model/symmetricEigen.js';

/** x -> scale * rotation * x + translation. */
export interface Similarity {
  readonly scale: number;
  /** [9] row-major, a proper rotation. */
  readonly rotation: Float64Array;
  readonly translation: readonly [number, number, number];
}

/** Whether the scale is fitted too. */
export interface FitSimilarityOptions {
  /**
   * `rigid` keeps lengths: the scale is 1. `similarity` (default) takes the scale of least squares, which noise makes
   * smaller; `symmetric` the ratio of the spreads, the same whichever side is moved (Horn 1987, section 2.E).
   */
  readonly kind?: 'rigid' | 'similarity' | 'symmetric';
  /** [N] how much each pair counts (default: all the same). */
  readonly weights?: ArrayLike<number>;
}

/**
 * The similarity, or rigid motion, that takes points closest to others in the sense of least squares: the closed form of
 * Umeyama (1991), equations 40 to 43, with the rotation from the unit quaternion of Horn (1987), which is never a mirror.
 * @param from [N * 3] points, N >= 1.
 * @param to [N * 3] where they should go. Where the pairs leave the rotation open, one of the best is given.
 * @throws ShapeError where the lists do not pair, or hold what is not finite.
 */
export function fitSimilarity(
  from: ArrayLike<number>,
  to: ArrayLike<number>,
  { kind = 'similarity', weights }: FitSimilarityOptions = {},
): Similarity {
  const count = from.length / 3;
  if (!Number.isInteger(count) || count === 0 || to.length !== from.length || (weights && weights.length !== count))
    throw new ShapeError(
      `points must come in pairs: [${from.length}] and [${to.length}] numbers, ${weights?.length ?? count} weights`,
    );
  const weightOf = (k: number): number => weights?.[k] ?? 1;
  let total = 0;
  const [a, b] = [
    [0, 0, 0],
    [0, 0, 0],
  ];
  for (let k = 0; k < count; k++) {
    total += weightOf(k);
    for (let c = 0; c < 3; c++) {
      a[c] += weightOf(k) * from[3 * k + c];
      b[c] += weightOf(k) * to[3 * k + c];
    }
  }
  if (!(total > 0) || ![...a, ...b].every(Number.isFinite))
    throw new ShapeError('points must be finite, and some of their weights positive');
  for (let c = 0; c < 3; c++) [a[c], b[c]] = [a[c] / total, b[c] / total];
  const s = new Float64Array(9); // sum of from * to^T about the means
  let [spread, spreadTo] = [0, 0];
  for (let k = 0; k < count; k++) {
    for (let i = 0; i < 3; i++) {
      const x = from[3 * k + i] - a[i];
      spread += weightOf(k) * x * x;
      spreadTo += weightOf(k) * (to[3 * k + i] - b[i]) ** 2;
      for (let j = 0; j < 3; j++) s[3 * i + j] += weightOf(k) * x * (to[3 * k + j] - b[j]);
    }
  }
  const rotation = rotationOf(s);
  let turned = 0; // of from, on to
  for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) turned += rotation[3 * j + i] * s[3 * i + j];
  const scale =
    kind === 'rigid' || spread === 0 ? 1 : kind === 'symmetric' ? Math.sqrt(spreadTo / spread) : turned / spread;
  const translation = [0, 1, 2].map(
    (i) => b[i] - scale * (rotation[3 * i] * a[0] + rotation[3 * i + 1] * a[1] + rotation[3 * i + 2] * a[2]),
  );
  return { scale, rotation, translation: [translation[0], translation[1], translation[2]] };
}

/** The rotation that maximizes the trace of R * s: the eigenvector of Horn's matrix for its largest eigenvalue. */
function rotationOf([xx, xy, xz, yx, yy, yz, zx, zy, zz]: Float64Array): Float64Array {
  const horn = [
    ...[xx + yy + zz, yz - zy, zx - xz, xy - yx],
    ...[yz - zy, xx - yy - zz, xy + yx, zx + xz],
    ...[zx - xz, xy + yx, yy - xx - zz, yz + zy],
    ...[xy - yx, zx + xz, yz + zy, zz - xx - yy],
  ];
  const [w, x, y, z] = symmetricEigen(horn, 4).vectors;
  return Float64Array.from([
    ...[w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
    ...[2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
    ...[2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z],
  ]);
}

/** Points [N * 3] after a similarity. @returns [N * 3] */
export function applySimilarity(points: ArrayLike<number>, { scale, rotation, translation }: Similarity): Float64Array {
  const result = new Float64Array(points.length);
  for (let k = 0; k < points.length; k += 3) {
    for (let i = 0; i < 3; i++) {
      const turned =
        rotation[3 * i] * points[k] + rotation[3 * i + 1] * points[k + 1] + rotation[3 * i + 2] * points[k + 2];
      result[k + i] = scale * turned + translation[i];
    }
  }
  return result;
}
