import type { Material, Texture, TextureInfo } from '@gltf-transform/core';
import type { EmissiveStrength, IOR, Specular, Transform } from '@gltf-transform/extensions';
import type { TextureWrap } from '../../../texture/index.js';
import { dielectric } from '../sceneFile.js';
import type { MaterialFile, RGB, TextureFile, TextureRole } from '../sceneFile.js';
import { fail } from './container.js';

/** Which texture coordinates a material reads, and where they lie on its images. */
export interface UVSource {
  /** Number of the attribute TEXCOORD_n. */
  readonly texCoord: number;
  /** The file's texture coordinates, v downwards -> ours, v upwards. */
  readonly place: (uvs: Float32Array) => Float32Array;
}

/** A material and how its textures are placed. */
export interface ReadMaterial {
  readonly material: MaterialFile;
  readonly uvs: UVSource;
}

const wraps: Readonly<Record<number, TextureWrap>> = { 33071: 'clamp', 33648: 'mirror', 10497: 'repeat' };

interface Used {
  readonly role: TextureRole;
  readonly channel: 0 | 1 | 2 | 3;
  readonly texture: Texture | null;
  readonly info: TextureInfo | null;
}

function usedTextures(material: Material): Used[] {
  const specular = material.getExtension<Specular>('KHR_materials_specular');
  const base = { texture: material.getBaseColorTexture(), info: material.getBaseColorTextureInfo() };
  const surface = { texture: material.getMetallicRoughnessTexture(), info: material.getMetallicRoughnessTextureInfo() };
  const transparent = material.getAlphaMode() !== 'OPAQUE';
  return (
    [
      { role: 'baseColor', channel: 0, ...base },
      ...(transparent ? [{ role: 'opacity', channel: 3, ...base } as const] : []),
      { role: 'roughness', channel: 1, ...surface },
      { role: 'metallic', channel: 2, ...surface },
      { role: 'normal', channel: 0, texture: material.getNormalTexture(), info: material.getNormalTextureInfo() },
      {
        role: 'occlusion',
        channel: 0,
        texture: material.getOcclusionTexture(),
        info: material.getOcclusionTextureInfo(),
      },
      { role: 'emission', channel: 0, texture: material.getEmissiveTexture(), info: material.getEmissiveTextureInfo() },
      {
        role: 'specular',
        channel: 0,
        texture: specular?.getSpecularColorTexture() ?? null,
        info: specular?.getSpecularColorTextureInfo() ?? null,
      },
    ] satisfies Used[]
  ).filter(({ texture }) => texture !== null);
}

/** Offset, rotation, scale of KHR_texture_transform; the set of coordinates that it or the texture names. */
function placement({ info }: Used): { readonly texCoord: number; readonly transform: readonly number[] } {
  const transform = info?.getExtension<Transform>('KHR_texture_transform');
  if (!transform) return { texCoord: info?.getTexCoord() ?? 0, transform: [0, 0, 0, 1, 1] };
  return {
    texCoord: transform.getTexCoord() ?? info!.getTexCoord(),
    transform: [...transform.getOffset(), transform.getRotation(), ...transform.getScale()],
  };
}

/** Reflectance at normal incidence: the index of refraction's, times colour and strength of the specular extension. */
function specularOf(material: Material): RGB {
  const ior = material.getExtension<IOR>('KHR_materials_ior')?.getIOR();
  const own = ior === undefined ? dielectric : ((ior - 1) / (ior + 1)) ** 2;
  const extension = material.getExtension<Specular>('KHR_materials_specular');
  const strength = extension?.getSpecularFactor() ?? 1;
  return (extension?.getSpecularColorFactor() ?? [1, 1, 1]).map((x) => own * strength * x) as unknown as RGB;
}

const rgb = (color: readonly number[]): RGB => [color[0], color[1], color[2]];

/**
 * A material of the library as ours. What ours cannot say goes to the notes.
 * @throws FormatError for numbers that are not finite or lie outside of their range.
 */
export function readMaterial(
  material: Material,
  images: readonly Uint8Array<ArrayBuffer>[],
  notes: Set<string>,
): ReadMaterial {
  const used = usedTextures(material);
  const [first] = used.map(placement);
  const { texCoord, transform } = first ?? { texCoord: 0, transform: [0, 0, 0, 1, 1] };
  const title = `material ${JSON.stringify(material.getName())}`;
  if (used.some((u) => JSON.stringify(placement(u)) !== JSON.stringify({ texCoord, transform }))) {
    notes.add(`${title} places its textures differently; all are placed as the first`);
  }
  const wrapsUsed = new Set(used.flatMap(({ info }) => (info ? [info.getWrapS(), info.getWrapT()] : [])));
  if (wrapsUsed.size > 1) notes.add(`${title} continues its textures in several ways; all are continued as the first`);
  if (material.getNormalTexture() && material.getNormalScale() !== 1)
    notes.add(`${title}: the normal map's scale is not read`);
  const textures: Partial<Record<TextureRole, TextureFile>> = {};
  for (const { role, channel, texture } of used) {
    const image = images[Number(texture!.getURI().replace('image', ''))] ?? fail(`${title} has no image`);
    textures[role] = { image, channel };
  }
  const strength =
    material.getExtension<EmissiveStrength>('KHR_materials_emissive_strength')?.getEmissiveStrength() ?? 1;
  const transparent = material.getAlphaMode() !== 'OPAQUE';
  const read: MaterialFile = {
    name: material.getName(),
    baseColor: rgb(material.getBaseColorFactor()),
    metallic: material.getMetallicFactor(),
    roughness: material.getRoughnessFactor(),
    opacity: transparent ? material.getBaseColorFactor()[3] : 1,
    emission: rgb(material.getEmissiveFactor().map((x) => x * strength)),
    specular: specularOf(material),
    ...(material.getAlphaMode() === 'MASK' && { alphaCutoff: material.getAlphaCutoff() }),
    textures,
    wrap: wraps[[...wrapsUsed][0] ?? 10497] ?? 'repeat',
  };
  const { baseColor, metallic, roughness, opacity, emission, specular, alphaCutoff = 0 } = read;
  const values = [
    ...baseColor,
    metallic,
    roughness,
    opacity,
    ...emission,
    ...specular,
    alphaCutoff,
    texCoord,
    ...transform,
  ];
  if (!values.every((x) => Number.isFinite(x))) fail(`${title} has numbers that are none`);
  if ([...baseColor, metallic, roughness, opacity].some((x) => x < 0 || x > 1)) {
    fail(`${title} has a colour, metallic, roughness or opacity outside of 0 to 1`);
  }
  return { material: read, uvs: { texCoord, place: (uvs) => placed(uvs, transform) } };
}

/** Texture coordinates moved as KHR_texture_transform says, then turned to v upwards. */
function placed(uvs: Float32Array, [du, dv, angle, su, sv]: readonly number[]): Float32Array {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const result = new Float32Array(uvs.length);
  for (let k = 0; k < uvs.length; k += 2) {
    const [u, v] = [uvs[k] * su, uvs[k + 1] * sv];
    result[k] = c * u + s * v + du;
    result[k + 1] = 1 - (c * v - s * u + dv);
  }
  return result;
}
