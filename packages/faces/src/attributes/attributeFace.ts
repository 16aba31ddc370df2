import { pathTrace } from '../engine.js';
import type { Camera, Generator, Mesh, PathTraced, PathTraceOptions, Tensor } from '../engine.js';
import type { MorphableModel } from '../model/index.js';
import { litFace } from '../scene/litFace.js';
import { posedFace } from '../scene/posedFace.js';
import type { FaceTextures } from '../scene/posedFace.js';
import type { AlbedoAtlas } from './albedoAtlas.js';
import { attributesOf } from './layout.js';
import type { AttributeLayout, FaceAttributes } from './layout.js';

/** What turns vectors into faces. */
export interface AttributeModel {
  readonly model: MorphableModel;
  readonly atlas: AlbedoAtlas;
  readonly layout: AttributeLayout;
}

/** A face that a vector of attributes stands for. */
export interface AttributeFace {
  readonly attributes: FaceAttributes;
  /** In the camera's frame. */
  readonly mesh: Mesh;
  /** D and S: the statistical albedos, or what an enhanced face has in their place. */
  readonly textures: FaceTextures;
  /** [M, M, 3] encoded, tangent space (see `normalMapOf` of `@chiaro/render`); none on a base face. */
  readonly normalMap?: Tensor;
}

/** The face of a vector [size]. Differentiable. */
export function faceOfAttributes({ model, atlas, layout }: AttributeModel, vector: Tensor): AttributeFace {
  const attributes = attributesOf(layout, vector);
  return { attributes, mesh: posedFace(model, attributes), textures: atlas.textures(attributes) };
}

/** How rays make a picture of a face. */
export interface RayOptions {
  /** Samples per pixel. */
  readonly spp: number;
  /** Segments of a path: 2 is direct light with self-shadows, 3 one bounce between parts of the face more. */
  readonly depth: number;
  /** Rows of the map that rays look the light up in: 64 in Dib et al. 2021. */
  readonly lightHeight: number;
  /** Where random numbers come from. */
  readonly generator: Generator;
  /** Gradients of edges, see `pathTrace`: `none`. */
  readonly boundary?: PathTraceOptions['boundary'];
}

/**
 * The ray traced picture of a face, with its self-shadows: F(chi) of Dib et al. 2021, eq. 1. Differentiable but for edges
 * of visibility, see `pathTrace`.
 * @param textures other albedos than the statistical ones; @param light other SH coefficients [K, 3] than its own.
 */
export function traceFace(
  model: MorphableModel,
  { attributes, mesh, textures: own, normalMap }: AttributeFace,
  camera: Camera,
  { lightHeight, ...options }: RayOptions,
  { textures = own, light = attributes.light }: { readonly textures?: FaceTextures; readonly light?: Tensor } = {},
): PathTraced {
  // few samples, and a choice of lobe or of a texel of the light at each: Sobol's points spread in four dimensions
  return pathTrace(litFace(model, mesh, textures, light, lightHeight, normalMap), camera, {
    ...options,
    sampler: 'sobol',
  });
}
