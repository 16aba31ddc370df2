import { ChiaroError, tensor, type Tensor } from '../engine.js';
import type { Photo } from '../photo/photo.js';
import type { DetectedFace } from './detectFaces.js';
import { detectLandmarks } from './detectLandmarks.js';
import { findFaces } from './findFaces.js';

/** Which face of a photograph. */
export interface PhotoLandmarksOptions {
  /** Its number from the left, counted from 1; the largest face if not given. */
  readonly face?: number | undefined;
  /** Is told where there were several and the largest was taken. */
  readonly onNote?: ((text: string) => void) | undefined;
}

const area = ({ width, height }: DetectedFace): number => width * height;

/** The face that is asked for, else the largest one. */
async function chosenFace(
  name: string,
  image: Tensor,
  { face: number, onNote }: PhotoLandmarksOptions,
): Promise<DetectedFace> {
  const faces = await findFaces(image);
  if (faces.length === 0) {
    throw new ChiaroError(
      `${name}: no face was found; give a photograph with one upright, well visible face that fills a good part of it`,
    );
  }
  if (number !== undefined) {
    const face = faces[number - 1] as DetectedFace | undefined;
    if (face) return face;
    throw new ChiaroError(
      `${name}: there is no face ${number}; ${faces.length === 1 ? 'one was' : `${faces.length} were`} found, ` +
        'counted from the left',
    );
  }
  const largest = faces.reduce((best, face) => (area(face) > area(best) ? face : best));
  if (faces.length > 1)
    onNote?.(`${faces.length} faces: the largest one is taken, number ${faces.indexOf(largest) + 1} from the left`);
  return largest;
}

/**
 * Landmarks [68 * 2] of a photograph's largest face, or of another one: pixels, the middle of the first one at 0.5.
 * @throws ChiaroError for a photograph without a face, or without that one.
 */
export async function photoLandmarks(photo: Photo, options: PhotoLandmarksOptions = {}): Promise<Float32Array> {
  const image = tensor(photo.image.data, [photo.height, photo.width, 3]);
  try {
    return await detectLandmarks(image, await chosenFace(photo.name, image, options));
  } finally {
    image.dispose();
  }
}
