import { environmentOfSH } from '../../engine.js';
import type { FaceTextures } from '../../scene/posedFace.js';
import type { Tensor } from '../../engine.js';
import type { Crop } from '../../crop/index.js';
import type { FaceContext } from '../faceContext.js';
import type { FaceValues } from '../faceVariables.js';
import { imageMetrics } from '../metrics.js';
import type { FitResult } from '../types.js';
import { faceImage } from './faceImages.js';
import type { FaceView } from './faceImages.js';
import { fittedCamera, fittedMesh, outlineMetrics, resultImages } from './faceResult.js';
import type { SeenView } from './faceResult.js';
import { hostImage } from './hostImages.js';
import { fitParameters } from './parameters.js';

/** What the result has of one photograph, besides other lights and sides, and how it came about. */
export type FinishedFace = Omit<
  FitResult,
  'relit' | 'turntable' | 'stages' | 'totalSeconds' | 'adapter' | 'model' | 'seed' | 'notes'
>;

/** A face that is found, and what its photograph shows. */
export interface FoundFace {
  readonly context: Pick<FaceContext, 'model' | 'landmarks'>;
  readonly values: FaceValues;
  readonly textures: FaceTextures;
  /** [M, M, 3] encoded, tangent space; none if not given. */
  readonly normalMap?: Tensor | undefined;
  /** Traced in its light, as `at` sees it. */
  readonly lit: FaceView;
  /** The same with the model's own textures. */
  readonly modelOnly: Tensor;
  readonly at: SeenView;
  /** [H * W] pixels that are compared. */
  readonly mask: Uint8Array;
  readonly crop: Crop;
  /** Focal length in pixels of the photograph. */
  readonly focal: number;
}

/** Images, numbers and measures of a face that is found. */
export async function finishedFace(found: FoundFace): Promise<FinishedFace> {
  const { context, values, textures, normalMap, lit, modelOnly, at, mask, crop, focal } = found;
  const { model } = context;
  const { ssim: ssimModelOnly } = await imageMetrics(modelOnly, at.photo, mask);
  const final = faceImage(lit, textures);
  const outline = await outlineMetrics(context, values, at, lit);
  return {
    metrics: {
      ...(await imageMetrics(final, at.photo, mask)),
      ssimModelOnly,
      landmarkRms: outline.rms,
      maskIou: outline.iou,
    },
    images: await resultImages({ face: lit, textures, final, modelOnly, at, mask, roughness: model.roughness }),
    mesh: await fittedMesh(model, values),
    textures: {
      diffuse: await hostImage(textures.diffuse),
      specular: await hostImage(textures.specular),
      roughness: { width: 1, height: 1, channels: 1, data: Float32Array.of(model.roughness) } as const,
    },
    ...(normalMap && { normalMap: await hostImage(normalMap) }),
    camera: await fittedCamera(values, at, crop),
    light: {
      sh: Float32Array.from(await values.light.data()),
      environment: await hostImage(environmentOfSH(values.light, { height: 64 })),
    },
    parameters: await fitParameters(values, focal, model.albedoCount),
  };
}

/** [H * W] pixels that are compared: wholly covered, and of the face by more than half. */
export async function comparedPixels(face: FaceView): Promise<Uint8Array> {
  const [inside, covered] = await Promise.all([face.face.data(), face.coverage.data()]);
  return Uint8Array.from(inside, (m, k) => Number(m > 0.5 && covered[k] > 0.999));
}
