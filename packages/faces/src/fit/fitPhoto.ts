import { fitPhotos } from './fitPhotos.js';
import type { FitFace } from './types.js';

/**
 * The whole way from a photograph: loads the face model, finds the chosen or the largest face and its landmarks with the
 * networks that come with this package, and fits it with `fitFace`.
 * @throws ChiaroError for no face or not so many, a profile, a model that cannot be read.
 */
export const fitPhoto: FitFace = async (photo, options) => {
  const [result] = await fitPhotos([photo], options);
  return result;
};
