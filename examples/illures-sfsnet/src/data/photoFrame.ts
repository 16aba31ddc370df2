import {
  cropAroundLandmarks,
  cropRules,
  landmarkMask,
  landmarksInCrop,
  loadPhoto,
  photoLandmarks,
  maskRules,
  resample,
  type Crop,
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
  const notes = [...photo.notes];
  const found = await photoLandmarks(photo, { onNote: (text) => notes.push(text) });
  const crop = cropAroundLandmarks(found, cropRules.illuresSfsNet);
  const landmarks = landmarksInCrop(found, crop, size);
  return {
    ...{ size, crop, landmarks, photo: { width, height }, notes },
    image: resample(photo.image, crop, size, size, { filter: 'box' }).data,
    mask: landmarkMask(landmarks, size, maskRules.illuresSfsNet),
  };
}
