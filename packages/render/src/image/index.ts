export { bytesToLinear, linearToBytes } from './bytes.js';
export { linearToSRGB, srgbToLinear } from './color.js';
export { iou, l1, l2, maskedMean, psnr, totalVariation } from './measures.js';
export type { MaskOption } from './measures.js';
export { filterValid, gaussianWeights, halve, pyramid } from './pyramid.js';
export { msSSIM, ssim, ssimMap } from './ssim.js';
export type { SSIMOptions } from './ssim.js';
