import { elementwise, expr, filterValid, gaussianWeights, noGrad } from '../engine.js';
import type { Tensor } from '../engine.js';

/** Slope of the sRGB curve between two values: what a difference in linear light is in display values. */
const displaySlope = expr`
  fn encoded(x: f32) -> f32 {
    return select(1.055 * pow(max(x, 0.0031308), 1.0 / 2.4) - 0.055, 12.92 * x, x <= 0.0031308);
  }
  fn displaySlope(a: f32, b: f32) -> f32 {
    let step = select(b - a, 0.002, abs(b - a) < 0.002);
    return (encoded(a + step) - encoded(a)) / step;
  }`;

const robustWeight = expr`
  fn robustWeight(d: f32, width: f32) -> f32 { return inverseSqrt(d * d + width * width); }`;

const blurRadius = 2;

/**
 * Difference of a noisy render to a photograph, given two renders with independent noise: the weighted mean of
 *
 *   w s^2 (R1 - P) (R2 - P),  w = 1 / sqrt(d^2 + width^2)
 *
 * with R an earlier estimate of the render, blurred, s the slope of the display curve between R and P, and d = s (R - P),
 * all held constant: differences count in display values, see `photometricLoss`. For equal expectations the product has
 * the square of the difference as its expectation: noise adds nothing, where |R - P| of one render with few samples would
 * be lowered by making everything darker, since noise grows with brightness. The estimate must not share its noise with
 * the two, or the weight would favour pixels whose errors cancel. The weight makes it an absolute difference for large
 * d. May be slightly negative by chance. Shape [].
 *
 * @param first [H, W, 3] linear RGB, as `second`, `estimate` and `photo`.
 * @param mask [H, W] weights.
 * @param width in display units.
 */
export function tracedDifference(
  first: Tensor,
  second: Tensor,
  estimate: Tensor,
  photo: Tensor,
  mask: Tensor,
  width = 0.04,
): Tensor {
  const weight = noGrad(() => {
    const r = blurRadius;
    const border: [number, number][] = [[0, 0], [r, r], [r, r], [0, 0]]; // prettier-ignore
    const blur = (image: Tensor): Tensor =>
      filterValid(image.unsqueeze(0).pad(border), gaussianWeights(r / 2, r)).squeeze(0);
    const share = blur(mask.unsqueeze(2)).clamp(1e-3);
    const mean = (image: Tensor): Tensor => blur(image.mul(mask.unsqueeze(2))).div(share);
    const [smooth, goal] = [mean(estimate), mean(photo)];
    const slope = elementwise(displaySlope, goal, smooth);
    return slope.square().mul(elementwise(robustWeight, smooth.sub(goal).mul(slope), width));
  });
  const [a, b] = [first.sub(photo), second.sub(photo)];
  return a.mul(b).mul(weight).mean(2).mul(mask).sum().div(mask.sum().clamp(1e-6));
}
