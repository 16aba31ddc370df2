import { Document, WebIO } from '@gltf-transform/core';
import type { Texture } from '@gltf-transform/core';
import { KHRMaterialsSpecular } from '@gltf-transform/extensions';
import { ChiaroError, ShapeError, encodePixels, linearToBytes } from '../engine.js';
import type { FitMesh, FitTextures, HostImage } from '../fit/types.js';

/** Reflectance at normal incidence of glTF's dielectrics (index of refraction 1.5), which KHR_materials_specular scales. */
const dielectric = 0.04;

/** What a face file holds. */
export interface FaceFile {
  readonly mesh: FitMesh;
  readonly textures: FitTextures;
  /** For the file's `asset.copyright` and name. */
  readonly name: string;
  readonly copyright?: string;
}

/** The vertices of a file, in which a position and its texture coordinate have one number. */
interface SplitMesh {
  readonly positions: Float32Array;
  readonly normals: Float32Array;
  readonly uvs: Float32Array;
  readonly indices: Uint32Array;
}

/** Doubles the vertices along the seams of the texture; mm become m, and v turns downwards. */
function splitAtSeams({ positions, triangles, normals, uvs, uvTriangles = triangles }: FitMesh): SplitMesh {
  if (uvTriangles.length !== triangles.length || normals.length !== positions.length) {
    throw new ShapeError(
      `faceToGLB: ${triangles.length} corners with ${uvTriangles.length} texture coordinates, ` +
        `${positions.length / 3} vertices with ${normals.length / 3} normals`,
    );
  }
  const numberOf = new Map<string, number>();
  const corners: [number, number][] = [];
  const indices = triangles.map((vertex, corner) => {
    const uv = uvTriangles[corner];
    const key = `${vertex} ${uv}`;
    const known = numberOf.get(key);
    if (known !== undefined) return known;
    numberOf.set(key, corners.length);
    return corners.push([vertex, uv]) - 1;
  });
  const split = {
    positions: new Float32Array(3 * corners.length),
    normals: new Float32Array(3 * corners.length),
    uvs: new Float32Array(2 * corners.length),
    indices,
  };
  corners.forEach(([vertex, uv], k) => {
    for (let c = 0; c < 3; c++) split.positions[3 * k + c] = positions[3 * vertex + c] / 1000;
    const length = Math.hypot(...normals.subarray(3 * vertex, 3 * vertex + 3)) || 1;
    for (let c = 0; c < 3; c++) split.normals[3 * k + c] = normals[3 * vertex + c] / length;
    split.uvs.set([uvs[2 * uv], 1 - uvs[2 * uv + 1]], 2 * k);
  });
  return split;
}

const png = (image: HostImage, data: Uint8Array): Promise<Uint8Array> =>
  encodePixels({ width: image.width, height: image.height, channels: 3, data }, { format: 'png' });

/** NaN would make a file that no reader takes. */
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
  const document = new Document();
  document.getRoot().getAsset().generator = 'Chiaro';
  if (copyright !== undefined) document.getRoot().getAsset().copyright = copyright;
  const texture = async (title: string, image: HostImage, bytes: Uint8Array): Promise<Texture> =>
    document
      .createTexture(title)
      .setMimeType('image/png')
      .setImage(await png(image, bytes));

  const { diffuse, specular, roughness } = textures;
  for (const [title, map] of Object.entries(textures)) requireFinite(`the ${title} texture`, (map as HostImage).data);
  requireFinite('the positions', mesh.positions);
  const { data: f0 } = specular;
  const brightest = Math.max(
    1e-6,
    f0.reduce((most, x) => Math.max(most, x), 0),
  );
  const metallicRoughness = new Uint8Array(3 * roughness.data.length); // red: unused; blue: metallic 0
  roughness.data.forEach((r, texel) => {
    metallicRoughness[3 * texel + 1] = Math.round(255 * Math.min(1, Math.max(0, r)));
  });
  const factor = brightest / dielectric;
  const specularExtension = document
    .createExtension(KHRMaterialsSpecular)
    .createSpecular()
    .setSpecularColorFactor([factor, factor, factor])
    .setSpecularColorTexture(
      await texture('specular', specular, linearToBytes(inThree(specular).map((x) => x / brightest))),
    );
  const material = document
    .createMaterial('skin')
    .setMetallicFactor(0)
    .setRoughnessFactor(1)
    .setBaseColorTexture(await texture('diffuse', diffuse, linearToBytes(inThree(diffuse))))
    .setMetallicRoughnessTexture(await texture('roughness', roughness, metallicRoughness))
    .setExtension('KHR_materials_specular', specularExtension);

  const { positions, normals, uvs, indices } = splitAtSeams(mesh);
  const buffer = document.createBuffer();
  const accessor = (type: 'SCALAR' | 'VEC2' | 'VEC3', array: Float32Array | Uint32Array) =>
    document.createAccessor().setType(type).setArray(array).setBuffer(buffer);
  const primitive = document
    .createPrimitive()
    .setAttribute('POSITION', accessor('VEC3', positions))
    .setAttribute('NORMAL', accessor('VEC3', normals))
    .setAttribute('TEXCOORD_0', accessor('VEC2', uvs))
    .setIndices(accessor('SCALAR', indices))
    .setMaterial(material);
  const node = document.createNode(name).setMesh(document.createMesh('face').addPrimitive(primitive));
  document.getRoot().setDefaultScene(document.createScene().addChild(node));
  return new Uint8Array(await new WebIO().registerExtensions([KHRMaterialsSpecular]).writeBinary(document));
}
