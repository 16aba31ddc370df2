import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Where the recognition network's weights are: they come with the npm package of the face detector. */
export function recognitionWeights(): string {
  const folder = dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json'));
  return join(folder, 'model/face_recognition_model-weights_manifest.json');
}
