import { ShapeError } from '../engine.js';

/** What a list of errors comes to. */
export interface ErrorSummary {
  readonly mean: number;
  readonly median: number;
  /** Standard deviation about the mean, of the list itself (divided by its length). */
  readonly deviation: number;
  /** Root of the mean square. */
  readonly rms: number;
  readonly largest: number;
  /** Numbers that were counted. */
  readonly count: number;
}

/** Sums up errors. @throws ShapeError for an empty list. */
export function summarize(errors: ArrayLike<number>): ErrorSummary {
  const count = errors.length;
  if (count === 0) throw new ShapeError('there is no error to sum up: the lists, or the mask, are empty');
  const sorted = Float64Array.from(errors).sort();
  let [sum, squares] = [0, 0];
  for (const x of sorted) [sum, squares] = [sum + x, squares + x * x];
  const mean = sum / count;
  return {
    mean,
    median: (sorted[(count - 1) >> 1] + sorted[count >> 1]) / 2,
    deviation: Math.sqrt(sorted.reduce((total, x) => total + (x - mean) ** 2, 0) / count),
    rms: Math.sqrt(squares / count),
    largest: sorted[count - 1],
    count,
  };
}
