import { encodePixels, noGrad, tensor, vertexNormals } from '../engine.js';
import { displayImage } from '../export/display.js';
import type { Display } from '../export/display.js';
import { jsonText } from '../export/fitJSON.js';
import { faceToGLB } from '../export/glb.js';
import type { HostImage } from '../fit/types.js';
import { valuesOf } from './fittedFace.js';
import type { FaceState, FittedFace } from './fittedFace.js';

/** Every file name of an edited face's folder. */
export const editedFileNames: readonly string[] = [
  'face.png',
  'texture-diffuse.png',
  'texture-specular.png',
  'face.glb',
  'fit.json',
];

/**
 * The files of an edited face: `face.glb`, its textures and `face.png` (what `renderFittedFace` gave) as PNG, and `fit.json`,
 * from which `loadFittedFace` reads the folder again.
 */
export async function editedFiles(face: FittedFace, picture: HostImage): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const { model, camera, parameters, textures, edits } = face;
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const images: Record<string, { description: string; exposure: number }> = {};
  const add = async (name: string, description: string, image: HostImage, display: Display): Promise<void> => {
    const { pixels, exposure } = displayImage(image, display);
    images[name] = { description, exposure };
    files.set(name, await encodePixels(pixels, { format: 'png' }));
  };
  await add('face.png', 'The face', picture, 'color');
  await add('texture-diffuse.png', 'Diffuse albedo over the face', textures.diffuse, 'color');
  await add('texture-specular.png', 'Specular albedo over the face', textures.specular, 'exposed');
  const column = (name: string) => tensor(Float32Array.from(valuesOf(face, name)));
  const mesh = noGrad(() =>
    model.mesh(model.geometry({ identity: column('identity'), blendshapes: column('expression') })),
  );
  const { triangles, uvs, uvTriangles } = model.data;
  const host = {
    positions: Float32Array.from(await mesh.positions.data()),
    normals: Float32Array.from(await noGrad(() => vertexNormals(mesh.positions, mesh.topology)).data()),
    triangles,
    uvs,
    uvTriangles,
  };
  const roughness = { width: 1, height: 1, channels: 1, data: Float32Array.of(model.roughness) } as const;
  files.set('face.glb', await faceToGLB({ mesh: host, textures: { ...textures, roughness }, name: 'edited face' }));
  const state: FaceState = { formatVersion: 1, model: model.data.name, camera, parameters, images, edits };
  files.set('fit.json', new TextEncoder().encode(jsonText(state)));
  return files;
}
