import { ChiaroError, FormatError } from '@chiaro/autograd';
import type { Clip } from '../clips/clip.js';

/** Landmarks [68 * 2] in pixels of each frame, undefined where no face was found. */
export type FrameLandmarks = readonly (ArrayLike<number> | undefined)[];

/**
 * Frames that can be tracked.
 * @returns their numbers: those with a face.
 * @throws FormatError where a frame's bytes are not of the clip's size; ChiaroError where the first frame shows no face, which
 *   the paper's tracker starts from, or fewer frames show one than there are to be key frames.
 */
export function framesToTrack({ name, size, frames }: Clip, landmarks: FrameLandmarks, keyFrames: number): number[] {
  if (landmarks.length !== frames.length)
    throw new ChiaroError(`${name}: ${frames.length} frames, but landmarks of ${landmarks.length}`);
  frames.forEach(({ bytes }, k) => {
    if (bytes.length === 3 * size * size) return;
    const pixels = bytes.length / 3;
    const side = Math.sqrt(pixels);
    const shown = Number.isInteger(side) ? `${side} x ${side} pixels` : `${pixels} pixels`;
    throw new FormatError(
      `${name}: frame ${k + 1} of ${frames.length} has ${shown}, the clip ${size} x ${size}; frames of a clip have one size: cut it there, or bring all frames to one size`,
    );
  });
  if (frames.length < keyFrames)
    throw new ChiaroError(
      `${name}: ${frames.length} frames are fewer than the ${keyFrames} key frames that the light is adapted on; ask for ${frames.length} or fewer`,
    );
  if (!landmarks[0])
    throw new ChiaroError(
      `${name}: its first frame shows no face; tracking starts from there: cut the clip to begin where the face is seen`,
    );
  const seen = frames.flatMap((_, k) => (landmarks[k] ? [k] : []));
  if (seen.length < keyFrames)
    throw new ChiaroError(
      `${name}: only ${seen.length} of ${frames.length} frames show a face, ${keyFrames} key frames are asked for`,
    );
  return seen;
}
