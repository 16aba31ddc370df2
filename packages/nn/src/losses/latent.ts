import { elementwise, expr, type Tensor } from '../engine.js';
import { reduced, sameShape, type LossOptions } from './difference.js';

const divergence = expr`
  fn kl_normal(mean: f32, log_variance: f32) -> f32 {
    return 0.5 * (mean * mean + expm1(log_variance) - log_variance);
  }`;

/**
 * Kullback-Leibler divergence of normal distributions from the standard one, per latent: (mean^2 + variance - 1 - log
 * variance) / 2. Kingma and Welling 2014, appendix B. A variational autoencoder sums it over latents: `reduction: 'sum'`
 * over the batch size.
 */
export function klNormal(mean: Tensor, logVariance: Tensor, options: LossOptions = {}): Tensor {
  sameShape('klNormal', mean, logVariance);
  return reduced(elementwise(divergence, mean, logVariance), options);
}

/**
 * The cosine of the angle between vectors along a dimension: a . b / max(|a| |b|, eps). PyTorch's `cosine_similarity`. `dim` is 1 and
 * `eps` 1e-8 unless given.
 */
export function cosineSimilarity(
  a: Tensor,
  b: Tensor,
  { dim = 1, eps = 1e-8 }: { readonly dim?: number; readonly eps?: number } = {},
): Tensor {
  sameShape('cosineSimilarity', a, b);
  const lengths = a.square().sum(dim).mul(b.square().sum(dim));
  return a
    .mul(b)
    .sum(dim)
    .div(lengths.maximum(eps * eps).sqrt());
}
