import type { MeshFile } from '../../geometry/files/meshFile.js';
import type { TextureWrap } from '../../texture/index.js';

/** An image that a material refers to. */
export interface TextureFile {
  /** The bytes of an image file, or where they are, relative to the file that says so. */
  readonly image: Uint8Array<ArrayBuffer> | string;
  /** For what needs one number: which channel of the image (default 0, red). */
  readonly channel?: 0 | 1 | 2 | 3;
}

/** Three numbers: linear RGB. */
export type RGB = readonly [number, number, number];

/**
 * A metallic-roughness material as files hold it: numbers, and images that these are multiplied by. Colours in images are
 * sRGB, all else is as it is stored.
 */
export interface MaterialFile {
  readonly name: string;
  readonly baseColor: RGB;
  /** 0 to 1 */
  readonly metallic: number;
  /** 0 to 1; the microfacets' alpha is its square. */
  readonly roughness: number;
  /** 0 to 1 */
  readonly opacity: number;
  /** Radiance */
  readonly emission: RGB;
  /** Reflectance at normal incidence of what is not metal; glTF's default is 0.04. */
  readonly specular: RGB;
  /** Below it opacity is 0, else 1; without it opacity blends. */
  readonly alphaCutoff?: number;
  readonly textures: Readonly<Partial<Record<TextureRole, TextureFile>>>;
  /** What the images are outside of [0, 1]. */
  readonly wrap: TextureWrap;
}

/** What an image of a material is for. */
export type TextureRole =
  'baseColor' | 'metallic' | 'roughness' | 'opacity' | 'emission' | 'specular' | 'normal' | 'occlusion';

/** One mesh of a scene, in the scene's frame, and its material. */
export interface ShapeFile {
  readonly name: string;
  readonly mesh: MeshFile;
  /** Number in `materials`. */
  readonly material: number;
}

/** What a scene file holds, as plain numbers and encoded images; `sceneOf` makes it tensors. */
export interface SceneFile {
  readonly shapes: readonly ShapeFile[];
  readonly materials: readonly MaterialFile[];
  /** What the file holds and this does not: a sentence each. */
  readonly notes: readonly string[];
}

/** Reflectance at normal incidence of glTF's dielectrics, whose index of refraction is 1.5. */
export const dielectric = 0.04;

/** The material of what has none: grey, dull, no metal. */
export const plainMaterial: MaterialFile = {
  name: '',
  baseColor: [0.8, 0.8, 0.8],
  metallic: 0,
  roughness: 1,
  opacity: 1,
  emission: [0, 0, 0],
  specular: [dielectric, dielectric, dielectric],
  textures: {},
  wrap: 'repeat',
};
