import { host } from '@chiaro/tensor/host';
import { ChiaroError, FormatError, ShapeError } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { meshFileOf } from '../../geometry/meshFiles.js';
import { writeOBJ } from '../../geometry/files/obj.js';
import { writePLY } from '../../geometry/files/ply.js';
import type { Mesh } from '../../geometry/mesh.js';
import { linearToBytes } from '../../image/bytes.js';
import { encodePixels } from '../files.js';
import { writeGLB } from './gltf/write.js';
import type { GLBOptions } from './gltf/write.js';
import type { Material } from './scene.js';
import { plainMaterial } from './sceneFile.js';
import type { MaterialFile, RGB, SceneFile, TextureFile } from './sceneFile.js';

/** A mesh to be written, with as much of a material as there is. */
export interface SavedShape {
  readonly name?: string;
  readonly mesh: Mesh;
  readonly material?: Partial<Material>;
}

interface Value {
  /** The number that an image is multiplied by, one for each channel. */
  readonly factor: readonly number[];
  readonly texture?: TextureFile;
}

/**
 * A texture [H, W, C] or a constant [C] or [1, 1, C] as files hold it: a constant is the factor; an image is stored in
 * bytes, in sRGB if it is a colour, divided by its largest number where that is above 1.
 */
async function valueOf(what: string, values: Tensor, width: 1 | 3, color: boolean): Promise<Value> {
  if (values.shape.at(-1) !== width || (values.rank !== 1 && values.rank !== 3)) {
    throw new ShapeError(`${what} must be [H, W, ${width}] or [${width}], got [${values.shape.join(', ')}]`);
  }
  const data = (await values.to('float32').data()) as Float32Array;
  const broken = data.findIndex((x) => !(x >= 0 && x < Infinity));
  if (broken >= 0) throw new ChiaroError(`${what}: number ${broken} is ${data[broken]}; files hold numbers from 0`);
  if (data.length === width) return { factor: Array.from(data) };
  const scale = data.reduce((most, x) => Math.max(most, x), 1);
  const bytes = color ? linearToBytes(data.map((x) => x / scale)) : bytesOfShares(data, scale);
  const [height, wide] = values.shape;
  const pixels =
    width === 3 ? bytes : Uint8Array.from({ length: 3 * bytes.length }, (_, k) => bytes[Math.floor(k / 3)]);
  const image = await encodePixels({ width: wide, height, channels: 3, data: pixels });
  return { factor: new Array<number>(width).fill(scale), texture: { image } };
}

const bytesOfShares = (values: Float32Array, scale: number): Uint8Array =>
  new Uint8Array(Uint8ClampedArray.from(values, (x) => (255 * x) / scale));

async function materialFileOf(material: Partial<Material>): Promise<MaterialFile> {
  const { name = '', wrap = 'repeat' } = material;
  const value = async (role: keyof Material & string, width: 1 | 3, color: boolean): Promise<Value | undefined> => {
    const values = material[role] as Tensor | undefined;
    return values && valueOf(`${role} of material ${JSON.stringify(name)}`, values, width, color);
  };
  const [baseColor, metallic, roughness, opacity] = await Promise.all([
    ...[value('baseColor', 3, true), value('metallic', 1, false), value('roughness', 1, false)],
    value('opacity', 1, false),
  ]);
  const [emission, specular, normal, occlusion] = await Promise.all([
    ...[value('emission', 3, true), value('specular', 3, true)],
    ...[value('normalMap', 3, false), value('occlusion', 1, false)],
  ]);
  for (const [role, found] of Object.entries({ baseColor, metallic, roughness, opacity, normal, occlusion })) {
    if (found?.factor.some((x) => x > 1))
      throw new ChiaroError(`${role} of material ${JSON.stringify(name)} is above 1`);
  }
  const roles = { baseColor, metallic, roughness, opacity, emission, specular, normal, occlusion };
  const textures = Object.fromEntries(
    Object.entries(roles).flatMap(([role, found]) => (found?.texture ? [[role, found.texture]] : [])),
  );
  const rgb = (found: Value | undefined, without: RGB): RGB => (found?.factor as unknown as RGB | undefined) ?? without;
  return {
    name,
    wrap,
    textures,
    baseColor: rgb(baseColor, plainMaterial.baseColor),
    metallic: metallic?.factor[0] ?? plainMaterial.metallic,
    roughness: roughness?.factor[0] ?? plainMaterial.roughness,
    opacity: opacity?.factor[0] ?? 1,
    emission: rgb(emission, plainMaterial.emission),
    specular: rgb(specular, plainMaterial.specular),
  };
}

/** Shapes as the numbers and images of a file. Shapes that share a material object share it in the file. */
async function sceneFileOf(shapes: readonly SavedShape[]): Promise<SceneFile> {
  const plain: Partial<Material> = {};
  const found = [...new Set(shapes.map(({ material = plain }) => material))];
  const materials: MaterialFile[] = [];
  for (const material of found) materials.push(await materialFileOf(material));
  const files = [];
  for (const { name = '', mesh, material = plain } of shapes) {
    files.push({ name, mesh: await meshFileOf(mesh), material: found.indexOf(material) });
  }
  return { shapes: files, materials, notes: [] };
}

/**
 * Shapes as binary glTF 2.0 with their materials; textures become 8-bit PNG. See `writeGLB` for how.
 * @throws ShapeError for materials of other shapes, ChiaroError for numbers that are not finite or out of range.
 */
export async function encodeGLB(
  shapes: readonly SavedShape[],
  options: GLBOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return writeGLB(await sceneFileOf(shapes), options);
}

/** Writes shapes as a .glb file, whole or not at all; see `encodeGLB`. @throws FormatError for other endings. */
export async function saveScene(path: string, shapes: readonly SavedShape[], options: GLBOptions = {}): Promise<void> {
  if (!/\.glb$/i.test(path)) throw new FormatError(`saveScene: ${path} must end in .glb`);
  await host.writeFile(path, await encodeGLB(shapes, options));
}

/**
 * Writes a mesh as its name says: .glb with its material, .obj and .ply the mesh alone, at its present positions. The file
 * is written whole or not at all.
 * @throws FormatError for other endings, and for a material where the format has none.
 * @example
 * await saveMesh('head.glb', { ...head, positions: fitted }, { ...head.material, baseColor: albedo });
 */
export async function saveMesh(
  path: string,
  mesh: Mesh,
  material?: Partial<Material>,
  options: GLBOptions = {},
): Promise<void> {
  const ending = /\.(obj|ply|glb)$/i.exec(path)?.[1].toLowerCase();
  if (ending === 'glb') return saveScene(path, [{ mesh, ...(material && { material }) }], options);
  if (ending === undefined) throw new FormatError(`saveMesh: ${path} must end in .glb, .obj or .ply`);
  if (material) throw new FormatError(`saveMesh: .${ending} is written without materials; write .glb, or leave it out`);
  const file = await meshFileOf(mesh);
  await host.writeFile(path, ending === 'ply' ? writePLY(file) : new TextEncoder().encode(writeOBJ(file)));
}
