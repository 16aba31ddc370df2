import type { Tensor } from '../engine.js';

/**
 * Sum over channels of the mean over texels: values [H, W, C] and weights [H, W, 1] -> []; the plain mean without
 * weights. Differentiable in the values; all weights 0 gives 0.
 */
export function maskedMeanOf(values: Tensor, weights?: Tensor): Tensor {
  const [height, width] = values.shape;
  if (weights === undefined) return values.sum().div(height * width);
  return values.mul(weights).sum().div(weights.sum().clamp(1e-6));
}
