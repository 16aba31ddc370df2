import { ChiaroError, tensor, type Tensor } from '@chiaro/autograd';
import {
  attributeResult,
  displayImage,
  resample,
  studioLights,
  type AttributeFace,
  type Display,
  type FitImages,
  type HostImage,
} from '@chiaro/faces';
import { bytesToLinear, imageGrid, saveImage } from '@chiaro/render';
import type { WorldFace } from '../world.js';
import { inLight } from './photos.js';
import type { Prediction, Predictor } from './predictor.js';
import { photoOf } from './refine.js';

/** How pictures of a figure are drawn. */
export interface FigureDrawing {
  /** Pixels of a side of each picture. */
  readonly size: number;
  /** Samples per pixel. */
  readonly spp: number;
}

const figureDrawing: FigureDrawing = { size: 128, spp: 64 };

/** A map as a picture of a figure, [S, S, 3] linear RGB. */
const shown = (image: HostImage, display: Display): Tensor =>
  tensor(bytesToLinear(displayImage(image, display).pixels.data), [image.height, image.width, 3]);

/** Pictures of a face that networks have seen, each [S, S, 3] linear RGB. @param face another one in its place. */
export async function facePictures(
  { setting: { model } }: Predictor,
  seen: Prediction,
  wanted: readonly (readonly [keyof FitImages, Display])[],
  { size, spp }: FigureDrawing = figureDrawing,
  face: AttributeFace = seen.face,
): Promise<Tensor[]> {
  const others = { smallSize: size, smallSpp: 1, lights: 0, frames: 0, seconds: 0 };
  const { images } = await attributeResult(model, { ...seen, face }, { size, spp, ...others });
  return wanted.flatMap(([name, display]) => {
    const image = images[name];
    return image ? [shown(image, display)] : [];
  });
}

/** Pictures of a photograph on a figure. */
const photoPictures = [
  ['photo', 'color'],
  ['overlay', 'color'],
  ['shading', 'exposed'],
  ['normals', 'normals'],
  ['diffuse', 'color'],
  ['specular', 'exposed'],
] as const;
/** Those of a photograph of the world, normals and diffuse albedo last, each beside the truth. */
const worldPictures = [
  ['photo', 'color'],
  ['final', 'color'],
  ['shading', 'exposed'],
  ['specular', 'exposed'],
  ['normals', 'normals'],
  ['diffuse', 'color'],
] as const;

/** Studio lights that a figure shows faces in. */
const lamps = ['key left', 'key right'];

/**
 * Draws what networks see in photographs, a row for each: photograph, face laid over it, shading, normals, diffuse and
 * specular albedo, and the face under a lamp from the left and from the right. @param path a PNG or JPEG.
 * @throws ChiaroError for no photograph.
 */
export async function savePhotoFigure(
  path: string,
  predictor: Predictor,
  list: readonly Prediction[],
  drawing?: FigureDrawing,
): Promise<void> {
  if (list.length === 0) throw new ChiaroError('there is no face to draw');
  const lights = studioLights().filter(({ label }) => lamps.includes(label));
  const rows: Tensor[][] = [];
  for (const seen of list) {
    const row = await facePictures(predictor, seen, photoPictures, drawing);
    for (const { sh } of lights) {
      const other = inLight(seen.face, tensor(sh, [sh.length / 3, 3]));
      row.push(...(await facePictures(predictor, seen, [['final', 'color']], drawing, other)));
    }
    rows.push(row);
  }
  await saveImage(path, imageGrid(rows.flat(), { columns: rows[0].length }));
}

/** What networks see in a photograph of the world. */
export const seenInWorld = ({ predict }: Predictor, { photo, landmarks }: WorldFace): Promise<Prediction> =>
  predict(photoOf(photo, 'photograph'), landmarks);

/**
 * Draws what networks see in photographs of the world, a row for each: photograph, reconstruction, shading, specular albedo,
 * and each beside the truth normals, diffuse albedo, and the face in another light. The photograph and what is true have
 * fewer pixels. @param path a PNG or JPEG.
 */
export async function saveTestFigure(
  path: string,
  predictor: Predictor,
  faces: readonly WorldFace[],
  drawing = figureDrawing,
): Promise<void> {
  const { size } = drawing;
  const rows: Tensor[][] = [];
  for (const truth of faces) {
    const seen = await seenInWorld(predictor, truth);
    const own = await facePictures(predictor, seen, worldPictures, drawing);
    const light = tensor(truth.relitLight, [truth.relitLight.length / 3, 3]);
    const [relit] = await facePictures(predictor, seen, [['final', 'color']], drawing, inLight(seen.face, light));
    const side = Math.sqrt(truth.faceMask.length);
    const [normals, albedo, trueRelit] = (['normals', 'albedo', 'relit'] as const).map((name) =>
      shown(
        resample({ width: side, height: side, channels: 3, data: truth[name] }, seen.crop, size, size),
        name === 'normals' ? 'normals' : 'color',
      ),
    );
    rows.push([...own.slice(0, 5), normals, own[5], albedo, relit, trueRelit]);
  }
  await saveImage(path, imageGrid(rows.flat(), { columns: rows[0].length }));
}
