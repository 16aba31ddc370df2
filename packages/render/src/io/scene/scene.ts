import { codec } from '#codec';
import { FormatError, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { mesh } from '../../geometry/mesh.js';
import type { Mesh } from '../../geometry/mesh.js';
import type { MeshFile } from '../../geometry/files/meshFile.js';
import { linearOfByte } from '../../image/bytes.js';
import type { TextureWrap } from '../../texture/index.js';
import type { ImageData8 } from '../codec.js';
import type { FileReader } from './obj.js';
import type { MaterialFile, SceneFile, TextureFile, TextureRole } from './sceneFile.js';

/**
 * A metallic-roughness surface as glTF defines it. Every value is a texture [H, W, C], of one texel where the file has a
 * number only; sizes may differ. Row 0 is the top, (u, v) = (0, 0) the bottom left corner, as `texture` reads them.
 */
export interface Material {
  readonly name: string;
  /** [H, W, 3] linear RGB in [0, 1]: albedo of what is not metal, reflectance at normal incidence of what is. */
  readonly baseColor: Tensor;
  /** [H, W, 1] 0 to 1 */
  readonly metallic: Tensor;
  /** [H, W, 1] 0 to 1; the microfacets' alpha is its square. */
  readonly roughness: Tensor;
  /** [H, W, 3] reflectance at normal incidence of what is not metal; 0.04 unless the file says otherwise. */
  readonly specular: Tensor;
  /** [H, W, 3] radiance; missing where it is 0. */
  readonly emission?: Tensor;
  /** [H, W, 1] 0 to 1; missing where it is 1. */
  readonly opacity?: Tensor;
  /** [H, W, 3] in [0, 1], tangent space; see `normalMap`. */
  readonly normalMap?: Tensor;
  /** [H, W, 1] share of the light from all around that arrives. */
  readonly occlusion?: Tensor;
  /** What the textures are outside of [0, 1]. */
  readonly wrap: TextureWrap;
}

/** A mesh with a material. */
export interface LoadedMesh extends Mesh {
  /**
   * [T, 2], see `Mesh`. Where the file has no texture coordinates, one row that all corners name: the middle of the
   * textures, which are single texels then.
   */
  readonly uvs: Tensor;
  readonly uvTriangles: Tensor;
  readonly uvIndices: Uint32Array;
  readonly material: Material;
}

/** A mesh of a scene file, in the scene's frame. */
export interface LoadedShape {
  readonly name: string;
  readonly mesh: LoadedMesh;
}

/** What `loadScene` gives. */
export interface LoadedScene {
  readonly shapes: readonly LoadedShape[];
  /** What the file holds and the scene does not: a sentence each. */
  readonly notes: readonly string[];
}

const colors = new Set<TextureRole>(['baseColor', 'emission', 'specular']);

/** Decodes the images of a scene, each once. */
class Images {
  readonly #decoded = new Map<Uint8Array | string, Promise<ImageData8>>();

  constructor(readonly read: FileReader) {}

  decode({ image }: TextureFile): Promise<ImageData8> {
    let decoded = this.#decoded.get(image);
    if (decoded === undefined) {
      const bytes = typeof image === 'string' ? this.#open(image) : Promise.resolve(image);
      this.#decoded.set(image, (decoded = bytes.then((content) => codec.decode(content))));
    }
    return decoded;
  }

  async #open(name: string): Promise<Uint8Array<ArrayBuffer>> {
    try {
      return await this.read(name);
    } catch (error) {
      throw new FormatError(`the texture ${name} cannot be read: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** An image times a number for each channel; the number alone as one texel. */
async function valueOf(
  role: TextureRole,
  factors: readonly number[],
  file: TextureFile | undefined,
  images: Images,
): Promise<Tensor> {
  const wide = factors.length;
  if (file === undefined) return tensor(Float32Array.from(factors), [1, 1, wide]);
  const { width, height, channels, data } = await images.decode(file);
  const first = wide === 3 ? 0 : (file.channel ?? 0);
  const values = new Float32Array(width * height * wide);
  for (let p = 0; p < width * height; p++) {
    for (let k = 0; k < wide; k++) {
      const byte = first + k < channels ? data[p * channels + first + k] : 255; // no alpha: opaque
      values[p * wide + k] = factors[k] * (colors.has(role) ? linearOfByte[byte] : byte / 255);
    }
  }
  return tensor(values, [height, width, wide]);
}

async function materialOf(file: MaterialFile, images: Images): Promise<Material> {
  const value = (role: TextureRole, factors: readonly number[]): Promise<Tensor> =>
    valueOf(role, factors, file.textures[role], images);
  const { textures, alphaCutoff } = file;
  const opacity = textures.opacity || file.opacity < 1 ? await value('opacity', [file.opacity]) : undefined;
  return {
    name: file.name,
    baseColor: await value('baseColor', file.baseColor),
    metallic: await value('metallic', [file.metallic]),
    roughness: await value('roughness', [file.roughness]),
    specular: await value('specular', file.specular),
    ...(file.emission.some((x) => x > 0) && { emission: await value('emission', file.emission) }),
    ...(opacity && { opacity: alphaCutoff === undefined ? opacity : opacity.ge(alphaCutoff).to('float32') }),
    ...(textures.normal && { normalMap: await value('normal', [1, 1, 1]) }),
    ...(textures.occlusion && { occlusion: await value('occlusion', [1]) }),
    wrap: file.wrap,
  };
}

/** The mesh, with the middle of the textures as its texture coordinates if it has none. */
function withUVs(file: MeshFile): Omit<LoadedMesh, 'material'> {
  const uvs = file.uvs
    ? { uvs: file.uvs, uvTriangles: file.uvTriangles ?? file.triangles }
    : { uvs: [0.5, 0.5], uvTriangles: new Uint32Array(file.triangles.length) };
  return mesh({ ...file, ...uvs }) as Omit<LoadedMesh, 'material'>;
}

/**
 * A scene file's numbers and images as tensors. Shapes with one material share its tensors.
 * @param read gives images that the file refers to by name.
 * @throws FormatError for images that cannot be read.
 */
export async function sceneOf(file: SceneFile, read: FileReader): Promise<LoadedScene> {
  const images = new Images(read);
  const used = new Set(file.shapes.map(({ material }) => material));
  const materials = new Map<number, Material>();
  for (const k of used) materials.set(k, await materialOf(file.materials[k], images));
  const shapes = file.shapes.map(({ name, mesh: own, material }) => ({
    name,
    mesh: { ...withUVs(own), material: materials.get(material)! },
  }));
  return { shapes, notes: file.notes };
}
