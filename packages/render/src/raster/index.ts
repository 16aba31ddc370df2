export { antialias } from './antialias/antialias.js';
export type { AntialiasOptions } from './antialias/antialias.js';
export { interpolate } from './interpolate/interpolate.js';
export type { Interpolated } from './interpolate/interpolate.js';
export { rasterize } from './rasterize/rasterize.js';
export type { ImageSize, RasterHits, RasterizeOptions } from './rasterize/rasterize.js';
export { softRasterize } from './soft/softRasterize.js';
export type { SoftImage, SoftRasterizeOptions } from './soft/softRasterize.js';
export * from './vertex/index.js';
