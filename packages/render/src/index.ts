/**
 * @chiaro/render: differentiable rendering on @chiaro/autograd. Lights, surfaces, cameras, meshes, images: every function of
 * tensors carries gradients to all of its tensors unless its text says otherwise.
 * @packageDocumentation
 */
export * from './bsdf/index.js';
export * from './camera/index.js';
export * from './geometry/index.js';
export * from './image/index.js';
export * from './light/index.js';
export * from './raster/index.js';
export * from './shading/index.js';
export * from './texture/index.js';
export * from './trace/index.js';
export { frameTangent, fromFrame, toFrame } from './math/frame.js';
export { fejer, gaussLegendre, legendre } from './math/quadrature.js';
export type { Quadrature } from './math/quadrature.js';
export { decodeImage, decodePixels, encodeImage, encodePixels, loadImage, saveImage } from './io/files.js';
export * from './io/scene/index.js';
export type { DecodedImage, DecodeOptions, ImageData16, ImageData8, ImageFormat, ImageSource } from './io/codec.js';
export * from './trace/bvh/index.js';
export type { EncodeOptions, ImageFileFormat } from './io/files.js';
