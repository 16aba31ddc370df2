import { codec } from '#codec';
import type { Accessor, Buffer as DataBuffer, Document, Material, Primitive, Texture } from '@gltf-transform/core';
import type { Specular } from '@gltf-transform/extensions';
import { ChiaroError, FormatError } from '../../../engine.js';
import { splitSeams } from '../../../geometry/seams.js';
import type { MeshFile } from '../../../geometry/files/meshFile.js';
import type { ImageData8 } from '../../codec.js';
import { dielectric } from '../sceneFile.js';
import type { MaterialFile, SceneFile, TextureFile } from '../sceneFile.js';
import { gltfLibrary } from './library.js';
import type { GLTFLibrary } from './library.js';

/** What stands in a file besides its scene. */
export interface GLBOptions {
  /** For the file's `asset.copyright`. */
  readonly copyright?: string;
}

const wraps = { clamp: 33071, mirror: 33648, repeat: 10497 } as const;

/** NaN would make a file that no reader takes. */
function requireFinite(what: string, values: ArrayLike<number>): void {
  for (let k = 0; k < values.length; k++) {
    if (!Number.isFinite(values[k])) throw new ChiaroError(`GLB: number ${k} of ${what} is ${values[k]}`);
  }
}

const bytesOf = ({ image }: TextureFile): Uint8Array<ArrayBuffer> => {
  if (typeof image === 'string') throw new FormatError(`GLB: the image ${image} is a name; give its bytes`);
  return image;
};

/** One image from single channels of others, which must have one size; `fill` where there is none. */
async function packed(
  channels: 3 | 4,
  sources: readonly { readonly file?: TextureFile; readonly from: number; readonly to: number }[],
  fill: number,
): Promise<Uint8Array<ArrayBuffer>> {
  let size: Pick<ImageData8, 'width' | 'height'> | undefined;
  let data = new Uint8Array(0);
  for (const { file, from, to } of sources) {
    if (file === undefined) continue;
    const image = await codec.decode(bytesOf(file));
    if (size === undefined) {
      size = { width: image.width, height: image.height };
      data = new Uint8Array(channels * image.width * image.height).fill(fill);
    }
    if (image.width !== size.width || image.height !== size.height) {
      throw new FormatError(
        `GLB: images of ${size.width} x ${size.height} and ${image.width} x ${image.height} texels must go into one; ` +
          'give them one size (resize)',
      );
    }
    for (let p = 0; p < size.width * size.height; p++) {
      data[p * channels + to] = from < image.channels ? image.data[p * image.channels + from] : 255;
    }
  }
  return codec.encode({ ...size!, channels, data }, 'png', 100);
}

const isJPEG = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xd8;
const isPNG = (bytes: Uint8Array): boolean => bytes[0] === 0x89 && bytes[1] === 0x50;

/** Writes materials into a document; images that several use are stored once. */
class MaterialWriter {
  readonly #textures = new Map<Uint8Array, Texture>();

  constructor(
    readonly document: Document,
    readonly library: GLTFLibrary,
  ) {}

