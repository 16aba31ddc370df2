import { environmentOfSH, noGrad, tensor } from '../../engine.js';
import type { Mesh, Tensor } from '../../engine.js';
import { posedFace } from '../../scene/posedFace.js';
import type { FaceTextures } from '../../scene/posedFace.js';
import { studioLights } from '../../scene/studioLights.js';
import type { FitConfig } from '../config.js';
import type { FaceContext } from '../faceContext.js';
import type { FaceValues } from '../faceVariables.js';
import type { View } from '../problem.js';
import type { RelitImage, Turntable } from '../types.js';
import { faceImage, faceView } from './faceImages.js';
import { hostImage } from './hostImages.js';

/** What the extra views of a result are made of. */
export interface ViewInputs {
  readonly context: Pick<FaceContext, 'model' | 'mask'>;
  readonly variables: FaceValues;
  readonly textures: FaceTextures;
  /** [M, M, 3] encoded, tangent space; none if not given. */
  readonly normalMap?: Tensor | undefined;
  readonly view: Pick<View, 'camera'>;
  readonly config: FitConfig['render'];
  readonly seed: number;
  /** Called before every image; false where no time is left for it, throws to stop. */
  readonly next: (label: string) => boolean;
}

async function imageOf(
  { context, textures, normalMap, view, config, seed }: ViewInputs,
  mesh: Mesh,
  light: Tensor,
): Promise<Tensor> {
  const options = { spp: config.smallSpp, seed, lightHeight: 32, normalMap };
  return faceImage(await faceView(context.model, mesh, light, view.camera, context.mask, options), textures);
}

/** The fitted face under other lights, path traced: as many as there is time for. */
export async function relitImages(inputs: ViewInputs): Promise<RelitImage[]> {
  const mesh = noGrad(() => posedFace(inputs.context.model, inputs.variables));
  const images: RelitImage[] = [];
  for (const { label, sh } of studioLights().slice(0, inputs.config.lights)) {
    if (!inputs.next(`light: ${label}`)) break;
    const light = tensor(sh, [sh.length / 3, 3]);
    const image = await hostImage(await imageOf(inputs, mesh, light));
    images.push({ label, image, environment: await hostImage(environmentOfSH(light, { height: 32 }).clamp(0)) });
  }
  return images;
}

/** The largest angle of the turntable, radians. */
const reach = 0.9;

/** The face turned about the vertical axis under a side light, from one side to the other; none if time runs out. */
export async function turntable(inputs: ViewInputs): Promise<Turntable | undefined> {
  const { context, variables: v, config, next } = inputs;
  if (config.frames < 2) return undefined;
  const light = tensor(studioLights()[1].sh, [81, 3]);
  const angles = Array.from({ length: config.frames }, (_, k) => reach * ((2 * k) / (config.frames - 1) - 1));
  const frames = [];
  for (const angle of angles) {
    if (!next(`turned by ${Math.round((angle * 180) / Math.PI)} degrees`)) return undefined;
    const mesh = noGrad(() => posedFace(context.model, { ...v, rotation: tensor([0, angle, 0]) }));
    frames.push(await hostImage(await imageOf(inputs, mesh, light)));
  }
  return { frames, angles };
}
