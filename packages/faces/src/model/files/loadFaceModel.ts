import { host } from '@chiaro/tensor/host';
import { parseSafetensors } from '@chiaro/nn';
import { FormatError } from '../../engine.js';
import { completeFaceModel } from '../complete/completeFaceModel.js';
import type { CompleteFaceModelOptions } from '../complete/completeFaceModel.js';
import type { FaceModelData } from '../faceModelData.js';
import { MorphableModel } from '../morphableModel.js';
import { subdivideFaceModel } from '../subdivide.js';
import { parseBFM2009 } from './bfm2009.js';
import { parseFaceModel } from './faceModelFile.js';
import { parseFLAME } from './flame.js';
import { parseICTFace } from './ictFace.js';
import { parseICTFolder } from './ictFolder.js';
import type { SourceFaceModel } from './sourceModel.js';
import { parseStatismo } from './statismo.js';

/** What to load, and how fine. */
export interface LoadFaceModelOptions extends CompleteFaceModelOptions {
  /** Node: a path or file: URL; browser: anything `fetch` takes. By default the file that comes with the package. */
  readonly path?: string;
  /** Steps of Loop's subdivision: 0 keeps some 4,500 vertices, 1 makes 18,000. */
  readonly subdivisions?: number;
}

/** The model that comes with this package. */
const bundled = new URL('../../../assets/face-model.safetensors', import.meta.url).href;

const startsWith = (bytes: Uint8Array, text: string): boolean =>
  String.fromCharCode(...bytes.subarray(0, text.length)) === text;

/**
 * A published model from the bytes of its file, by what it begins with: MATLAB's (Basel 2009), HDF5 (Basel 2017 and 2019,
 * AlbedoMM), NPZ or pickle (FLAME).
 * @throws FormatError for other files, and broken ones.
 */
export async function parseSourceModel(bytes: Uint8Array): Promise<SourceFaceModel> {
  if (startsWith(bytes, 'MATLAB 5.0')) return parseBFM2009(bytes);
  if (startsWith(bytes, '\x89HDF')) return parseStatismo(bytes);
  if (startsWith(bytes, 'PK') || startsWith(bytes, '\x80') || startsWith(bytes, '(')) return parseFLAME(bytes);
  throw new FormatError(
    'the file is of no known face model: it begins neither as MATLAB, HDF5, NPZ, a pickle nor safetensors',
  );
}

/** A model from a file of either safetensors form, or any published one, which is completed. */
async function modelOf(path: string, options: CompleteFaceModelOptions): Promise<FaceModelData> {
  const complete = async (source: SourceFaceModel): Promise<FaceModelData> =>
    completeFaceModel(source, parseFaceModel(await host.readFile(bundled)), options);
  if (/[/\\]$/.test(path)) return complete(await parseICTFolder((name) => host.readFile(path + name)));
  const bytes = await host.readFile(path);
  if (bytes[8] !== 0x7b) return complete(await parseSourceModel(bytes)); // safetensors: a length, then {
  const compact = parseSafetensors(bytes).metadata['format'] === 'ict-face-compact-1';
  return compact ? parseICTFace(bytes) : parseFaceModel(bytes);
}

/**
 * A face model: the one that comes with this package (CC0; docs/concepts/face-model.md), a file that `writeFaceModel`
 * wrote, or a published model that you have: the Basel Face Models of 2009 (`01_MorphableModel.mat`), 2017 and 2019
 * (`.h5`), AlbedoMM (`.h5`), FLAME (`.pkl` or `.npz`), ICT FaceKit (its compact file, or the folder `FaceXModel/` with
 * a slash at the end). What a published file lacks is taken from the package's model: see `completeFaceModel`, whose
 * options this takes too; that takes some seconds, so write the result with `writeFaceModel` once.
 * @throws FormatError where the file is no face model.
 *
 * @example
 * const model = await loadFaceModel({ path: 'model2019_fullHead.h5', subdivisions: 0 });
 */
export async function loadFaceModel({
  path = bundled,
  subdivisions = 0,
  ...options
}: LoadFaceModelOptions = {}): Promise<MorphableModel> {
  let data = await modelOf(path, options);
  for (let step = 0; step < subdivisions; step++) data = subdivideFaceModel(data);
  return new MorphableModel(data);
}
