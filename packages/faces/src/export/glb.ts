import { ChiaroError, encodePixels, linearToBytes, plainMaterial, writeGLB } from '../engine.js';
import type { TextureFile } from '../engine.js';
import type { FitMesh, FitTextures, HostImage } from '../fit/types.js';

/** What a face file holds. */
export interface FaceFile {
  readonly mesh: FitMesh;
  readonly textures: FitTextures;
  /** For the file's `asset.copyright` and name. */
  readonly name: string;
  readonly copyright?: string;
}

const png = async ({ width, height }: HostImage, data: Uint8Array): Promise<TextureFile> => ({
  image: await encodePixels({ width, height, channels: 3, data }, { format: 'png' }),
});

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
 *   is scaled to its largest value and the factor undoes it. Readers without that extension show 0.04 everywhere.
 *
 * glTF weakens the diffuse term by the Fresnel reflectance above it, our renderer adds the two: a few percent at most.
 * @throws ShapeError where lists of the mesh do not fit each other, ChiaroError for numbers that are not finite.
 */
export async function faceToGLB({ mesh, textures, name, copyright }: FaceFile): Promise<Uint8Array<ArrayBuffer>> {
  for (const [title, map] of Object.entries(textures)) requireFinite(`the ${title} texture`, (map as HostImage).data);
  const { diffuse, specular, roughness } = textures;
  const { data: f0 } = specular;
  const brightest = Math.max(
    1e-6,
    f0.reduce((most, x) => Math.max(most, x), 0),
  );
  const roughnessBytes = new Uint8Array(3 * roughness.data.length); // red: unused; blue: metallic 0
  roughness.data.forEach((r, texel) => {
    roughnessBytes[3 * texel + 1] = Math.round(255 * Math.min(1, Math.max(0, r)));
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
    },
  } as const;
  const inMetres = { ...mesh, positions: mesh.positions.map((x) => x / 1000) };
  return writeGLB(
    { shapes: [{ name, mesh: inMetres, material: 0 }], materials: [material], notes: [] },
    { ...(copyright !== undefined && { copyright }) },
  );
}
