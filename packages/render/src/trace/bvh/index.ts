export { bvhOf } from './meshBvh.js';
export { buildBvh } from './topology.js';
export type { BvhTopology } from './topology.js';
export { refitBvh } from './refit.js';
export { bvhWord, closestHit, occluded, offsetOrigin } from './traverse.wgsl.js';
export { occlusion, rayCast } from './rayCast.js';
export { closestPoints } from './closestPoints.js';
export type { ClosestPoints } from './closestPoints.js';
export type { RayHits, RayRange } from './rayCast.js';
