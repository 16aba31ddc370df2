export * from './sh/index.js';
export * from './environment/index.js';
export {
  directionalIrradiance,
  discIrradiance,
  halfPlaneIrradiance,
  pointIrradiance,
  polygonIrradiance,
  sphereIrradiance,
} from './emitters.js';
