import { host } from '@chiaro/tensor/host';
import { ChiaroError, FormatError, decodeImage, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { FitJSON } from '../export/fitJSON.js';
import type { FitCamera, HostImage } from '../fit/types.js';
import { hostImage } from '../fit/result/hostImages.js';
import { loadFaceModel } from '../model/files/loadFaceModel.js';
import type { MorphableModel } from '../model/index.js';

/** What `fit.json` of a fit, and of an edited face, says of the face itself. */
export type FaceState = Pick<FitJSON, 'formatVersion' | 'camera' | 'model' | 'parameters' | 'images'> & {
  /** What was changed since the fit, one line each. */
  readonly edits?: readonly string[];
};

/** A fitted face as it stands in a result folder: all that pictures of it under other lights and from other sides need. */
export interface FittedFace {
  readonly model: MorphableModel;
  readonly camera: FitCamera;
  /** Numbers by the names that `fit.json` gives them: `identity`, `expression`, `light.sh` ... */
  readonly parameters: FaceState['parameters'];
  /** [T, T, 3] linear RGB, the fit's own textures. */
  readonly textures: { readonly diffuse: HostImage; readonly specular: HostImage };
  readonly edits: readonly string[];
}

const needed = ['pose.rotation', 'pose.translation', 'identity', 'expression', 'tint', 'light.sh'];

/** The numbers of a parameter. @throws ChiaroError where there is none of the name. */
export function valuesOf({ parameters }: Pick<FittedFace, 'parameters'>, name: string): readonly number[] {
  const found = parameters.find((parameter) => parameter.name === name);
  if (found) return found.values;
  throw new ChiaroError(`the face has no parameter ${name}; it has ${parameters.map((p) => p.name).join(', ')}`);
}

function stateOf(path: string, bytes: Uint8Array): FaceState {
  const fail = (why: string): never => {
    throw new FormatError(`${path} ${why}; give a folder that a fit or an edit wrote`);
  };
  let state: Partial<FaceState> | null;
  try {
    state = JSON.parse(new TextDecoder().decode(bytes)) as typeof state;
  } catch {
    return fail('is no JSON');
  }
  const { formatVersion, camera, model, parameters, images } = state ?? {};
  if (formatVersion !== 1) return fail(`has format ${JSON.stringify(formatVersion ?? null)}, this version reads 1`);
  const whole =
    typeof model === 'string' &&
    Array.isArray(camera?.intrinsics) &&
    Number.isInteger(camera.width) &&
    Number.isInteger(camera.height) &&
    typeof images === 'object' &&
    Array.isArray(parameters) &&
    parameters.every((p) => typeof p?.name === 'string' && Array.isArray(p.values) && p.values.every(Number.isFinite));
  if (!whole) return fail('lacks fields of a fitted face, or has numbers that are not finite');
  const lacking = needed.filter((name) => !parameters.some((p) => p.name === name));
  return lacking.length > 0 ? fail(`lacks the parameters ${lacking.join(', ')}`) : (state as FaceState);
}

/**
 * Reads a face from a result folder: `fit.json`, and the diffuse and specular textures beside it (8-bit PNG).
 * @param modelPath file of the face model that was fitted; the shipped one by default.
 * @throws FormatError where the folder holds no fitted face, ChiaroError for another model than was fitted.
 *
 * @example
 * const face = await loadFittedFace('out/example');
 * const image = await renderFittedFace(face, { light: studioLights()[1].sh });
 */
export async function loadFittedFace(folder: string, modelPath?: string): Promise<FittedFace> {
  const state = stateOf(`${folder}/fit.json`, await host.readFile(`${folder}/fit.json`));
  const model = await loadFaceModel({ path: modelPath });
  if (model.data.name !== state.model)
    throw new ChiaroError(
      `${folder} is a face of the model ${state.model}, not of ${model.data.name}; give that model's file`,
    );
  const texture = async (name: string): Promise<HostImage> => {
    const image = await decodeImage(await host.readFile(`${folder}/${name}.png`));
    const exposure = state.images[`${name}.png`]?.exposure ?? 1;
    return hostImage(image.squeeze(0).div(exposure));
  };
  return {
    model,
    camera: state.camera,
    parameters: state.parameters,
    textures: { diffuse: await texture('texture-diffuse'), specular: await texture('texture-specular') },
    edits: state.edits ?? [],
  };
}

/** An image of the host as a tensor [H, W, C]. */
export const tensorOf = ({ height, width, channels, data }: HostImage): Tensor =>
  tensor(data, [height, width, channels]);
