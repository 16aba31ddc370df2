export { linearToSRGB, srgbToLinear } from './color.js';
export { iou, l1, l2, maskedMean, psnr, totalVariation } from './measures.js';
export type { MaskOption } from './measures.js';
export { filterValid, gaussianWeights, halve, pyramid } from './pyramid.js';
export { msSSIM, ssim } from './ssim.js';
export type { SSIMOptions } from './ssim.js';
