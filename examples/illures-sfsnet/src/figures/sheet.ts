import { tensor } from '@chiaro/autograd';
import { imageGrid, saveImage, type ImageGridOptions } from '@chiaro/render';
import { shadingOf } from '../data/formation.js';

/** A square picture, [S * S * 3] linear RGB; what is outside of 0..1 is clipped. */
export type Square = ArrayLike<number>;

/** Square pictures of one size in rows, as a PNG. */
export async function saveSheet(
  path: string,
  pictures: readonly Square[],
  layout: Pick<ImageGridOptions, 'columns' | 'zoom'>,
): Promise<void> {
  const side = Math.sqrt(pictures[0].length / 3);
  const tensors = pictures.map((picture) => tensor(Float32Array.from(picture), [side, side, 3]));
  await saveImage(path, imageGrid(tensors, layout));
}

/** Numbers that should look even, as bytes do, as linear light: the inverse of the sRGB curve, nearly. */
const even = (x: number): number => Math.min(1, Math.max(0, x)) ** 2.2;

/** Normals as colours: x, y, z from -1..1 as bytes; black where there is none. */
export const shownNormals = (normals: ArrayLike<number>): Square =>
  Float32Array.from(normals, (x, i) => {
    const p = i - (i % 3);
    return normals[p] === 0 && normals[p + 1] === 0 && normals[p + 2] === 0 ? 0 : even(0.5 + 0.5 * x);
  });

/** A signed map around grey: -1/2 is black, 1/2 white. */
export const shownResidual = (residual: ArrayLike<number>): Square => Float32Array.from(residual, (x) => even(0.5 + x));

/** One number for each pixel, 0 to 1, as grey. */
export const shownValues = (values: ArrayLike<number>): Square =>
  Float32Array.from({ length: 3 * values.length }, (_, i) => even(values[Math.floor(i / 3)]));

/** Light per albedo, which exceeds 1: half of it. */
export const shownShading = (shading: ArrayLike<number>): Square => Float32Array.from(shading, (x) => x / 2);

/** Black outside of a mask [S * S]. */
export const within = (picture: Square, mask: ArrayLike<number>): Square =>
  Float32Array.from(picture, (x, i) => x * mask[Math.floor(i / 3)]);

/** A ball of albedo 1 in a light, from the camera: [size * size * 3], black around it. */
export function litBall(light: ArrayLike<number>, size: number): Float32Array {
  const normals = new Float32Array(3 * size * size);
  for (let p = 0; p < size * size; p++) {
    const [x, y] = [(2 * ((p % size) + 0.5)) / size - 1, 1 - (2 * (Math.floor(p / size) + 0.5)) / size];
    const square = (x * x + y * y) / 0.9 ** 2;
    if (square < 1) normals.set([x / 0.9, y / 0.9, Math.sqrt(1 - square)], 3 * p);
  }
  return shadingOf(normals, light);
}
