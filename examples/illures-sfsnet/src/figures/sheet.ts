import { tensor } from '@chiaro/autograd';
import { saveImage } from '@chiaro/render';
import { shadingOf } from '../data/formation.js';

/** A square picture, [S * S * 3] linear RGB; what is outside of 0..1 is clipped. */
export type Square = ArrayLike<number>;

/** Grey between pictures, linear. */
const paper = 0.008;

/** Square pictures of one size in rows, as a PNG. @param columns pictures in a row. @param zoom each pixel becomes zoom x zoom. */
export async function saveSheet(
  path: string,
  pictures: readonly Square[],
  { columns, zoom = 1, gap = 2 }: { readonly columns: number; readonly zoom?: number; readonly gap?: number },
): Promise<void> {
  const side = Math.sqrt(pictures[0].length / 3);
  const cell = side * zoom + gap;
  const [height, width] = [Math.ceil(pictures.length / columns) * cell - gap, columns * cell - gap];
  const sheet = new Float32Array(3 * height * width).fill(paper);
  pictures.forEach((picture, k) => {
    const [top, left] = [Math.floor(k / columns) * cell, (k % columns) * cell];
    for (let y = 0; y < side * zoom; y++)
      for (let x = 0; x < side * zoom; x++) {
        const from = 3 * (Math.floor(y / zoom) * side + Math.floor(x / zoom));
        const to = 3 * ((top + y) * width + left + x);
        for (let c = 0; c < 3; c++) sheet[to + c] = picture[from + c];
      }
  });
  await saveImage(path, tensor(sheet, [height, width, 3]));
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
