import type { Tensor } from '@chiaro/autograd';
import { facePictures, seenInWorld, type FigureDrawing, type WorldFace } from '@chiaro/example-rich-reflectance';
import { imageGrid, saveImage } from '@chiaro/render';
import { halfOf } from '../experiment.js';
import type { RowPredictor } from './predictor.js';
import { aged } from './variations.js';

const wanted = [
  ['normals', 'normals'],
  ['photo', 'color'],
] as const;

/** Faces on the figure. */
const most = 3;

/**
 * Figure 22 on photographs of the world: faces whose furrows are paint with the normal map of the next face whose furrows are
 * geometry. A row for each: the photograph, the other one, the face's own normals and those that it gets, and it under a lamp from
 * the left and from the right, as it is and with them. @param path a PNG or JPEG.
 */
export async function saveAgingFigure(
  path: string,
  predictor: RowPredictor,
  test: readonly WorldFace[],
  drawing?: FigureDrawing,
): Promise<void> {
  const [smooth, furrowed] = (['paint', 'geometry'] as const).map((half) => test.filter((_, n) => halfOf(n) === half));
  const rows: Tensor[][] = [];
  for (let k = 0; k < Math.min(most, smooth.length); k++) {
    const seen = await seenInWorld(predictor, smooth[k]);
    const other = await seenInWorld(predictor, furrowed[(k + 1) % furrowed.length]);
    const [withMap, ...lit] = aged(seen, { name: 'other', face: other.face });
    const [normals, photo] = await facePictures(predictor, seen, wanted, drawing);
    const [, otherPhoto] = await facePictures(predictor, other, wanted, drawing);
    const [moved] = await facePictures(predictor, seen, wanted, drawing, withMap.face);
    const shades: Tensor[] = [];
    for (const { face } of lit)
      shades.push(...(await facePictures(predictor, seen, [['final', 'color']], drawing, face)));
    rows.push([photo, otherPhoto, normals, moved, shades[1], shades[0], shades[3], shades[2]]);
  }
  await saveImage(path, imageGrid(rows.flat(), { columns: rows[0].length }));
}
