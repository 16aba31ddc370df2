import { cropAroundLandmarks, cropRules, type Crop } from '../../crop/index.js';
import { noGrad, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { MorphableModel } from '../../model/index.js';
import type { Photo } from '../../photo/photo.js';
import { posedFace } from '../../scene/posedFace.js';
import { studioLights } from '../../scene/studioLights.js';
import { columnOf } from '../../scene/surfaceImage.js';
import { defaultConfig } from '../config.js';
import { viewOf } from '../problem.js';
import { faceImage, faceView } from '../result/faceImages.js';
import { hostImage, over } from '../result/hostImages.js';
import type { FitResult, HostImage } from '../types.js';
import type { FittedFrames } from './fitFrames.js';
import type { FittedFrame } from './frameState.js';

/** How frames are shown. */
export interface FrameImagesOptions {
  /** Pixels of a side (default 192; no more than the crop has). */
  readonly size?: number;
  /** Samples per pixel of the shading (default 4). */
  readonly spp?: number;
  /** Which of `studioLights` the face is relit by (default 1: from the left). */
  readonly light?: number;
}

/** A frame as pictures [size, size, 3], linear RGB. */
export interface FrameImages {
  readonly photo: HostImage;
  /** The fitted face over the picture. */
  readonly overlay: HostImage;
  /** The fitted face by itself under another light. */
  readonly relit: HostImage;
}

/** The same square of every frame that has the face in all of them, a little wider, as far as the frames reach. */
export function clipCrop({ frames, width, height }: Pick<FittedFrames, 'frames' | 'width' | 'height'>): Crop {
  const landmarks = frames.flatMap((frame) => Array.from(frame.landmarks));
  return cropAroundLandmarks(landmarks, { ...cropRules.fit, margin: 1.5 }, { within: { width, height } });
}

const mapOf = ({ width, height, channels, data }: HostImage): Tensor => tensor(data, [height, width, channels]);

/** Path traces a fitted frame: over its picture, and in another light. @param crop the part of the frame to show. */
export async function frameImages(
  model: MorphableModel,
  { person, focal }: Pick<FittedFrames, 'person' | 'focal'>,
  frame: FittedFrame,
  photo: Photo,
  crop: Crop,
  { size = 192, spp = 4, light = 1 }: FrameImagesOptions = {},
): Promise<FrameImages> {
  const view = viewOf(
    { image: photo.image, crop, landmarks: frame.landmarks, focal },
    Math.min(size, crop.width),
    defaultConfig.pose,
  );
  const [{ textures }] = person;
  const maps = { diffuse: mapOf(textures.diffuse), specular: mapOf(textures.specular) };
  const vector = (values: ArrayLike<number>): Tensor => tensor(Float32Array.from(values));
  const mesh = noGrad(() =>
    posedFace(model, {
      rotation: vector(frame.rotation),
      translation: vector(frame.translation),
      identity: vector(identityOf(person[0])),
      blendshapes: vector(frame.expression),
    }),
  );
  const lit = async (sh: ArrayLike<number>): Promise<{ image: Tensor; inside: Tensor }> => {
    const coefficients = tensor(Float32Array.from(sh), [sh.length / 3, 3]);
    // one seed for all frames: what noise is left stands still
    const options = { spp, seed: 1, lightHeight: 32 };
    const shown = await faceView(model, mesh, coefficients, view.camera, columnOf(model.data.mask), options);
    return { image: faceImage(shown, maps), inside: shown.face.mul(shown.coverage) };
  };
  const own = await lit(frame.light);
  const { image } = await lit(studioLights()[light].sh);
  return {
    photo: view.image,
    overlay: await hostImage(noGrad(() => over(own.image, view.photo, own.inside))),
    relit: await hostImage(image),
  };
}

/** The identity's coefficients of a result. */
export const identityOf = ({ parameters }: FitResult): ArrayLike<number> =>
  parameters.find(({ name }) => name === 'identity')!.values;
