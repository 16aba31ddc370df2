import { ChiaroError, tensor } from '@chiaro/autograd';
import {
  cropAroundLandmarks,
  cropRules,
  detectLandmarks,
  findFaces,
  landmarkMask,
  landmarksInCrop,
  loadPhoto,
  maskRules,
  resample,
  type Crop,
  type DetectedFace,
} from '@chiaro/faces';
import type { VideoFrame } from './frames.js';

/** A photograph's face as the networks see it. */
export interface PhotoFrame extends VideoFrame {
  /** What was cut out of the photograph. */
  readonly crop: Crop;
  /** Pixels of the photograph. */
  readonly photo: { readonly width: number; readonly height: number };
  /** What was done to the photograph, for people. */
  readonly notes: readonly string[];
}

/**
 * Finds the face of a photograph, the largest one, and cuts it out.
 * @throws FormatError for a file that is no photograph; ChiaroError where it shows no face.
 */
export async function photoFrame(file: string, size: number): Promise<PhotoFrame> {
  const photo = await loadPhoto(file);
  const { width, height } = photo;
  const image = tensor(photo.image.data, [height, width, 3]);
  try {
    const faces = await findFaces(image);
    if (faces.length === 0)
      throw new ChiaroError(
        `${photo.name}: no face was found; give a picture of an upright face that fills a good part of it`,
      );
    const area = (face: DetectedFace): number => face.width * face.height;
    const largest = faces.reduce((a, b) => (area(b) > area(a) ? b : a));
    const found = await detectLandmarks(image, largest);
    const crop = cropAroundLandmarks(found, cropRules.illuresSfsNet);
    const landmarks = landmarksInCrop(found, crop, size);
    const several = faces.length > 1 ? [`${faces.length} faces: the largest one is taken`] : [];
    return {
      ...{ size, crop, landmarks, photo: { width, height }, notes: [...photo.notes, ...several] },
      image: resample(photo.image, crop, size, size, { filter: 'box' }).data,
      mask: landmarkMask(landmarks, size, maskRules.illuresSfsNet),
    };
  } finally {
    image.dispose();
  }
}
