import { encodePixels } from '../engine.js';
import type { FitResult } from '../fit/types.js';
import type { Photo } from '../photo/photo.js';
import { reportHTML } from './report.js';
import { fitJSON, jsonText } from '../export/fitJSON.js';
import { faceToGLB } from '../export/glb.js';
import { resultViews, viewNames } from '../export/views.js';

/** Every file name that a result folder can have, so that files of an older result can be told from the user's own. */
export const resultFileNames: readonly string[] = [
  ...viewNames.map((name) => `${name}.png`),
  'face.glb',
  'fit.json',
  'report.html',
];

/**
 * The files of a result: PNG maps, `face.glb`, `fit.json`, `report.html`, in memory, so that nothing is written before
 * everything is there. 5 to 20 MB as a rule.
 * @param created when, for the report.
 * @example
 * // host is from '@chiaro/tensor/host'
 * for (const [name, bytes] of await resultFiles(photo, result)) await host.writeFile(`out/${name}`, bytes);
 */
export async function resultFiles(
  photo: Photo,
  result: FitResult,
  created = new Date(),
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const views = resultViews(result);
  const content = fitJSON(photo, result, views);
  const text = new TextEncoder();
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const { name, pixels } of views) files.set(`${name}.png`, await encodePixels(pixels, { format: 'png' }));
  const { mesh, textures, normalMap } = result;
  files.set('face.glb', await faceToGLB({ mesh, textures, ...(normalMap && { normalMap }), name: photo.name }));
  files.set('fit.json', text.encode(jsonText(content)));
  files.set('report.html', text.encode(await reportHTML(content, result, views, created)));
  return files;
}
