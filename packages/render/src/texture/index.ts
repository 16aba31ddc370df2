export { sampleImage, sampleTexture } from './sample.js';
export type { TextureWrap } from './sample.js';
