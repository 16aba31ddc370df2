import { ChiaroError, encodePixels, linearToBytes, plainMaterial, writeGLB } from '../engine.js';
import type { TextureFile } from '../engine.js';
import type { FitMesh, FitTextures, HostImage } from '../fit/types.js';

/** What a face file holds. */
export interface FaceFile {
  readonly mesh: FitMesh;
  readonly textures: FitTextures;
  /** [H, W, 3] in [0, 1], tangent space: see `normalMap` and `uvTangents`. */
  readonly normalMap?: HostImage;
  /** For the file's `asset.copyright` and name. */
  readonly name: string;
  readonly copyright?: string;
}

const png = async ({ width, height }: HostImage, data: Uint8Array): Promise<TextureFile> => ({
  image: await encodePixels({ width, height, channels: 3, data }, { format: 'png' }),
});

const byteOf = (x: number): number => Math.round(255 * Math.min(1, Math.max(0, x)));

/** NaN would become a texel of 0. */
function requireFinite(name: string, values: Float32Array): void {
  const at = values.findIndex((x) => !Number.isFinite(x));
  if (at >= 0) throw new ChiaroError(`faceToGLB: number ${at} of ${name} is ${values[at]}`);
}

/** Three values from each one of an image of one channel. */
const inThree = ({ data, channels }: HostImage): Float32Array =>
  channels === 3 ? data : Float32Array.from({ length: 3 * data.length }, (_, k) => data[Math.floor(k / 3)]);

/**
 * A face as binary glTF 2.0: one mesh in metres, +Y up, +Z out of the face, with normals, texture coordinates, and one
 * material whose meaning is that of the fit:
 * - base colour: diffuse albedo (8-bit sRGB);
 * - green channel of the metallic-roughness texture: roughness r, alpha = r^2 as in our GGX; metallic is 0;
 * - KHR_materials_specular's colour, times the 0.04 of glTF's dielectrics: reflectance at normal incidence. The texture
 *   is scaled to its largest value and the factor undoes it. Readers without that extension show 0.04 everywhere;
 * - normal texture: the normal map, if there is one (8 bits; a flat one comes back 0.2 degrees off). The file has no
 *   tangents: readers make them from the texture coordinates as glTF says, and as we do.
 *
 * glTF weakens the diffuse term by the Fresnel reflectance above it, our renderer adds the two: a few percent at most.
 * @throws ShapeError where lists of the mesh do not fit each other, ChiaroError for numbers that are not finite.
 */
export async function faceToGLB({
  mesh,
  textures,
  normalMap,
  name,
  copyright,
}: FaceFile): Promise<Uint8Array<ArrayBuffer>> {
  for (const [title, map] of Object.entries(textures)) requireFinite(`the ${title} texture`, (map as HostImage).data);
  if (normalMap) requireFinite('the normal map', normalMap.data);
  const { diffuse, specular, roughness } = textures;
  const { data: f0 } = specular;
  const brightest = Math.max(
    1e-6,
    f0.reduce((most, x) => Math.max(most, x), 0),
  );
  const roughnessBytes = new Uint8Array(3 * roughness.data.length); // red: unused; blue: metallic 0
  roughness.data.forEach((r, texel) => {
    roughnessBytes[3 * texel + 1] = byteOf(r);
  });
  const material = {
    ...plainMaterial,
    name: 'skin',
    baseColor: [1, 1, 1],
    specular: [brightest, brightest, brightest],
    textures: {
      baseColor: await png(diffuse, linearToBytes(inThree(diffuse))),
      roughness: { ...(await png(roughness, roughnessBytes)), channel: 1 },
      specular: await png(specular, linearToBytes(inThree(specular).map((x) => x / brightest))),
      ...(normalMap && { normal: await png(normalMap, Uint8Array.from(normalMap.data, byteOf)) }),
    },
  } as const;
  const inMetres = { ...mesh, positions: mesh.positions.map((x) => x / 1000) };
  return writeGLB(
    { shapes: [{ name, mesh: inMetres, material: 0 }], materials: [material], notes: [] },
    { ...(copyright !== undefined && { copyright }) },
  );
}
