import { noGrad } from '../engine.js';
import type { Tensor } from '../engine.js';
import { studentQuantile } from '../math/studentQuantile.js';

/** A rendered image. */
export interface PathTraced {
  /** [H, W, 3] linear RGB. */
  readonly image: Tensor;
  /** [H, W] share of the samples that hit a shape; no gradient. */
  readonly mask: Tensor;
  /**
   * [H, W, 3] variance of `image`, from how the batches of samples differ; given where there are several. Right for every
   * sampler, since batches are independent of each other while samples of one need not be. No gradient.
   */
  readonly variance?: Tensor;
  /**
   * [H, W, 3] half the width of the interval in which the converged image lies with a probability of 95 % where the means
   * of batches are normal: the square root of `variance` times a quantile of Student's t. No gradient.
   */
  readonly confidence?: Tensor;
}

/** What a film's sums are divided by, and the place of the film in the image. */
interface Exposure {
  readonly samples: number;
  readonly batches: number;
  readonly height: number;
  readonly width: number;
}

/**
 * The images of a film.
 * @param film [L, H * W, 4] sums of radiance and of covered samples. Layer k holds samples of batch k % batches.
 */
export function develop(film: Tensor, { samples, batches, height, width }: Exposure): PathTraced {
  const mean = film
    .sum(0)
    .mul(1 / samples)
    .reshape([height, width, 4]);
  const image = mean.narrow(2, 0, 3);
  const images = { image, mask: mean.select(2, 3).detach() };
  if (batches === 1) return images;
  return noGrad(() => {
    const means = film
      .detach()
      .reshape([film.shape[0] / batches, batches, height, width, 4])
      .sum(0)
      .narrow(3, 0, 3)
      .mul(batches / samples);
    const variance = means
      .sub(image.detach())
      .square()
      .sum(0)
      .mul(1 / (batches * (batches - 1)));
    return { ...images, variance, confidence: variance.sqrt().mul(studentQuantile(batches - 1, 0.05)) };
  });
}
