import { FormatError } from '../../engine.js';
import { readOBJ } from '../../geometry/files/obj.js';
import { weldSeams } from '../../geometry/seams.js';
import { parseMTL } from './mtl.js';
import { plainMaterial } from './sceneFile.js';
import type { MaterialFile, SceneFile } from './sceneFile.js';

/** Gives the bytes of a file that another one refers to, by the name in it; rejects where there is none. */
export type FileReader = (name: string) => Promise<Uint8Array<ArrayBuffer>>;

/**
 * Reads a Wavefront OBJ text with its materials: one shape for each object with each material, in the text's order.
 * @param read gives material files; where one is missing a note says so and its materials are grey.
 * @throws FormatError that names the line.
 */
export async function readOBJScene(text: string, read: FileReader): Promise<SceneFile> {
  const { parts, libraries } = readOBJ(text);
  const notes: string[] = [];
  const known = new Map<string, MaterialFile>();
  for (const library of new Set(libraries)) {
    let bytes: Uint8Array;
    try {
      bytes = await read(library);
    } catch (error) {
      if (error instanceof FormatError) throw error;
      notes.push(`the material file ${library} cannot be read`);
      continue;
    }
    for (const material of parseMTL(new TextDecoder().decode(bytes))) known.set(material.name, material);
  }
  const names = [...new Set(parts.map(({ material }) => material))];
  const materials = names.map((name) => {
    const material = known.get(name);
    if (material === undefined && name !== '') notes.push(`material ${name} is not in the material files; it is grey`);
    return material ?? { ...plainMaterial, name };
  });
  const shapes = parts.map(({ name, material, mesh }) => ({
    name,
    mesh: weldSeams(mesh),
    material: names.indexOf(material),
  }));
  return { shapes, materials, notes };
}
