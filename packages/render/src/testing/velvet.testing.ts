import { expr } from '../engine.js';
import { bsdf } from '../bsdf/index.js';

/** Estevez and Kulla 2017: the distribution of a sheen lobe, r in (0, 1]. */
const charlie = expr`
  fn charlie(cos_h: f32, r: f32) -> f32 {
    let sin_h = sqrt(max(1.0 - cos_h * cos_h, 1e-6));
    return (2.0 + 1.0 / r) * pow(sin_h, 1.0 / r) / (2.0 * PI);
  }`;

/** A lobe as a user writes one: sheen, as on the first page of the documentation. */
export const velvet = bsdf({
  name: 'velvet',
  evaluate: expr`
    fn evaluate(wi: vec3f, wo: vec3f, p: Params) -> vec3f {
      let h = normalize(wi + wo);
      return p.tint * charlie(h.z, p.roughness) / (4.0 * (wi.z + wo.z - wi.z * wo.z));
    }`,
  params: { tint: 'vec3f', roughness: 'f32' },
  uses: [charlie],
});
