import { ShapeError } from '../../engine.js';
import { solveSymmetric } from '../pose/cholesky.js';

/** What was seen at N places, and what each coefficient of the albedo adds there. */
export interface AlbedoSamples {
  /** [A * 3 N] radiance for a coefficient of 1, coefficient by coefficient. */
  readonly columns: Float32Array;
  /** [3 N] radiance for coefficients of zero. */
  readonly base: Float32Array;
  /** [3 N] radiance seen. */
  readonly goal: Float32Array;
}

const irlsSteps = 6;
/** Of the difference of display values: quadratic below, absolute above; as in `photometricLoss`. */
const width = 0.02;
/** Radiance below this counts as this where the slope of the display curve is taken. */
const darkest = 0.01;

/** Slope of sRGB's curve. */
const displaySlope = (x: number): number => (1.055 / 2.4) * Math.max(x, darkest) ** (1 / 2.4 - 1);

/**
 * Coefficients [A] of the albedo, N(0, 1) a priori, that explain an image whose light and shape stand: the image is linear
 * in them. Least absolute differences of display values, to first order, by iteratively reweighted least squares in
 * float64.
 *
 * @param weight of the mean difference; the prior is the sum of squares.
 */
export function solveAlbedo({ columns, base, goal }: AlbedoSamples, weight: number): Float32Array {
  const rows = goal.length;
  const count = columns.length / rows;
  if (base.length !== rows || !Number.isInteger(count)) {
    throw new ShapeError(
      `solveAlbedo: ${rows} values with ${base.length} of the base and ${columns.length} in columns`,
    );
  }
  const slope = goal.map(displaySlope);
  const coefficients = new Float64Array(count);
  const row = new Float64Array(count);
  for (let pass = 0; pass < irlsSteps; pass++) {
    const normal = new Float64Array(count * count);
    const right = new Float64Array(count);
    for (let k = 0; k < count; k++) normal[k * count + k] = 1;
    for (let i = 0; i < rows; i++) {
      let rendered = base[i];
      for (let k = 0; k < count; k++) {
        row[k] = columns[k * rows + i];
        rendered += coefficients[k] * row[k];
      }
      const difference = slope[i] * (rendered - goal[i]);
      // sqrt(d^2 + w^2) - w lies below its parabola of weight 1 / (2 sqrt(d^2 + w^2))
      const w = (weight / rows / 2 / Math.hypot(difference, width)) * slope[i] ** 2;
      const left = w * (goal[i] - base[i]);
      for (let k = 0; k < count; k++) {
        const wk = w * row[k];
        if (wk === 0) continue;
        right[k] += left * row[k];
        for (let j = 0; j <= k; j++) normal[k * count + j] += wk * row[j];
      }
    }
    coefficients.set(solveSymmetric(normal, right));
  }
  return Float32Array.from(coefficients);
}
