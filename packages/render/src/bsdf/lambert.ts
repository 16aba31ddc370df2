import { expr } from '../engine.js';
import { bsdf } from './bsdf.js';

/**
 * Lambert's diffuse surface: albedo / pi. Sampled by the cosine.
 * - albedo: linear RGB in [0, 1].
 */
export const lambert = bsdf({
  name: 'lambert',
  params: { albedo: 'vec3f' },
  base: 'albedo',
  evaluate: expr`fn evaluate(wi: vec3f, wo: vec3f, p: Params) -> vec3f { return p.albedo * INV_PI; }`,
});
