import { arange, unfold, type Tensor } from '../../engine.js';
import { pad2d } from '../../functional/padding.js';
import { expectRange, uniform, type Range, type ValueAugmentation } from './augmentation.js';

/**
 * Smooths images with a Gaussian; around them stands their mirror image.
 * @param deviation range of its standard deviation in pixels, one for each image, above 0. The window reaches three times the
 *   largest to every side, and images must be larger than that.
 */
export function randomBlur({ deviation }: { readonly deviation: Range }): ValueAugmentation {
  expectRange('randomBlur: deviation', deviation, [Number.MIN_VALUE, Infinity]);
  const reach = Math.ceil(3 * deviation[1]);
  return {
    kind: 'value',
    draw: (frame) => {
      const sigma = uniform(frame, deviation).reshape([-1, 1]);
      const raw = arange(-reach, reach + 1)
        .to('float32')
        .div(sigma)
        .square()
        .mul(-0.5)
        .exp();
      const weights = raw.div(raw.sum(1, true)).reshape([-1, 1, 1, 1, 2 * reach + 1]);
      const along = (images: Tensor, dim: 2 | 3): Tensor =>
        unfold(images, dim, 2 * reach + 1, 1)
          .mul(weights)
          .sum(-1);
      return (images) => along(along(pad2d(images, [reach, reach, reach, reach], 'reflect'), 2), 3);
    },
  };
}
