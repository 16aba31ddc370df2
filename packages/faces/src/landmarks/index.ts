export type { Box } from './box.js';
export { detectFaces } from './detectFaces.js';
export type { DetectedFace, DetectFacesOptions } from './detectFaces.js';
export { detectLandmarks } from './detectLandmarks.js';
export { landmarkRanges } from './points68.js';
export { findFaces } from './findFaces.js';
export { photoLandmarks } from './photoLandmarks.js';
export type { PhotoLandmarksOptions } from './photoLandmarks.js';
