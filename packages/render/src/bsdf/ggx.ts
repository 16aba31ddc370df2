import { expr } from '../engine.js';
import { atLeast } from './atLeast.js';
import { bsdf } from './bsdf.js';
import { cosineHemisphere } from './cosine.js';
import { ggxDistribution, ggxMasking, ggxVisibility, ggxVisibleNormal, schlick, specularShare } from './microfacet.js';

/**
 * Cook-Torrance with the GGX distribution over a Lambert base: diffuse / pi + F D G2 / (4 cos_i cos_o). Height-correlated
 * Smith masking-shadowing, Schlick's Fresnel term. The base is added as the face papers do, not dimmed by F: keep
 * diffuse + specular below 1. Single scattering: rough metals lose energy (31 % of it reflected at alpha 1, F = 1).
 * - diffuse: albedo of the base, linear RGB in [0, 1];
 * - specular: reflectance at normal incidence F0, linear RGB in [0, 1];
 * - roughness: r in [0, 1], alpha = r^2. Below r = 0.0316 alpha stays at 1e-3 and the gradient is zero.
 *
 * Cook and Torrance 1982; Walter et al. 2007; Heitz 2014. Sampled by visible normals and the cosine.
 */
export const ggx = bsdf({
  name: 'ggx',
  params: { diffuse: 'vec3f', specular: 'vec3f', roughness: 'f32' },
  base: 'diffuse',
  gloss: expr`fn gloss(p: Params) -> vec4f { return vec4f(p.specular, p.roughness); }`,
  uses: [
    atLeast,
    ggxDistribution,
    ggxMasking,
    ggxVisibility,
    ggxVisibleNormal,
    schlick,
    specularShare,
    cosineHemisphere,
  ],
  evaluate: expr`
    fn evaluate(wi: vec3f, wo: vec3f, p: Params) -> vec3f {
      let alpha = atLeast(p.roughness * p.roughness, 1e-3);
      let h = normalize(wi + wo);
      let lobe = ggxDistribution(h, alpha) * ggxVisibility(wi.z, wo.z, alpha);
      return p.diffuse * INV_PI + schlick(p.specular, dot(wo, h)) * lobe;
    }`,
  sample: expr`
    fn sample(u: vec3f, wo: vec3f, p: Params) -> vec3f {
      let alpha = atLeast(p.roughness * p.roughness, 1e-3);
      if (u.x >= specularShare(p.diffuse, p.specular)) { return cosineHemisphere(u.yz); }
      return reflect(-wo, ggxVisibleNormal(u.yz, wo, alpha));
    }`,
  pdf: expr`
    fn pdf(wi: vec3f, wo: vec3f, p: Params) -> f32 {
      let alpha = atLeast(p.roughness * p.roughness, 1e-3);
      let h = normalize(wi + wo);
      let shiny = ggxDistribution(h, alpha) * ggxMasking(wo.z, alpha) / (4.0 * wo.z);
      return mix(wi.z * INV_PI, shiny, specularShare(p.diffuse, p.specular));
    }`,
});
