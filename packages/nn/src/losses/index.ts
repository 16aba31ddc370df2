export { binaryCrossEntropy, binaryCrossEntropyWithLogits, crossEntropy } from './classification.js';
export { charbonnierLoss, l1Loss, mseLoss, smoothL1Loss } from './difference.js';
export type { LossOptions, Reduction } from './difference.js';
export { gradientLoss, laplacianLoss, ssimLoss, totalVariation } from './images.js';
export { cosineSimilarity, klNormal } from './latent.js';
export { perceptualLoss } from './perceptual.js';
