import { contourMap } from '../contours.js';
import { residualOf, type KeptFace } from '../data/faceMaps.js';
import { localImage } from '../data/formation.js';
import { saveSheet, shownNormals, shownResidual, shownValues } from './sheet.js';

/** Faces on a sheet. */
const most = 16;

/** A contact sheet of a set, two faces in a row: picture, albedo, normals, I_l, R around grey, mask, contours. */
export async function saveDataSheet(path: string, set: readonly KeptFace[]): Promise<void> {
  const step = Math.max(1, Math.floor(set.length / most));
  const faces = set.filter((_, k) => k % step === 0).slice(0, most);
  const pictures = faces.flatMap(({ maps: face }) => [
    face.image,
    face.albedo,
    shownNormals(face.normals),
    localImage(face.albedo, face.normals, face.light),
    shownResidual(residualOf(face)),
    shownValues(face.mask),
    shownValues(contourMap(face.landmarks, face.size)),
  ]);
  await saveSheet(path, pictures, { columns: 14, zoom: 2 });
}
