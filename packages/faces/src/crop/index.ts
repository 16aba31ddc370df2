export { intrinsicsInCrop, landmarksInCrop, landmarksInPicture } from './coordinates.js';
export type { Intrinsics } from './coordinates.js';
export { cropAroundLandmarks, cropAroundMask } from './crop.js';
export type { Crop, CropOptions, CropRule } from './crop.js';
export { faceOutline, insidePolygon, landmarkMask, mouthOutline } from './landmarkMask.js';
export type { LandmarkMaskRule } from './landmarkMask.js';
export { resample } from './resample.js';
export type { ResampleOptions } from './resample.js';
export { cropRules, maskRules } from './rules.js';
