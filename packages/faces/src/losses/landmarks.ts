import { elementwise, expr } from '../engine.js';
import type { Tensor } from '../engine.js';

/** Huber's function of the length of a residual, quadratic up to 2.5. */
const huber = expr`
  fn huber(at: vec2f, goal: vec2f, tangent: vec2f, slide: f32, sigma: f32) -> f32 {
    let d = at - goal;
    let across = (d.x * tangent.y - d.y * tangent.x) / sigma;
    let along = dot(d, tangent) / (sigma * slide);
    let square = across * across + along * along;
    return select(5.0 * sqrt(max(square, 1.0)) - 6.25, square, square <= 6.25);
  }`;

/** Detected landmarks and how far each is trusted. */
export interface LandmarkTargets {
  /** [68, 2] pixels. */
  readonly landmarks: Tensor;
  /** [68, 2] unit directions of the curves that they lie on, see `curveTangents`. */
  readonly tangents: Tensor;
  /** [68] standard deviation along the curve over that across it. */
  readonly slide: Tensor;
  /** Standard deviation across, pixels; a tensor is of shape []. */
  readonly sigma: Tensor | number;
}

/**
 * Sum over the 68 landmarks of Huber's function of their distance in standard deviations, for projected landmarks
 * [68, 2] in pixels. The term of the landmark solver, on tensors. Shape [].
 */
export function landmarkLoss(projected: Tensor, { landmarks, tangents, slide, sigma }: LandmarkTargets): Tensor {
  return elementwise(huber, projected, landmarks, tangents, slide, sigma).sum();
}
