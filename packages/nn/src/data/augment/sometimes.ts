import { where } from '../../engine.js';
import { chosen, expectChance, perImage, type ValueAugmentation } from './augmentation.js';

/** Changes each image with probability p and leaves the others as they are. */
export function sometimes(p: number, augmentation: ValueAugmentation): ValueAugmentation {
  expectChance('sometimes: p', p);
  return {
    kind: 'value',
    draw: (frame) => {
      const hits = perImage(chosen(frame, p)).gt(0);
      const apply = augmentation.draw(frame);
      return (images) => where(hits, apply(images), images);
    },
  };
}
