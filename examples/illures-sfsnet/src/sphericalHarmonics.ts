import { tensor, type Tensor } from '@chiaro/autograd';
import { evaluateSH, halfCosine, shIndex } from '@chiaro/render';

/** SfSNet's order: 1, z, x, y, 3z^2 - 1, xz, yz, x^2 - y^2, xy. */
const order = [
  [0, 0],
  [1, 0],
  [1, 1],
  [1, -1],
  [2, 0],
  [2, 1],
  [2, -1],
  [2, 2],
  [2, -2],
] as const;

/** [9, 9]: row k has `of(l)` at the place of SfSNet's function number k among Chiaro's. */
const toChiaroPlaces = (of: (l: number) => number): number[][] =>
  order.map(([l, m]) => Array.from({ length: 9 }, (_, place) => (place === shIndex(l, m) ? of(l) : 0)));

/** From Chiaro's places to SfSNet's. */
const transposed = (matrix: number[][]): number[][] => matrix.map((_, i) => matrix.map((row) => row[i]));

/**
 * f(N, L) of eq. 1: sum of L_k A_l Y_lm(n), with SfSNet's constants: 0.886227 of 1, 1.023327 of z, x and y, 0.247708 of
 * 2z^2 - x^2 - y^2, 0.858086 of xz and yz, 0.429043 of x^2 - y^2, 0.858086 of xy (camera space).
 *
 * @param normals N, unit, [B, S, S, 3].
 * @param light L in SfSNet's convention, [B, 27], red's nine first.
 * @returns [B, S, S, 3]; 1 leaves the albedo as it is. May be negative.
 */
export function shading(normals: Tensor, light: Tensor): Tensor {
  const [B, H, W] = normals.shape;
  const cosine = halfCosine(2);
  const weights = transposed(toChiaroPlaces((l) => cosine[l]));
  const coefficients = tensor(weights).matmul(light.reshape([B, 3, 9]).permute([0, 2, 1])); // [B, 9, 3]
  return evaluateSH(normals.reshape([B, H * W, 3]), 2)
    .matmul(coefficients)
    .reshape([B, H, W, 3]);
}

/**
 * Chiaro's light, radiance [B, 27] with colour fastest, in SfSNet's convention, [B, 27] with red's nine first: albedo *
 * shading is then what albedo * irradiance / pi was. For one light at a time, `toConvention` of @chiaro/render.
 */
export function toSfsnet(light: Tensor): Tensor {
  const B = light.shape[0];
  const matrix = toChiaroPlaces(() => 1 / Math.PI);
  return tensor(matrix)
    .matmul(light.reshape([B, 9, 3]))
    .permute([0, 2, 1])
    .reshape([B, 27]);
}

/** The way back from `toSfsnet`. */
export function fromSfsnet(light: Tensor): Tensor {
  const B = light.shape[0];
  const matrix = transposed(toChiaroPlaces(() => Math.PI));
  return tensor(matrix)
    .matmul(light.reshape([B, 3, 9]).permute([0, 2, 1]))
    .reshape([B, 27]);
}
