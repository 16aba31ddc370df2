import { tensor, type Tensor } from '@chiaro/autograd';
import { evaluateSH, fromConvention, halfCosine, shBands, toConvention } from '@chiaro/render';

/** Lights [B, 9, 3] as one of 3 B channels, [9, 3 B], and back. */
const joined = (lights: Tensor): Tensor => lights.permute([1, 0, 2]).reshape([9, 3 * lights.shape[0]]);
const apart = (light: Tensor): Tensor => light.reshape([9, light.size / 27, 3]).permute([1, 0, 2]);

/** Radiance [B, 9, 3] of lights in SfSNet's convention, [B, 27]. */
const radianceOf = (light: Tensor): Tensor => apart(fromConvention('sfsnet', light.reshape([light.size])));

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
  const lobe = tensor(shBands(2).map((l) => cosine[l] / Math.PI));
  return evaluateSH(normals.reshape([B, H * W, 3]), 2)
    .mul(lobe)
    .matmul(radianceOf(light))
    .reshape([B, H, W, 3]);
}

/**
 * Chiaro's light, radiance [B, 27] with colour fastest, in SfSNet's convention, [B, 27] with red's nine first: albedo *
 * shading is then what albedo * irradiance / pi was.
 */
export const toSfsnet = (light: Tensor): Tensor =>
  toConvention('sfsnet', joined(light.reshape([light.shape[0], 9, 3]))).reshape([light.shape[0], 27]);

/** The way back from `toSfsnet`. */
export const fromSfsnet = (light: Tensor): Tensor => radianceOf(light).reshape([light.shape[0], 27]);
