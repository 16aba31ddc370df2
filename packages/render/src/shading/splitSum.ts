import { elementwise, expr } from '../engine.js';
import type { ExprFunction, Tensor } from '../engine.js';
import type { BsdfKind } from '../bsdf/index.js';
import { irradianceSH } from '../light/index.js';
import type { View } from '../raster/vertex/reflectSH.js';
import { glossShare } from './glossShare.js';
import { sumOfHarmonics } from './lights.js';
import { mirroredLight } from './prefilter.js';
import type { PrefilteredEnvironment } from './prefilter.js';

/** Light from infinity that is known sharply. */
export interface Sky {
  /** [81, 3] */
  readonly harmonics: Tensor;
  prefiltered(): PrefilteredEnvironment;
}

/**
 * Where a rough lobe's light comes from, on average: between mirror direction and normal, of any length. Lagarde and de
 * Rousiers 2014, Moving Frostbite to Physically Based Rendering, section 4.9.3.
 */
const lobePeak = expr`
  fn lobePeak(n: vec3f, mirrored: vec3f, roughness: f32) -> vec3f {
    let smoothness = saturate(1.0 - roughness * roughness);
    return mix(n, mirrored, smoothness * (sqrt(smoothness) + 1.0 - smoothness));
  }`;

/**
 * Radiance [N, 3] that a lobe with a glossy part reflects of skies to viewers at cosines [N] to normals [N, 3], by the
 * split-sum approximation; its base by nine bands of harmonics.
 * @param values parameters: [N, C] or [C], scalars [N] or [].
 */
export function reflectSkies(
  kind: BsdfKind & { readonly gloss: ExprFunction },
  values: Readonly<Record<string, Tensor | number>>,
  skies: readonly Sky[],
  { normals, cosine, mirrored }: View,
): Tensor {
  const count = normals.shape[0];
  const parameters = Object.values(values);
  const gloss = elementwise(kind.gloss, ...parameters).expand([count, 4]);
  const roughness = gloss.select(1, 3);
  const peak = elementwise(lobePeak, normals, mirrored, roughness);
  const light = skies.map((sky) => mirroredLight(sky.prefiltered(), peak, roughness)).reduce((a, b) => a.add(b));
  const shiny = light.mul(glossShare(gloss, cosine));
  if (kind.base === undefined) return shiny;
  const irradiance = irradianceSH(normals, sumOfHarmonics(skies.map((sky) => sky.harmonics))!);
  return irradiance
    .mul(elementwise(kind.base, ...parameters))
    .div(Math.PI)
    .add(shiny);
}
