import { ChiaroError, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { detectFaces } from '../landmarks/detectFaces.js';
import type { DetectedFace } from '../landmarks/detectFaces.js';
import { detectLandmarks } from '../landmarks/detectLandmarks.js';
import { loadFaceModel } from '../model/files/loadFaceModel.js';
import type { Photo } from '../photo/photo.js';
import { fitFace } from './fitFace.js';
import type { FitFace } from './types.js';

/** Sizes that the detector looks at in turn, until it sees a face: a larger one finds smaller faces, and is slower. */
const inputSizes = [416, 832];

const area = ({ width, height }: DetectedFace): number => width * height;

/** The largest face of a photograph. @throws ChiaroError if there is none. */
async function largestFace(photo: Photo, image: Tensor, note: (text: string) => void): Promise<DetectedFace> {
  for (const inputSize of inputSizes) {
    const faces = await detectFaces(image, { inputSize });
    if (faces.length === 0) continue;
    if (faces.length > 1) note(`${faces.length} faces: the largest one is fitted; crop the photograph for another one`);
    return faces.reduce((largest, face) => (area(face) > area(largest) ? face : largest));
  }
  throw new ChiaroError(
    `${photo.name}: no face was found; give a photograph with one upright, well visible face that fills a good part of it`,
  );
}

/**
 * The whole way from a photograph: loads the face model, finds the largest face and its landmarks with the networks that
 * come with this package, and fits it with `fitFace`.
 * @throws ChiaroError for no face, a profile, a model that cannot be read.
 */
export const fitPhoto: FitFace = async (photo, options) => {
  const started = performance.now();
  const notes: string[] = [];
  const note = (text: string): void => {
    notes.push(text);
    options.onNote?.(text);
  };
  const detail = 'face and landmarks';
  options.onProgress?.({ stage: 'detect', detail, step: 0, steps: 1, rate: 0 });
  const model = await loadFaceModel({ path: options.model });
  const image = tensor(photo.image.data, [photo.height, photo.width, 3]);
  const landmarks = await detectLandmarks(image, await largestFace(photo, image, note));
  const seconds = (performance.now() - started) / 1000;
  options.onProgress?.({ stage: 'detect', detail, step: 1, steps: 1, rate: 1 / seconds, etaSeconds: 0 });

  const budgetSeconds = Math.max(1, options.budgetSeconds - seconds);
  const result = await fitFace(photo, { ...options, budgetSeconds, model, landmarks });
  return {
    ...result,
    stages: [{ stage: 'detect', seconds, steps: 1, curves: [] }, ...result.stages],
    totalSeconds: result.totalSeconds + seconds,
    notes: [...notes, ...result.notes],
  };
};
