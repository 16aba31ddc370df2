export { summarize } from './statistics.js';
export type { ErrorSummary } from './statistics.js';
export { vertexError } from './vertexError.js';
export type { VertexError, VertexErrorOptions } from './vertexError.js';
export { nowRegion, scanError, surfaceError } from './surfaceError.js';
export type {
  FaceSurface,
  ScanError,
  ScanRegion,
  ScanWithLandmarks,
  SurfaceError,
  SurfaceErrorOptions,
} from './surfaceError.js';
export { angularError } from './angularError.js';
export type { AngularError, AngularErrorOptions } from './angularError.js';
export { albedoError, shadowLeak } from './albedoError.js';
export type { AlbedoError, AlbedoErrorOptions, AlbedoGain } from './albedoError.js';
export { lightError } from './lightError.js';
export type { LightError } from './lightError.js';
export { relightingError } from './relightingError.js';
export { faceDescriptor, identitySimilarity, loadFaceRecognition } from './identitySimilarity.js';
export { imageMetrics } from '../fit/metrics.js';
export type { ImageMetrics } from '../fit/metrics.js';
export { fitSimilarity, applySimilarity } from '../geometry/similarity.js';
export type { FitSimilarityOptions, Similarity } from '../geometry/similarity.js';
export { SurfaceTree } from '../geometry/surfaceTree.js';
export type { SurfaceHit, Vector } from '../geometry/surfaceTree.js';
