import type { Tensor } from '../engine.js';
import { detectFaces } from './detectFaces.js';
import type { DetectedFace } from './detectFaces.js';

/** Sizes that the detector looks at in turn, until it sees a face: a larger one finds smaller faces, and is slower. */
const inputSizes = [416, 832];

/**
 * All faces of a photograph from left to right by their middles: `detectFaces`, again at a finer size where it sees none.
 * The place in this list plus 1 is the number that `FitOptions.face` takes.
 * @param image linear RGB, [H, W, 3].
 */
export async function findFaces(image: Tensor): Promise<readonly DetectedFace[]> {
  for (const inputSize of inputSizes) {
    const faces = await detectFaces(image, { inputSize });
    if (faces.length > 0) return faces.sort((a, b) => a.x + a.width / 2 - (b.x + b.width / 2));
  }
  return [];
}
