import { cholesky, choleskySolve, tensor } from '@chiaro/autograd';
import type { FaceMaps, KeptFace } from '../data/faceMaps.js';
import { unitNormals } from '../data/faceMaps.js';
import { lambertBasis, lightNumbers } from '../data/formation.js';
import type { TakenApart } from './decompose.js';

/**
 * What a network has to beat: the mean over training faces of each pixel's albedo and normal, and of the light, with no R.
 * Where no training face is, the albedo is their mean and the normal looks at the camera.
 */
export function meanFace(faces: readonly KeptFace[]): TakenApart {
  const size = faces[0].maps.size;
  const numbers = 3 * size * size;
  const [albedo, normals] = [new Float64Array(numbers), new Float64Array(numbers)];
  const counts = new Float64Array(size * size);
  const light = new Float64Array(lightNumbers);
  const overall = [0, 0, 0];
  for (const face of faces) {
    const maps = face.maps;
    for (let i = 0; i < numbers; i++) {
      albedo[i] += maps.albedo[i];
      normals[i] += maps.normals[i];
      overall[i % 3] += maps.albedo[i];
    }
    counts.forEach((_, p) => (counts[p] += maps.mask[p]));
    light.forEach((_, k) => (light[k] += maps.light[k] / faces.length));
  }
  const seen = counts.reduce((a, b) => a + b, 0);
  return {
    albedo: albedo.map((x, i) => {
      const count = counts[Math.floor(i / 3)];
      return count > 0 ? x / count : overall[i % 3] / seen;
    }),
    normals: unitNormals(normals.map((x, i) => (counts[Math.floor(i / 3)] > 0 ? x : Number(i % 3 === 2)))),
    light,
    residual: undefined,
  };
}

/** The same face for each picture, with the light that makes it most like the picture: 27 numbers by least squares. */
export async function refitLights(mean: TakenApart, faces: readonly FaceMaps[]): Promise<TakenApart[]> {
  const basis: Float64Array[] = [];
  for (let p = 0; p < mean.normals.length; p += 3)
    basis.push(lambertBasis([mean.normals[p], mean.normals[p + 1], mean.normals[p + 2]]));
  // normal equations of every picture and colour
  const systems = 3 * faces.length;
  const [squares, right] = [new Float32Array(systems * 81), new Float32Array(systems * 9)];
  faces.forEach(({ image, mask }, n) => {
    for (let p = 0; p < mask.length; p++)
      for (let c = 0; mask[p] !== 0 && c < 3; c++) {
        const [at, a] = [3 * n + c, mean.albedo[3 * p + c]];
        for (let i = 0; i < 9; i++) {
          right[9 * at + i] += a * basis[p][i] * image[3 * p + c];
          for (let j = 0; j < 9; j++) squares[81 * at + 9 * i + j] += a * a * basis[p][i] * basis[p][j];
        }
      }
  });
  // light that shines on nothing that is seen has no size of its own
  for (let at = 0; at < systems; at++)
    for (let i = 0; i < 9; i++) squares[81 * at + 10 * i] += 1e-6 * squares[81 * at] + 1e-9;
  const factor = cholesky(tensor(squares, [systems, 9, 9]));
  const lights = await choleskySolve(tensor(right, [systems, 9, 1]), factor).data();
  return faces.map((_, n) => ({
    ...mean,
    light: Float32Array.from({ length: lightNumbers }, (__, k) => lights[27 * n + 9 * (k % 3) + Math.floor(k / 3)]),
  }));
}
