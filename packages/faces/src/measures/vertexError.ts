import { ShapeError } from '../engine.js';
import { fitSimilarity, applySimilarity } from '../geometry/similarity.js';
import type { Similarity } from '../geometry/similarity.js';
import { summarize } from './statistics.js';
import type { ErrorSummary } from './statistics.js';

/** How two lists of corresponding points are laid onto each other before they are compared. */
export interface VertexErrorOptions {
  /** `none` (default) compares them where they are; the others fit the motion of least squares, see `fitSimilarity`. */
  readonly align?: 'none' | 'rigid' | 'similarity';
  /** Vertices that count, for the alignment too; all by default. */
  readonly vertices?: ArrayLike<number>;
}

/** Errors of vertices, in the unit of the positions. */
export interface VertexError extends ErrorSummary {
  /** Of each vertex that counts. */
  readonly distances: Float64Array;
  /** The motion that was applied to the first list; absent for `none`. */
  readonly motion?: Similarity;
}

/** The rows of some points. */
export const pickRows = (points: ArrayLike<number>, rows: ArrayLike<number>): Float64Array =>
  Float64Array.from({ length: 3 * rows.length }, (_, k) => points[3 * rows[Math.floor(k / 3)] + (k % 3)]);

/**
 * Distances between corresponding vertices: of a face in the model's own topology and its truth, as papers on synthetic
 * or registered data report them ("geometric error", mm).
 * @param found [V * 3]
 * @param truth [V * 3]
 * @throws ShapeError where they do not correspond, or hold what is not finite.
 *
 * @example
 * const { mean, deviation } = vertexError(await fitted.data(), truth, { align: 'rigid' });
 */
export function vertexError(
  found: ArrayLike<number>,
  truth: ArrayLike<number>,
  { align = 'none', vertices }: VertexErrorOptions = {},
): VertexError {
  const count = truth.length / 3;
  if (found.length !== truth.length || !Number.isInteger(count))
    throw new ShapeError(`vertices must correspond: got ${found.length} and ${truth.length} numbers`);
  const rows = vertices ?? Uint32Array.from({ length: count }, (_, k) => k);
  const outside = Array.from(rows).find((v) => !(v < count));
  if (outside !== undefined) throw new ShapeError(`vertex ${outside} is not among the ${count}`);
  const [a, b] = [pickRows(found, rows), pickRows(truth, rows)];
  if (![...a, ...b].every(Number.isFinite)) throw new ShapeError('vertices must be finite');
  const motion = align === 'none' ? undefined : fitSimilarity(a, b, { kind: align });
  const placed = motion ? applySimilarity(a, motion) : a;
  const distances = Float64Array.from({ length: rows.length }, (_, k) =>
    Math.hypot(placed[3 * k] - b[3 * k], placed[3 * k + 1] - b[3 * k + 1], placed[3 * k + 2] - b[3 * k + 2]),
  );
  return { ...summarize(distances), distances, ...(motion && { motion }) };
}