  async #texture(title: string, image: Uint8Array<ArrayBuffer>): Promise<Texture> {
    const known = this.#textures.get(image);
    if (known) return known;
    // other formats would need extensions
    const stored = isPNG(image) || isJPEG(image) ? image : await codec.encode(await codec.decode(image), 'png', 100);
    const texture = this.document.createTexture(title).setMimeType(isJPEG(stored) ? 'image/jpeg' : 'image/png');
    this.#textures.set(image, texture.setImage(stored));
    return texture;
  }

  async write(file: MaterialFile): Promise<Material> {
    const { name, baseColor, metallic, roughness, opacity, emission, specular, alphaCutoff, textures, wrap } = file;
    requireFinite(`material ${name}`, [...baseColor, metallic, roughness, opacity, ...emission, ...specular]);
    const material = this.document
      .createMaterial(name)
      .setBaseColorFactor([...baseColor, opacity])
      .setMetallicFactor(metallic)
      .setRoughnessFactor(roughness);
    if (opacity < 1 || textures.opacity) material.setAlphaMode(alphaCutoff === undefined ? 'BLEND' : 'MASK');
    if (alphaCutoff !== undefined) material.setAlphaCutoff(alphaCutoff);
    const base = await this.#baseColor(file);
    if (base) material.setBaseColorTexture(await this.#texture('base colour', base));
    const surface = await this.#surface(file);
    if (surface) material.setMetallicRoughnessTexture(await this.#texture('metallic and roughness', surface));
    if (textures.normal) material.setNormalTexture(await this.#texture('normals', bytesOf(textures.normal)));
    if (textures.occlusion) {
      const { channel = 0 } = textures.occlusion;
      const image =
        channel === 0
          ? bytesOf(textures.occlusion)
          : await packed(3, [{ file: textures.occlusion, from: channel, to: 0 }], 255);
      material.setOcclusionTexture(await this.#texture('occlusion', image));
    }
    await this.#emission(material, file);
    await this.#specular(material, file);
    const infos = [
      ...[material.getBaseColorTextureInfo(), material.getMetallicRoughnessTextureInfo()],
      ...[material.getNormalTextureInfo(), material.getOcclusionTextureInfo(), material.getEmissiveTextureInfo()],
      material.getExtension<Specular>('KHR_materials_specular'),
    ];
    for (const info of infos) {
      const target = info && 'getSpecularColorTextureInfo' in info ? info.getSpecularColorTextureInfo() : info;
      target?.setWrapS(wraps[wrap]).setWrapT(wraps[wrap]);
    }
    return material;
  }

  async #baseColor({ textures: { baseColor, opacity } }: MaterialFile): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (!opacity) return baseColor && bytesOf(baseColor);
    if (baseColor?.image === opacity.image && opacity.channel === 3) return bytesOf(baseColor);
    const colors = baseColor ? [0, 1, 2].map((k) => ({ file: baseColor, from: k, to: k })) : [];
    return packed(4, [...colors, { file: opacity, from: opacity.channel ?? 0, to: 3 }], 255);
  }

  /** Green is the roughness and blue the metallic share, each times its factor. */
  async #surface({ metallic: share, textures }: MaterialFile): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { metallic, roughness } = textures;
    if (!metallic && !roughness) return undefined;
    const fits = metallic ? metallic.image === roughness?.image && metallic.channel === 2 : share === 0;
    if (fits && roughness?.channel === 1) return bytesOf(roughness);
    return packed(
      3,
      [
        { file: roughness, from: roughness?.channel ?? 0, to: 1 },
        { file: metallic, from: metallic?.channel ?? 0, to: 2 },
      ],
      255,
    );
  }

  async #emission(material: Material, { emission, textures }: MaterialFile): Promise<void> {
    const strength = Math.max(1, ...emission);
    material.setEmissiveFactor(emission.map((x) => x / strength) as [number, number, number]);
    if (textures.emission) material.setEmissiveTexture(await this.#texture('emission', bytesOf(textures.emission)));
    if (strength === 1) return;
    const extension = this.document.createExtension(this.library.KHRMaterialsEmissiveStrength);
    material.setExtension(
      'KHR_materials_emissive_strength',
      extension.createEmissiveStrength().setEmissiveStrength(strength),
    );
  }

  async #specular(material: Material, { specular, textures }: MaterialFile): Promise<void> {
    if (!textures.specular && specular.every((x) => x === dielectric)) return;
    const extension = this.document.createExtension(this.library.KHRMaterialsSpecular).createSpecular();
    extension.setSpecularColorFactor(specular.map((x) => x / dielectric) as [number, number, number]);
    if (textures.specular) {
      extension.setSpecularColorTexture(await this.#texture('specular', bytesOf(textures.specular)));
    }
    material.setExtension('KHR_materials_specular', extension);
  }
}

/** A mesh as a primitive: one index list, unit normals, v downwards. */
function primitiveOf(document: Document, buffer: DataBuffer, title: string, mesh: MeshFile): Primitive {
  for (const name of ['positions', 'uvs', 'normals', 'colors'] as const) {
    requireFinite(`the ${name} of ${title}`, mesh[name] ?? []);
  }
  const { positions, triangles, uvs, normals, colors } = splitSeams(mesh);
  const accessor = (type: 'SCALAR' | 'VEC2' | 'VEC3', array: Float32Array | Uint32Array): Accessor =>
    document
      .createAccessor()
      .setType(type)
      .setArray(array as Float32Array<ArrayBuffer>)
      .setBuffer(buffer);
  const primitive = document
    .createPrimitive()
    .setAttribute('POSITION', accessor('VEC3', positions))
    .setIndices(accessor('SCALAR', triangles));
  // normals of no length, as degenerate triangles have, are not allowed in the file
  if (normals) primitive.setAttribute('NORMAL', accessor('VEC3', unitRows(normals)));
  if (uvs) {
    const downwards = uvs.map((x, k) => (k % 2 === 0 ? x : 1 - x));
    primitive.setAttribute('TEXCOORD_0', accessor('VEC2', downwards));
  }
  if (colors) primitive.setAttribute('COLOR_0', accessor('VEC3', colors));
  return primitive;
}

function unitRows(rows: Float32Array): Float32Array {
  const units = new Float32Array(rows.length);
  for (let k = 0; k < rows.length; k += 3) {
    const length = Math.hypot(rows[k], rows[k + 1], rows[k + 2]);
    if (length === 0) units[k + 2] = 1;
    else for (let c = k; c < k + 3; c++) units[c] = rows[c] / length;
  }
  return units;
}

/**
 * A scene as binary glTF 2.0, in the units of its positions (glTF means metres), +Y up: one node with one mesh for each
 * shape, with normals, texture coordinates, colours and materials. Textures are stored as they are if they are PNG or JPEG;
 * roughness and metallic share, and base colour and opacity, become one image each. Specular reflectance other than 0.04
 * is written by KHR_materials_specular, which readers may ignore.
 *
 * @throws ChiaroError for numbers that are not finite, FormatError for images that must become one and differ in size.
 */
export async function writeGLB(scene: SceneFile, { copyright }: GLBOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  const library = await gltfLibrary();
  const document = new library.Document();
  const asset = document.getRoot().getAsset();
  asset.generator = 'Chiaro';
  if (copyright !== undefined) asset.copyright = copyright;
  const writer = new MaterialWriter(document, library);
  const materials: Material[] = [];
  for (const material of scene.materials) materials.push(await writer.write(material));
  const buffer = document.createBuffer();
  const root = document.createScene();
  scene.shapes.forEach(({ name, mesh, material }, k) => {
    if (mesh.triangles.length === 0) return; // glTF has no empty lists
    const primitive = primitiveOf(document, buffer, name || `shape ${k}`, mesh).setMaterial(materials[material]);
    root.addChild(document.createNode(name).setMesh(document.createMesh(name).addPrimitive(primitive)));
  });
  document.getRoot().setDefaultScene(root);
  const io = new library.WebIO().registerExtensions([
    library.KHRMaterialsSpecular,
    library.KHRMaterialsEmissiveStrength,
  ]);
  return new Uint8Array(await io.writeBinary(document));
}
