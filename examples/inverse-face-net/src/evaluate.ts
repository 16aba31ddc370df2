import { cholesky, choleskySolve, tensor } from '@chiaro/autograd';
import { summarize, vertexError, type ErrorSummary } from '@chiaro/faces';
import { evaluateSHHost, halfCosine, linearOfSRGB, shBands } from '@chiaro/render';
import { geometryOf, type FaceRenderer } from './model/faceRenderer.js';
import { part } from './model/parameters.js';
import type { WorldFace } from './world/worldPhotos.js';

/** Errors of section 8 on a set of photographs, mean and deviation over them. */
export interface Scores {
  /** Root mean square difference of 8-bit colours inside of the mask of the photograph. */
  readonly photometric: ErrorSummary;
  /** Root mean square distance of corresponding vertices in the head's frame, mm. */
  readonly geometric: ErrorSummary;
  /** The same after the best rigid motion. */
  readonly aligned: ErrorSummary;
  /** Intersection over union of the masks, in percent. */
  readonly overlap: ErrorSummary;
}

const rms = (values: ArrayLike<number>): number =>
  Math.sqrt(Array.from(values).reduce((sum, x) => sum + x * x, 0) / values.length);

/** Errors of predictions theta [N * m] of photographs. */
export async function score(renderer: FaceRenderer, theta: Float32Array, faces: readonly WorldFace[]): Promise<Scores> {
  const { model, template, size } = renderer;
  const m = model.layout.size;
  const pixels = size * size;
  const { images, masks } = await renderer.render(theta);
  const lists: Record<keyof Scores, number[]> = { photometric: [], geometric: [], aligned: [], overlap: [] };
  faces.forEach(({ image, mask, positions }, n) => {
    const [rendered, covered] = [images.subarray(3 * n * pixels), masks.subarray(n * pixels)];
    let [square, inside, both, either] = [0, 0, 0, 0];
    for (let p = 0; p < pixels; p++) {
      both += mask[p] & covered[p];
      either += mask[p] | covered[p];
      if (mask[p] === 0) continue;
      inside++;
      for (let c = 0; c < 3; c++) square += (image[3 * p + c] - rendered[3 * p + c]) ** 2;
    }
    lists.photometric.push(Math.sqrt(square / (3 * inside)));
    lists.overlap.push((100 * both) / either);
    const found = geometryOf(model, theta.subarray(n * m, (n + 1) * m));
    const distances = (align: 'none' | 'rigid'): number =>
      rms(vertexError(found, positions, { align, vertices: template.masked }).distances);
    lists.geometric.push(distances('none'));
    lists.aligned.push(distances('rigid'));
  });
  const summary = (name: keyof Scores): ErrorSummary => summarize(lists[name]);
  return {
    photometric: summary('photometric'),
    geometric: summary('geometric'),
    aligned: summary('aligned'),
    overlap: summary('overlap'),
  };
}

/** 8-bit colours below this say nothing about the light. */
const darkest = 4;

/**
 * theta [N * m] of one face, say the mean, with the light refitted to each photograph: least squares of the 27 numbers on
 * the pixels that both masks have, in linear light. What a network has to beat.
 */
export async function refitLight(
  renderer: FaceRenderer,
  theta: Float32Array,
  faces: readonly WorldFace[],
): Promise<Float32Array> {
  const { layout } = renderer.model;
  const { albedo, normals, mask } = await renderer.surface(theta);
  const factors = shBands(2).map((l) => halfCosine(2)[l]);
  const basis = Float64Array.from({ length: 9 * mask.length });
  mask.forEach((inside, p) => {
    if (inside)
      evaluateSHHost(normals.subarray(3 * p, 3 * p + 3), 2).forEach((y, k) => (basis[9 * p + k] = factors[k] * y));
  });
  // normal equations of every photograph and channel
  const [squares, right] = [new Float32Array(faces.length * 243), new Float32Array(faces.length * 27)];
  faces.forEach((face, n) => {
    face.mask.forEach((inside, p) => {
      for (let c = 0; inside && mask[p] && c < 3; c++) {
        const value = face.image[3 * p + c];
        if (value < darkest) continue;
        const [target, a] = [linearOfSRGB(value / 255), albedo[3 * p + c]];
        const system = 3 * n + c;
        for (let i = 0; i < 9; i++) {
          right[9 * system + i] += a * basis[9 * p + i] * target;
          for (let j = 0; j < 9; j++) squares[81 * system + 9 * i + j] += a * a * basis[9 * p + i] * basis[9 * p + j];
        }
      }
    });
    for (let system = 3 * n; system < 3 * n + 3; system++)
      for (let i = 0; i < 9; i++) squares[81 * system + 10 * i] += 1e-4 * squares[81 * system] + 1e-6;
  });
  const factor = cholesky(tensor(squares, [3 * faces.length, 9, 9]));
  const lights = await choleskySolve(tensor(right, [3 * faces.length, 9, 1]), factor).data();
  const result = new Float32Array(layout.size * faces.length);
  faces.forEach((_, n) => {
    const row = result.subarray(n * layout.size, (n + 1) * layout.size);
    row.set(theta);
    part(row, layout, 'illumination').forEach(
      (__, i, light) => (light[i] = lights[27 * n + 9 * (i % 3) + Math.floor(i / 3)]),
    );
  });
  return result;
}
