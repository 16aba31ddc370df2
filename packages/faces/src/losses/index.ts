export { landmarkLoss } from './landmarks.js';
export type { LandmarkTargets } from './landmarks.js';
export { photometricLoss } from './photometric.js';
export { tracedDifference } from './traced.js';
