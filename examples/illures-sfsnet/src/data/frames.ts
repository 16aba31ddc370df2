import { landmarkMask, maskRules } from '@chiaro/faces';
import type { KeptFace } from './faceMaps.js';

/** A frame of a video as the networks see it: S x S pixels cut out by its landmarks. */
export interface VideoFrame {
  readonly size: number;
  /** [S * S * 3] linear RGB in 0..1. */
  readonly image: ArrayLike<number>;
  /** [S * S] 1 on the face, as landmarks tell. */
  readonly mask: ArrayLike<number>;
  /** [68 * 2] in pixels. */
  readonly landmarks: ArrayLike<number>;
}

/** Frames of one person, in order. */
export type VideoClip = readonly VideoFrame[];

/** The clips of a rendered stand-in, with no more than what can be seen: its truth stays behind. */
export function clipsOf(faces: readonly KeptFace[]): VideoClip[] {
  const clips: VideoFrame[][] = [];
  for (const face of faces) {
    const { size, image, landmarks } = face.maps;
    const clip = (clips[face.labels['clip']] ??= []);
    clip.push({ size, image, landmarks, mask: landmarkMask(landmarks, size, maskRules.illuresSfsNet) });
  }
  return clips;
}

/**
 * How much two faces differ in pose and expression: the root mean square distance of their landmarks in parts of the
 * picture's side, as they lie in the squares that are cut out by them.
 */
export function poseDistance(a: ArrayLike<number>, b: ArrayLike<number>, size: number): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum / (a.length / 2)) / size;
}
