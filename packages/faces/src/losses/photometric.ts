import { elementwise, expr, linearToSRGB } from '../engine.js';
import type { Tensor } from '../engine.js';

const robust = expr`
  fn robust(d: f32, width: f32) -> f32 { return sqrt(d * d + width * width) - width; }`;

/**
 * Weighted mean over places and channels of the difference of two colours as displays show them (sRGB values), robust:
 * sqrt(d^2 + w^2) - w, quadratic below w and absolute above, so that hair, glasses and highlights do not decide. Display
 * values weigh dark and bright skin as people see them; in linear light the bright side of a face outvotes the dark one.
 *
 * @param rendered [..., 3] linear RGB, as `seen`.
 * @param weights [...] of the places, at least one above 0.
 * @param width w, in units of the display's range [0, 1].
 */
export function photometricLoss(rendered: Tensor, seen: Tensor, weights: Tensor, width = 0.02): Tensor {
  const difference = linearToSRGB(rendered).sub(linearToSRGB(seen));
  const each = elementwise(robust, difference, width).mean(-1);
  return each.mul(weights).sum().div(weights.sum().clamp(1e-6));
}
