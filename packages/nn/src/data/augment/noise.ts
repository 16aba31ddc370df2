import { randn } from '../../engine.js';
import { expectRange, perImage, uniform, type Range, type ValueAugmentation } from './augmentation.js';

/**
 * Adds normally distributed noise, another number for every channel and pixel.
 * @param deviation range of the standard deviation, one for each image, in the units of the images.
 */
export function randomNoise({ deviation }: { readonly deviation: Range }): ValueAugmentation {
  expectRange('randomNoise: deviation', deviation, [0, Infinity]);
  return {
    kind: 'value',
    draw: (frame) => {
      const sigma = perImage(uniform(frame, deviation));
      const { count, channels, height, width, generator } = frame;
      const noise = randn([count, channels, height, width], { generator }).mul(sigma);
      return (images) => images.add(noise);
    },
  };
}
