export { renderAovs } from './aovs.js';
export type { Aovs } from './aovs.js';
export { pathTrace } from './pathTrace.js';
export type { PathTraced, PathTraceOptions } from './pathTrace.js';
export type { Scene } from './scene.js';
export { areaLight, directionalLight, environment, environmentFromSH, pointLight, sphereLight } from './emitters.js';
export type { AreaEmitter, DirectionalEmitter, Emitter, EnvironmentEmitter, PointEmitter, Triple } from './emitters.js';
