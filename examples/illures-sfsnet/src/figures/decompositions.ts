import { residualOf, type FaceMaps } from '../data/faceMaps.js';
import { shadingOf } from '../data/formation.js';
import type { VideoFrame } from '../data/frames.js';
import type { TakenApart } from '../evaluate/decompose.js';
import { seenAgain } from '../evaluate/measures.js';
import { litBall, saveSheet, shownNormals, shownResidual, shownShading, within, type Square } from './sheet.js';

/** The truth of a face as a decomposition. */
export const truthOf = (face: FaceMaps): TakenApart => ({
  albedo: face.albedo,
  normals: face.normals,
  light: face.light,
  residual: residualOf(face),
});

/** A row of figures 1, 5 and 7: picture, normals, albedo, shading, light on a ball, R around grey, I_g again. */
export function decompositionPictures(
  { image, mask, size }: Omit<VideoFrame, 'landmarks'>,
  found: TakenApart,
): Square[] {
  const { albedo, normals, light, residual } = found;
  const none = new Float32Array(image.length);
  return [
    image,
    within(shownNormals(normals), mask),
    within(albedo, mask),
    within(shownShading(shadingOf(normals, light)), mask),
    shownShading(litBall(light, size)),
    within(shownResidual(residual ?? none), mask),
    within(seenAgain(found), mask),
  ];
}

/**
 * Figures 1, 5 and 7: for each picture a row for each way to take it apart.
 * @param methods decompositions of all pictures by each method, in the order of rows.
 */
export async function saveDecompositions(
  path: string,
  frames: readonly Omit<VideoFrame, 'landmarks'>[],
  methods: readonly (readonly TakenApart[])[],
  zoom = 2,
): Promise<void> {
  const pictures = frames.flatMap((frame, k) => methods.flatMap((found) => decompositionPictures(frame, found[k])));
  await saveSheet(path, pictures, { columns: 7, zoom });
}
