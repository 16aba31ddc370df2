export { sampleImage, sampleTexture } from './sample.js';
export type { TextureWrap } from './sample.js';
export { texture } from './texture.js';
export type { TextureOptions } from './texture.js';
