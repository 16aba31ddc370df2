import { evaluateSHHost, halfCosine, shBands } from '@chiaro/render';

/** Numbers of a light: nine harmonics in three colours. */
export const lightNumbers = 27;

const factors = (() => {
  const lobe = halfCosine(2);
  return shBands(2).map((l) => lobe[l] / Math.PI);
})();

/**
 * What the nine harmonics are worth to a Lambert surface of albedo 1 with this normal: A_l Y_lm(n) / pi (Ramamoorthi and
 * Hanrahan 2001), nine numbers.
 */
export const lambertBasis = (normal: ArrayLike<number>): Float64Array =>
  evaluateSHHost(normal, 2).map((y, k) => y * factors[k]);

/**
 * f(N, L) of eq. 1 on the host, in float64.
 * @param normals [P * 3] unit; where a normal is (0, 0, 0) there is no shading.
 * @param light [27] radiance, colour fastest.
 * @returns [P * 3]; a light of so few bands may give a little less than nothing.
 */
export function shadingOf(normals: ArrayLike<number>, light: ArrayLike<number>): Float32Array {
  const shading = new Float32Array(normals.length);
  for (let p = 0; p < normals.length; p += 3) {
    const n = [normals[p], normals[p + 1], normals[p + 2]];
    if (n[0] === 0 && n[1] === 0 && n[2] === 0) continue;
    lambertBasis(n).forEach((b, k) => {
      for (let c = 0; c < 3; c++) shading[p + c] += b * light[3 * k + c];
    });
  }
  return shading;
}

/** I_l = A * f(N, L) of eq. 1. */
export const localImage = (
  albedo: ArrayLike<number>,
  normals: ArrayLike<number>,
  light: ArrayLike<number>,
): Float32Array => shadingOf(normals, light).map((s, i) => s * albedo[i]);
