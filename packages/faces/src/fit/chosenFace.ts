import { ChiaroError } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { DetectedFace } from '../landmarks/detectFaces.js';
import { findFaces } from '../landmarks/findFaces.js';
import type { Photo } from '../photo/photo.js';

const area = ({ width, height }: DetectedFace): number => width * height;

/** The face of a photograph that is asked for, else the largest one. @throws ChiaroError if there is none. */
export async function chosenFace(
  photo: Photo,
  image: Tensor,
  number: number | undefined,
  note: (text: string) => void,
): Promise<DetectedFace> {
  const faces = await findFaces(image);
  if (faces.length === 0) {
    throw new ChiaroError(
      `${photo.name}: no face was found; give a photograph with one upright, well visible face that fills a good part of it`,
    );
  }
  if (number !== undefined) {
    const face = faces[number - 1] as DetectedFace | undefined;
    if (face) return face;
    throw new ChiaroError(
      `${photo.name}: there is no face ${number}; ${faces.length === 1 ? 'one was' : `${faces.length} were`} found, ` +
        'counted from the left',
    );
  }
  const largest = faces.reduce((best, face) => (area(face) > area(best) ? face : best));
  if (faces.length > 1)
    note(
      `${faces.length} faces: the largest one is fitted, number ${faces.indexOf(largest) + 1} from the left; ` +
        'choose another one by its number',
    );
  return largest;
}
