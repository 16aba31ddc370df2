import { ShapeError, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { gaussLegendre, legendre } from '../../math/quadrature.js';
import { evaluateSHSeries } from './basis.js';
import { checkDegree, degreeOf, shBands, shMaxDegree } from './indices.js';

/**
 * A_l, the coefficients of the clamped cosine: irradiance E(n) = sum A_l L_lm Y_lm(n). pi, 2 pi / 3, pi / 4, 0, ...
 * Ramamoorthi and Hanrahan 2001, An Efficient Representation for Irradiance Environment Maps, eq. 8.
 */
export function halfCosine(degree = shMaxDegree): number[] {
  checkDegree('halfCosine', degree);
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  return Array.from({ length: degree + 1 }, (_, l) => {
    if (l === 0) return Math.PI;
    if (l === 1) return (2 * Math.PI) / 3;
    if (l % 2 === 1) return 0;
    const sign = l % 4 === 0 ? -1 : 1;
    const central = factorial(l) / (2 ** l * factorial(l / 2) ** 2);
    return ((2 * Math.PI * sign) / ((l + 2) * (l - 1))) * central;
  });
}

/**
 * S_l, the Legendre moments 2 pi int lobe(z) P_l(z) dz of a lobe that depends on the cosine z to its axis: light that is
 * blurred by the lobe has coefficients S_l L_lm. A lobe that integrates to 1 has S_0 = 1.
 *
 * @param lobe value per steradian at cosine z, in [0, 1] unless `whole` is set; it may be as sharp as 1e-4 radians.
 * @param whole integrate over the whole sphere, not the hemisphere z > 0 only.
 *
 * Ramamoorthi and Hanrahan 2001, A Signal-Processing Framework for Inverse Rendering.
 */
export function lobeCoefficients(lobe: (z: number) => number, degree = shMaxDegree, whole = false): number[] {
  checkDegree('lobeCoefficients', degree);
  const { nodes, weights } = gaussLegendre(16);
  const end = whole ? Math.PI : Math.PI / 2;
  const sums = new Array<number>(degree + 1).fill(0);
  // panels in the angle, each twice as wide as the one before, down to 1e-5 radians at the axis
  const edges = [0, ...Array.from({ length: 25 }, (_, k) => end * 2 ** ((k - 24) * 0.75))];
  for (let panel = 0; panel + 1 < edges.length; panel++) {
    const [from, until] = [edges[panel], edges[panel + 1]];
    nodes.forEach((t, i) => {
      const theta = (from + until + (until - from) * t) / 2;
      const z = Math.cos(theta);
      const value = 2 * Math.PI * lobe(z) * Math.sin(theta) * weights[i] * ((until - from) / 2);
      legendre(z, degree).forEach((p, l) => (sums[l] += value * p));
    });
  }
  return sums;
}

/** Coefficients [K, C] times one factor per band: a convolution with a lobe, a window. */
export function scaleBands(coefficients: Tensor, factors: readonly number[]): Tensor {
  if (coefficients.rank !== 2) {
    throw new ShapeError(`scaleBands: coefficients must be [K, C], got [${coefficients.shape.join(', ')}]`);
  }
  const bands = shBands(degreeOf('scaleBands', coefficients.shape[0]));
  return coefficients.mul(tensor(bands.map((l) => [factors[l] ?? 0])));
}

/**
 * Irradiance (light per area, pi times the radiance of a uniform sky) at unit normals [..., 3] under light of
 * coefficients [K, C] -> [..., C]: E(n) = sum A_l L_lm Y_lm(n). A Lambert surface reflects albedo * E / pi.
 * Differentiable in both. May be negative where the light is.
 */
export function irradianceSH(normals: Tensor, coefficients: Tensor): Tensor {
  return evaluateSHSeries(normals, scaleBands(coefficients, halfCosine()));
}

/**
 * Light of coefficients [K, C] blurred by a lobe about unit reflection vectors [..., 3] -> [..., C]:
 * B(r) = sum S_l L_lm Y_lm(r). The lobe's shape is held fixed over the sphere: exact for Phong's, an approximation for
 * microfacets away from normal incidence. Differentiable in both.
 *
 * @param lobe S_l by band, see `lobeCoefficients`; bands that are missing count as zero.
 */
export function specularSH(reflections: Tensor, coefficients: Tensor, lobe: readonly number[]): Tensor {
  return evaluateSHSeries(reflections, scaleBands(coefficients, lobe));
}

/**
 * Factors of a window that tames ringing, one per band 0..degree.
 * - `hann`: (1 + cos(pi l / w)) / 2; `lanczos`: sinc(l / w); `gauss`: exp(-(pi l / w)^2 / 2): zero or nearly at band w;
 * - `nextface`: sinc(l / w)^4 below w, 0 from there on: with w = 4 the `smoothSh` of redner and NextFace.
 * @param width w, the first band to vanish, by default degree + 1.
 */
export function windowSH(
  kind: 'hann' | 'lanczos' | 'gauss' | 'nextface',
  degree = shMaxDegree,
  width = degree + 1,
): number[] {
  checkDegree('windowSH', degree);
  const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
  return Array.from({ length: degree + 1 }, (_, l) => {
    if (kind === 'gauss') return Math.exp(-(((Math.PI * l) / width) ** 2) / 2);
    if (l >= width) return 0;
    if (kind === 'hann') return (1 + Math.cos((Math.PI * l) / width)) / 2;
    return sinc(l / width) ** (kind === 'lanczos' ? 1 : 4);
  });
}
