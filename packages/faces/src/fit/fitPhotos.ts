import { photoLandmarks } from '../landmarks/photoLandmarks.js';
import { loadFaceModel } from '../model/files/loadFaceModel.js';
import type { Photo } from '../photo/photo.js';
import { fitFaces } from './fitFaces.js';
import type { FaceInPhoto } from './fitFaces.js';
import type { FitOptions, FitResult } from './types.js';

/**
 * The whole way from photographs of one person: loads the face model, finds in each photograph the chosen or the largest
 * face and its landmarks with the networks that come with this package, and fits them together with `fitFaces`: one shape,
 * one albedo and one set of textures, and for each photograph an expression, a pose and a light.
 *
 * @param options `budgetSeconds` is for all photographs together.
 * @returns a result per photograph; `stages`, `totalSeconds` and `notes` are of the whole fit.
 * @throws ChiaroError for no photograph, no face in one of them, a profile, a model that cannot be read.
 *
 * @example
 * const photos = await Promise.all(['a.jpg', 'b.jpg'].map((path) => loadPhoto(path)));
 * const [a, b] = await fitPhotos(photos, { budgetSeconds: 960, seed: 1 }); // a and b have equal `identity` parameters
 */
export async function fitPhotos(photos: readonly Photo[], options: FitOptions): Promise<readonly FitResult[]> {
  const started = performance.now();
  const notes: string[] = [];
  const model = await loadFaceModel({ path: options.model });
  const faces: FaceInPhoto[] = [];
  for (const [k, photo] of photos.entries()) {
    options.signal?.throwIfAborted();
    const note = (text: string): void => {
      const named = photos.length > 1 ? `${photo.name}: ${text}` : text;
      notes.push(named);
      options.onNote?.(named);
    };
    const progress = { stage: 'detect', detail: `face and landmarks, ${photo.name}`, steps: photos.length } as const;
    options.onProgress?.({ ...progress, step: k, rate: 0 });
    faces.push({ photo, landmarks: await photoLandmarks(photo, { face: options.face, onNote: note }) });
    const rate = (1000 * (k + 1)) / (performance.now() - started);
    options.onProgress?.({ ...progress, step: k + 1, rate, etaSeconds: (photos.length - k - 1) / rate });
  }
  const seconds = (performance.now() - started) / 1000;
  const budgetSeconds = Math.max(1, options.budgetSeconds - seconds);
  const results = await fitFaces(faces, { ...options, budgetSeconds, model });
  return results.map((result) => ({
    ...result,
    stages: [{ stage: 'detect', seconds, steps: photos.length, curves: [] }, ...result.stages],
    totalSeconds: result.totalSeconds + seconds,
    notes: [...notes, ...result.notes],
  }));
}
