import { host } from '@chiaro/tensor/host';
import { FormatError } from '../../engine.js';
import { joinMeshes } from '../../geometry/meshFiles.js';
import { parsePLY } from '../../geometry/files/ply.js';
import { weldSeams } from '../../geometry/seams.js';
import { readGLTF } from './gltf/read.js';
import { readOBJScene } from './obj.js';
import type { FileReader } from './obj.js';
import { sceneOf } from './scene.js';
import type { LoadedMesh, LoadedScene } from './scene.js';
import { plainMaterial } from './sceneFile.js';
import type { MaterialFile, SceneFile } from './sceneFile.js';

/** Reads files beside another one: a name relative to its folder. */
function besideOf(path: string): FileReader {
  const folder = /^.*[/\\]/.exec(path)?.[0] ?? '';
  return (name) => host.readFile(`${folder}${name.replaceAll('\\', '/')}`);
}

/** The numbers of a scene file, by its ending. */
async function readSceneFile(path: string): Promise<SceneFile> {
  const ending = /\.(obj|ply|glb|gltf)$/i.exec(path.split(/[?#]/, 1)[0])?.[1].toLowerCase();
  if (ending === undefined) throw new FormatError(`${path} is neither .obj, .ply, .glb nor .gltf`);
  const bytes = await host.readFile(path);
  if (ending === 'ply') {
    return {
      shapes: [{ name: '', mesh: weldSeams(parsePLY(bytes)), material: 0 }],
      materials: [plainMaterial],
      notes: [],
    };
  }
  if (ending === 'obj') return readOBJScene(new TextDecoder().decode(bytes), besideOf(path));
  return readGLTF(bytes, besideOf(path));
}

/**
 * Reads a scene: OBJ with its MTL, PLY, glTF or GLB, by the name's ending (Node: a path or file: URL; browser: anything
 * `fetch` takes). Files that it refers to are read from beside it. Vertices that the file doubles along seams are one;
 * see `weldSeams`.
 * @throws FormatError for other or broken files. `notes` of the result say what a file has and the scene has not.
 * @example
 * const { shapes } = await loadScene('room.glb');
 */
export async function loadScene(path: string): Promise<LoadedScene> {
  return sceneOf(await readSceneFile(path), besideOf(path));
}

/** A text that two materials share if they differ in nothing but their names. */
function lookOf({ name: _, textures, ...values }: MaterialFile): string {
  const images = Object.entries(textures).map(([role, { image, channel }]) => [
    role,
    channel,
    typeof image === 'string' ? image : numberOfImage(image),
  ]);
  return JSON.stringify([values, images]);
}

const imageNumbers = new WeakMap<Uint8Array, number>();
let imageCount = 0;

function numberOfImage(image: Uint8Array): number {
  let number = imageNumbers.get(image);
  if (number === undefined) imageNumbers.set(image, (number = imageCount++));
  return number;
}

/**
 * Reads a file as one mesh with one material; see `loadScene` for what is read. Shapes of one material become one mesh.
 * @throws FormatError for other or broken files, files without triangles, and those with several materials.
 * @example
 * const head = await loadMesh('head.glb');
 * const { value: uv, derivatives } = interpolate(head.uvs, hit, head.uvTriangles);
 * const color = texture(head.material.baseColor, uv, { derivatives });
 */
export async function loadMesh(path: string): Promise<LoadedMesh> {
  const { shapes, materials, notes } = await readSceneFile(path);
  const looks = new Map(shapes.map(({ material }) => [lookOf(materials[material]), material]));
  if (looks.size > 1) {
    throw new FormatError(`loadMesh: ${path} has ${looks.size} materials; loadScene reads one mesh for each`);
  }
  if (!shapes.some(({ mesh }) => mesh.triangles.length > 0))
    throw new FormatError(`loadMesh: ${path} has no triangles`);
  const parts = shapes.map(({ mesh }) => mesh);
  const joined = parts.length === 1 ? parts[0] : weldSeams(joinMeshes(parts));
  const [material] = looks.values();
  const scene = await sceneOf({ shapes: [{ name: '', mesh: joined, material }], materials, notes }, besideOf(path));
  return scene.shapes[0].mesh;
}
