import { elementwise, expr } from '../engine.js';
import type { Tensor } from '../engine.js';
import { maskedMeanOf } from './maskedMean.js';

/** CIE x and y of linear sRGB, white at 100, with 1 in the denominator so that black has a colour too. */
const chromaticityText = expr`
  fn chromaticity(c: vec3f) -> vec2f {
    let x = 41.24 * c.x + 35.76 * c.y + 18.05 * c.z;
    let y = 21.26 * c.x + 71.52 * c.y + 7.22 * c.z;
    let z = 1.93 * c.x + 11.92 * c.y + 95.05 * c.z;
    return vec2f(x, y) / (1.0 + x + y + z);
  }`;

/** Chromaticity of linear RGB [..., 3] -> [..., 2]: X and Y over 1 + X + Y + Z, XYZ with white at Y = 100. */
export const chromaticity = (colour: Tensor): Tensor => elementwise(chromaticityText, colour);

/**
 * How far the colours of an albedo have moved from those of another, brightness apart: the mean over texels of the sum of
 * |kappa(a) - kappa(b)| over both components of `chromaticity`. Light and shadow that leak into an albedo are seldom of
 * the skin's colour. Shape [].
 *
 * Dib et al. 2021, Towards High Fidelity Monocular Face Reconstruction with Rich Reflectance, E_c below eq. 3.
 *
 * @param albedo [H, W, 3] linear RGB, as `base`.
 * @param weights [H, W, 1] of the texels; all 1 if not given.
 */
export function chromaticityConsistency(albedo: Tensor, base: Tensor, weights?: Tensor): Tensor {
  return maskedMeanOf(chromaticity(albedo).sub(chromaticity(base)).abs(), weights);
}
