import { expr } from '../engine.js';
import { atLeast } from './atLeast.js';
import { bsdf } from './bsdf.js';
import { cosineHemisphere } from './cosine.js';
import { ggxDistribution, ggxMasking, ggxVisibility, ggxVisibleNormal, schlick, specularShare } from './microfacet.js';

/** What the three parameters mean: albedo of the base before Fresnel's term, reflectance at normal incidence, alpha. */
const material = expr`
  struct Material { diffuse: vec3f, specular: vec3f, alpha: f32 }
  fn material(baseColor: vec3f, metallic: f32, roughness: f32) -> Material {
    return Material(
      baseColor * (1.0 - metallic),
      mix(vec3f(0.04), baseColor, metallic),
      ${atLeast}(roughness * roughness, 1e-3));
  }`;

/**
 * The surface of glTF 2.0: a plastic (dielectric of index 1.5 over a Lambert base) and a metal, mixed:
 * (1 - F) baseColor (1 - metallic) / pi + F D G2 / (4 cos_i cos_o) with F0 = mix(0.04, baseColor, metallic). GGX with
 * height-correlated Smith masking-shadowing, Schlick's Fresnel term. Metals never reflect more than they get; single
 * scattering, so rough ones lose energy (see `ggx`). Plastics do at grazing angles, by the formula: a white base reflects
 * 1.28 times the light at cosine 0.1 and roughness 0.3, 1.06 times at roughness 0.6, none too much at roughness 1.
 * - baseColor: linear RGB in [0, 1];
 * - metallic: in [0, 1];
 * - roughness: r in [0, 1], alpha = r^2. Below r = 0.0316 alpha stays at 1e-3 and the gradient is zero.
 *
 * Khronos Group, glTF 2.0 specification, appendix B.3.5. Sampled by visible normals and the cosine.
 */
export const metallicRoughness = bsdf({
  name: 'metallicRoughness',
  params: { baseColor: 'vec3f', metallic: 'f32', roughness: 'f32' },
  base: expr`fn base(p: Params) -> vec3f {
    let m = material(p.baseColor, p.metallic, p.roughness);
    return (1.0 - m.specular) * m.diffuse;               // what Fresnel's term leaves at normal incidence
  }`,
  gloss: expr`fn gloss(p: Params) -> vec4f {
    return vec4f(material(p.baseColor, p.metallic, p.roughness).specular, p.roughness);
  }`,
  uses: [
    material,
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
      let m = material(p.baseColor, p.metallic, p.roughness);
      let h = normalize(wi + wo);
      let fresnel = schlick(m.specular, dot(wo, h));
      let lobe = ggxDistribution(h, m.alpha) * ggxVisibility(wi.z, wo.z, m.alpha);
      return (1.0 - fresnel) * m.diffuse * INV_PI + fresnel * lobe;
    }`,
  sample: expr`
    fn sample(u: vec3f, wo: vec3f, p: Params) -> vec3f {
      let m = material(p.baseColor, p.metallic, p.roughness);
      if (u.x >= specularShare(m.diffuse, m.specular)) { return cosineHemisphere(u.yz); }
      return reflect(-wo, ggxVisibleNormal(u.yz, wo, m.alpha));
    }`,
  pdf: expr`
    fn pdf(wi: vec3f, wo: vec3f, p: Params) -> f32 {
      let m = material(p.baseColor, p.metallic, p.roughness);
      let h = normalize(wi + wo);
      let shiny = ggxDistribution(h, m.alpha) * ggxMasking(wo.z, m.alpha) / (4.0 * wo.z);
      return mix(wi.z * INV_PI, shiny, specularShare(m.diffuse, m.specular));
    }`,
});
