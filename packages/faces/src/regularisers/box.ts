import { elementwise, expr } from '../engine.js';
import type { Tensor } from '../engine.js';

const outside = expr`
  fn outside(x: f32, low: f32, high: f32) -> f32 {
    let d = max(low - x, 0.0) + max(x - high, 0.0);
    return d * d;
  }`;

/**
 * Mean squared distance of numbers to a range: the soft box of Dib et al. 2021, E_b in eqs. 2 and 3. Shape [], 0 with
 * gradient 0 for numbers inside.
 */
export function boxTerm(values: Tensor, low = 0, high = 1): Tensor {
  return elementwise(outside, values, low, high).mean();
}
