import type { Tensor } from '../engine.js';
import { resized } from './texels.js';

/** Sums over squares of 2 x 2 texels: [2 S, 2 S, C] -> [S, S, C]. */
function sumOfSquares(image: Tensor): Tensor {
  const [size, , channels] = image.shape;
  return image.reshape([size / 2, 2, size / 2, 2, channels]).sum([1, 3]);
}

/**
 * Fills what is not known of a square texture smoothly from what is, by pulling means up a pyramid and pushing them down
 * again (Gortler et al. 1996, section 3.4; bilinear on the way down). Known texels stay, a texel of weight w keeps that
 * share of itself. Where nothing is known at all the result is 0. Differentiable in the texture.
 *
 * @param texture [S, S, C], S a power of two. @param weights [S, S, 1] in [0, 1].
 */
export function pullPush(texture: Tensor, weights: Tensor): Tensor {
  const [size] = texture.shape;
  const known = texture.mul(weights);
  if (size === 1) return known;
  const total = sumOfSquares(weights);
  const means = sumOfSquares(known).div(total.clamp(1e-6));
  const coarse = pullPush(means, total.clamp(0, 1));
  return known.add(resized(coarse, size).mul(weights.neg().add(1)));
}
