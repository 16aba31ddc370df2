export { batchNorm } from './batchNorm.js';
export { conv2d } from './conv2d.js';
export type { Conv2dOptions } from './conv2d.js';
export { avgPool2d, maxPool2d } from './pool2d.js';
export type { AvgPool2dOptions, Pool2dOptions } from './pool2d.js';
export { resizeBilinear } from './resizeBilinear.js';
export type { PixelCentres, ResizeOptions } from './resizeBilinear.js';
export type { Padding, Pair } from './spatial.js';
