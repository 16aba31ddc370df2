export { antialias } from './antialias/antialias.js';
export { interpolate } from './interpolate/interpolate.js';
export type { Interpolated } from './interpolate/interpolate.js';
export { rasterize } from './rasterize/rasterize.js';
export type { ImageSize, RasterHits } from './rasterize/rasterize.js';
export * from './vertex/index.js';
