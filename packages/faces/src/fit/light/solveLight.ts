import { ShapeError } from '@chiaro/autograd';
import { evaluateSHHost, shBands } from '@chiaro/render';
import { solveSymmetric } from '../pose/cholesky.js';

/** What was seen at N places of a surface, and how light gets there. */
export interface LightSamples {
  /** [N * K] radiance that a place reflects per unit of each SH coefficient at albedo 1: light transfer over pi. */
  readonly transfer: Float32Array;
  /** [N * 3] albedo, linear RGB. */
  readonly albedo: Float32Array;
  /** [N * 3] radiance seen, linear RGB. */
  readonly colours: Float32Array;
  /** [N] weights; 0 leaves a place out. */
  readonly weights: Float32Array;
}

/** What the light is taken to be before anything is seen. Fractions of its mean radiance. */
export interface LightPriors {
  /** Standard deviation of a colour seen, as a fraction of the mean colour. */
  readonly noise: number;
  /** Samples are as good as this many independent ones. */
  readonly independentSamples: number;
  /** Standard deviation of coefficients of band 1; band l has this over l. */
  readonly contrast: number;
  /** Standard deviation of a coefficient's difference from grey, as a fraction of the same. */
  readonly colourfulness: number;
  /** Weight of the square of negative radiance, in 1 / noise^2. */
  readonly negativity: number;
  /** Mean radiance over all directions, 1 being white in the photograph, and the deviation of its logarithm: `lightPrior`. */
  readonly exposure: number;
  readonly exposureSigma: number;
}

const irlsSteps = 8;

/**
 * Distant light as SH coefficients [K * 3] (RGB interleaved) that explains the samples best: least absolute differences
 * by iteratively reweighted least squares in float64, with a prior that light falls off with the band as 1 / l, is
 * nearly grey, and is not negative. Closed form but for the reweighting; linear in the light, so there is one answer.
 */
export function solveLight(samples: LightSamples, priors: LightPriors): Float32Array {
  const { transfer, albedo, colours, weights } = samples;
  const count = weights.length;
  const size = transfer.length / count;
  if (albedo.length !== 3 * count || colours.length !== 3 * count || !Number.isInteger(Math.sqrt(size))) {
    throw new ShapeError(
      `solveLight: ${count} weights with ${transfer.length}, ${albedo.length}, ${colours.length} numbers`,
    );
  }
  const total = weights.reduce((a, b) => a + b, 0);
  if (!(total > 0)) throw new ShapeError('solveLight: no sample has a weight');
  let [seen, lit] = [0, 0];
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) {
      seen += weights[i] * colours[3 * i + c];
      lit += weights[i] * albedo[3 * i + c] * transfer[i * size];
    }
  }
  const ambient = seen / Math.max(lit, 1e-12); // coefficient 0 if there were no other
  const sigma = Math.max((priors.noise * seen) / (3 * total), 1e-6);
  const bands = shBands(Math.sqrt(size) - 1);
  const directions = sphereDirections(256).map((d) => evaluateSHHost(d, Math.sqrt(size) - 1));

  const light = new Float64Array(3 * size);
  for (let c = 0; c < 3; c++) light[c] = ambient;
  for (let pass = 0; pass < irlsSteps; pass++) {
    const n = 3 * size;
    const normal = new Float64Array(n * n);
    const right = new Float64Array(n);
    addSamples(samples, light, sigma, priors.independentSamples / total, normal, right);
    addNegativity(directions, light, priors.negativity / (directions.length * (0.1 * ambient) ** 2), normal);
    for (let k = 0; k < size; k++) {
      const spread = (priors.contrast * ambient) / Math.max(bands[k], 1);
      const grey = bands[k] === 0 ? 0 : 1 / (3 * spread ** 2);
      const colour = 1 / (priors.colourfulness * spread) ** 2;
      // grey (mean)^2 * 3 + colour sum (L_c - mean)^2
      for (let a = 0; a < 3; a++) {
        for (let b = 0; b < 3; b++)
          normal[(3 * k + a) * n + 3 * k + b] += grey / 3 - colour / 3 + (a === b ? colour : 0);
      }
    }
    light.set(solveSymmetric(normal, right));
  }
  return Float32Array.from(light);
}

function addSamples(
  { transfer, albedo, colours, weights }: LightSamples,
  light: Float64Array,
  sigma: number,
  scale: number,
  normal: Float64Array,
  right: Float64Array,
): void {
  const size = light.length / 3;
  const n = light.length;
  for (let c = 0; c < 3; c++) {
    const block = new Float64Array(size * size);
    for (let i = 0; i < weights.length; i++) {
      if (weights[i] === 0) continue;
      const row = transfer.subarray(i * size, (i + 1) * size);
      const a = albedo[3 * i + c];
      let sum = 0;
      for (let k = 0; k < size; k++) sum += row[k] * light[3 * k + c];
      const residual = Math.abs(a * sum - colours[3 * i + c]) / sigma;
      const weight = (scale * weights[i]) / (sigma ** 2 * Math.max(residual, 0.3));
      const [wa, wb] = [weight * a * a, weight * a * colours[3 * i + c]];
      for (let k = 0; k < size; k++) {
        const w = wa * row[k];
        right[3 * k + c] += wb * row[k];
        for (let j = 0; j <= k; j++) block[k * size + j] += w * row[j];
      }
    }
    for (let k = 0; k < size; k++)
      for (let j = 0; j <= k; j++) normal[(3 * k + c) * n + 3 * j + c] += block[k * size + j];
  }
}

/** Adds weight * (radiance)^2 for every direction in which the light so far is negative. */
function addNegativity(
  directions: readonly Float64Array[],
  light: Float64Array,
  weight: number,
  normal: Float64Array,
): void {
  const n = light.length;
  for (const y of directions) {
    for (let c = 0; c < 3; c++) {
      let radiance = 0;
      y.forEach((value, k) => (radiance += value * light[3 * k + c]));
      if (radiance >= 0) continue;
      for (let k = 0; k < y.length; k++) {
        for (let j = 0; j <= k; j++) normal[(3 * k + c) * n + 3 * j + c] += weight * y[k] * y[j];
      }
    }
  }
}

/** Directions spread evenly over the sphere (Fibonacci's spiral). */
export function sphereDirections(count: number): [number, number, number][] {
  return Array.from({ length: count }, (_, i) => {
    const z = 1 - (2 * i + 1) / count;
    const r = Math.sqrt(1 - z * z);
    const phi = i * Math.PI * (3 - Math.sqrt(5));
    return [r * Math.cos(phi), r * Math.sin(phi), z];
  });
}
