import type { Photo } from '../photo/photo.js';
import { fitFaces } from './fitFaces.js';
import type { FaceInPhoto, FitFacesOptions } from './fitFaces.js';
import type { FitResult } from './types.js';

/** What `fitFace` takes: the options of every fit, the model, and what may be given instead of being found. */
export type FitFaceOptions = FitFacesOptions & Pick<FaceInPhoto, 'landmarks' | 'start'>;

/**
 * Reconstructs a face from one photograph by analysis by synthesis with a differentiable path tracer: pose and coarse
 * shape from landmarks, coefficients and light from the picture, then reflectance per texel. See
 * docs/guides/fitting-a-face.md. Equal inputs and seed give equal results on one adapter, as long as the seconds suffice
 * for the whole schedule; if they do not, steps are left out and a note says so.
 *
 * @throws ChiaroError for landmarks that are no face, and for profiles.
 */
export async function fitFace(photo: Photo, { landmarks, start, ...options }: FitFaceOptions): Promise<FitResult> {
  const [result] = await fitFaces([{ photo, landmarks, ...(start && { start }) }], options);
  return result;
}
