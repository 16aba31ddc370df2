import { elementwise, expr } from '../engine.js';
import type { Tensor } from '../engine.js';

const toSRGB = expr`
  fn toSRGB(x: f32) -> f32 {
    let curve = 1.055 * pow(max(x, 0.0031308), 1.0 / 2.4) - 0.055;
    return select(curve, 12.92 * x, x <= 0.0031308);
  }`;

const fromSRGB = expr`
  fn fromSRGB(x: f32) -> f32 {
    let curve = pow((max(x, 0.04045) + 0.055) / 1.055, 2.4);
    return select(curve, x / 12.92, x <= 0.04045);
  }`;

/** Linear light -> sRGB's display values, nominal [0, 1]; not clamped, linear below 0. IEC 61966-2-1. Differentiable. */
export const linearToSRGB = (x: Tensor): Tensor => elementwise(toSRGB, x);

/** sRGB's display values -> linear light; the inverse of `linearToSRGB`. */
export const srgbToLinear = (x: Tensor): Tensor => elementwise(fromSRGB, x);
