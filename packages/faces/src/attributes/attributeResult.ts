import { ChiaroError, deviceInfo, pinhole, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { landmarksInCrop, resample, type Crop } from '../crop/index.js';
import { faceImage, faceView } from '../fit/result/faceImages.js';
import type { FaceView } from '../fit/result/faceImages.js';
import { comparedPixels, finishedFace } from '../fit/result/finishedFace.js';
import { relitImages, turntable } from '../fit/result/views.js';
import type { FitNote, FitResult } from '../fit/types.js';
import type { MorphableModel } from '../model/index.js';
import type { Photo } from '../photo/photo.js';
import { columnOf } from '../scene/surfaceImage.js';
import type { AttributeFace } from './attributeFace.js';
import type { EnhancedFace } from './enhancedFace.js';

/** A photograph's face as a network sees it. */
export interface SeenFace {
  readonly photo: Photo;
  /** [68 * 2] pixels of the photograph. */
  readonly landmarks: ArrayLike<number>;
  /** The square of the photograph that the network took; beyond the photograph its border goes on. */
  readonly crop: Crop;
  /** The camera that the face was found for: focal length over the crop's side, the principal point in its middle. */
  readonly focal: number;
  readonly face: AttributeFace | EnhancedFace;
}

/** How results are drawn. */
export interface AttributeResultOptions {
  /** Pixels of a side of the images. */
  readonly size: number;
  /** Samples per pixel of the images in the face's own light, and in other lights and from other sides. */
  readonly spp: number;
  readonly smallSpp: number;
  /** Pixels of a side of the latter. */
  readonly smallSize: number;
  /** Studio lights, 0 to 6, and frames of the turntable, none below 2. */
  readonly lights: number;
  readonly frames: number;
  /** Of finding the face: what the result says it took. */
  readonly seconds: number;
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/**
 * What a network found of a face, as the result of a fit: `resultFiles` writes the same folder of it (overlay, final, shading,
 * normals, albedos, environment, GLB, page with relit views and turntable), which the commands for fitted faces read. The
 * result has no stages. A normal map is seen in everything but `modelOnly`, which has the mesh's normals.
 * @throws ChiaroError where the face covers no pixel of the crop.
 *
 * @example
 * const result = await attributeResult(model, { photo, landmarks, crop, focal: 3.67, face }, options);
 * for (const [name, bytes] of await resultFiles(photo, result)) await host.writeFile(`out/${name}`, bytes);
 */
export async function attributeResult(
  model: MorphableModel,
  { photo, landmarks, crop, focal, face }: SeenFace,
  { size, spp, smallSpp, smallSize, lights, frames, seconds, seed = 1, signal }: AttributeResultOptions,
): Promise<FitResult> {
  const image = resample(photo.image, crop, size, size);
  const cameraOf = (pixels: number) =>
    pinhole({
      ...{ width: pixels, height: pixels, near: 50, far: 10000 },
      intrinsics: tensor([focal * pixels, focal * pixels, pixels / 2, pixels / 2]),
    });
  const at = {
    ...{ size, image, photo: tensor(image.data, [size, size, 3]), camera: cameraOf(size) },
    intrinsics: [focal * size, focal * size, size / 2, size / 2] as const,
    landmarks: landmarksInCrop(landmarks, crop, size),
  };
  const { attributes: values, mesh, textures, normalMap } = face;
  const context = { model, landmarks: model.landmarkPoints(), mask: columnOf(model.data.mask) };
  const seenBy = (map?: Tensor): Promise<FaceView> =>
    faceView(model, mesh, values.light, at.camera, context.mask, { spp, seed, lightHeight: 32, normalMap: map });
  const lit = await seenBy(normalMap);
  const mask = await comparedPixels(lit);
  if (!mask.includes(1))
    throw new ChiaroError(
      `${photo.name}: the face that was found covers no pixel of the crop; train the network longer`,
    );
  const base = 'base' in face ? face.base : textures;
  const grey = base.specular.expand(base.diffuse.shape);
  const modelOnly = faceImage(normalMap ? await seenBy() : lit, { diffuse: base.diffuse, specular: grey });
  const found = { context, values, textures, normalMap, lit, modelOnly, at, mask, crop, focal: focal * crop.width };
  const views = {
    ...{ context, variables: values, textures, normalMap, seed, view: { camera: cameraOf(smallSize) } },
    config: { spp, smallSize, smallSpp, lights, frames },
    next: () => {
      signal?.throwIfAborted();
      return true;
    },
  };
  const turned = await turntable(views);
  return {
    ...(await finishedFace(found)),
    relit: await relitImages(views),
    ...(turned && { turntable: turned }),
    ...{ stages: [], totalSeconds: seconds, adapter: (await deviceInfo()).name, model: model.data.name, seed },
    notes: photo.notes as readonly FitNote[],
  };
}
