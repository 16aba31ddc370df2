export { adaptiveMaxPool2d } from './adaptiveMaxPool2d.js';
export { imageGrid } from './imageGrid.js';
export type { ImageGridOptions } from './imageGrid.js';
export { groupNorm, layerNorm, localResponseNorm } from './normalise.js';
export type { LocalResponseNormOptions } from './normalise.js';
export { pad2d } from './padding.js';
export type { PaddingMode } from './padding.js';
export { pixelShuffle } from './pixelShuffle.js';
