import { host } from '@chiaro/tensor/host';
import { MorphableModel } from '../morphableModel.js';
import { subdivideFaceModel } from '../subdivide.js';
import { parseFaceModel } from './faceModelFile.js';

/** What to load, and how fine. */
export interface LoadFaceModelOptions {
  /** Node: a path or file: URL; browser: anything `fetch` takes. By default the file that comes with the package. */
  readonly path?: string;
  /** Steps of Loop's subdivision: 0 keeps some 4,500 vertices, 1 makes 18,000. */
  readonly subdivisions?: number;
}

/**
 * The model that comes with this package (CC0; docs/concepts/face-model.md), or another file of the same form.
 * @throws FormatError where the file is no face model.
 */
export async function loadFaceModel({
  path = new URL('../../../assets/face-model.safetensors', import.meta.url).href,
  subdivisions = 0,
}: LoadFaceModelOptions = {}): Promise<MorphableModel> {
  let data = parseFaceModel(await host.readFile(path));
  for (let step = 0; step < subdivisions; step++) data = subdivideFaceModel(data);
  return new MorphableModel(data);
}
