import { cropAroundLandmarks, cropRules, landmarkMask, landmarksInCrop, maskRules, resample } from '@chiaro/faces';
import type { HostImage } from '@chiaro/faces';

/** A photograph's face as the network sees it. */
export interface FaceCrop {
  /** [S * S * 3] sRGB bytes, black outside of the mask. */
  readonly image: Uint8Array;
  /** [S * S * 3] the same with its surroundings. */
  readonly surroundings: Uint8Array;
  /** [S * S] */
  readonly mask: Uint8Array;
  /** [68 * 2] pixels of the crop. */
  readonly landmarks: Float32Array;
}

/**
 * Input pre-processing of section 6.1 for a photograph: cut out by its landmarks, everything but the face blackened.
 * @param picture sRGB in [0, 1].
 */
export function cropPhoto(picture: HostImage, landmarks: ArrayLike<number>, size: number): FaceCrop {
  const crop = cropAroundLandmarks(landmarks, cropRules.inverseFaceNet);
  const placed = landmarksInCrop(landmarks, crop, size);
  const mask = landmarkMask(placed, size, maskRules.inverseFaceNet);
  const { data } = resample(picture, crop, size, size, { filter: 'box' });
  const surroundings = Uint8Array.from(data, (v) => Math.round(255 * v));
  return { image: surroundings.map((v, i) => v * mask[Math.floor(i / 3)]), surroundings, mask, landmarks: placed };
}
