import type { Tensor } from '@chiaro/autograd';
import {
  facePictures,
  seenInWorld,
  type FigureDrawing,
  type Prediction,
  type Predictor,
  type WorldFace,
} from '@chiaro/example-rich-reflectance';
import { imageGrid, saveImage } from '@chiaro/render';
import { halfOf } from '../experiment.js';
import { aged } from './variations.js';

const wanted = [
  ['normals', 'normals'],
  ['photo', 'color'],
] as const;

/** A face, and the one whose normal map it gets. */
export type AgingPair = readonly [seen: Prediction, other: Prediction];

/**
 * Figure 22: faces with the normal map of another one. A row for each: the photograph, the other one, the face's own normals and
 * those that it gets, and it under a lamp from the left and from the right, as it is and with them.
 * @param path a PNG or JPEG. @throws ChiaroError where a face has no normal map.
 */
export async function saveAgingFigure(
  path: string,
  predictor: Predictor,
  pairs: readonly AgingPair[],
  drawing?: FigureDrawing,
): Promise<void> {
  const rows: Tensor[][] = [];
  for (const [seen, other] of pairs) {
    const [withMap, ...lit] = aged(seen, { name: other.photo.name, face: other.face });
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

/** Faces of the world whose furrows are paint, each with the next one whose furrows are geometry. */
export async function agingPairs(
  predictor: Predictor,
  test: readonly WorldFace[],
  count: number,
): Promise<AgingPair[]> {
  const [painted, furrowed] = (['paint', 'geometry'] as const).map((half) => test.filter((_, n) => halfOf(n) === half));
  const pairs: AgingPair[] = [];
  for (const [k, face] of painted.slice(0, count).entries())
    pairs.push([await seenInWorld(predictor, face), await seenInWorld(predictor, furrowed[(k + 1) % furrowed.length])]);
  return pairs;
}
