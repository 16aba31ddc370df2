export type { Augmentation, Frame, Move, PlaceAugmentation, Range, ValueAugmentation } from './augmentation.js';
export { Augmenter } from './augmenter.js';
export type { AugmenterOptions, DrawnAugmentation, TargetOptions } from './augmenter.js';
export { randomBlur } from './blur.js';
export { randomColour } from './colour.js';
export type { RandomColourOptions } from './colour.js';
export { randomErase } from './erase.js';
export type { RandomEraseOptions } from './erase.js';
export { randomAffine, randomCrop, randomFlip, randomResizedCrop } from './geometry.js';
export type {
  RandomAffineOptions,
  RandomCropOptions,
  RandomFlipOptions,
  RandomResizedCropOptions,
} from './geometry.js';
export { randomNoise } from './noise.js';
export type { Placement } from './placement.js';
export { sometimes } from './sometimes.js';
