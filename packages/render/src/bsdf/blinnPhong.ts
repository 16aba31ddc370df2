import { expr } from '../engine.js';
import { atLeast } from './atLeast.js';
import { bsdf } from './bsdf.js';
import type { BsdfFactory } from './bsdf.js';
import { cosineHemisphere } from './cosine.js';
import { schlick, specularShare } from './microfacet.js';

/** Smith masking of one direction of cosine c, fitted for Beckmann with alpha = sqrt(r). Walter et al. 2007, eq. 27. */
const fittedMasking = expr`
  fn fittedMasking(c: f32, r: f32) -> f32 {
    let tangent = sqrt(max(1.0 - c * c, 1e-12)) / c;
    let a = 1.0 / (sqrt(r) * tangent);
    let fit = (3.535 * a + 2.181 * a * a) / (1.0 + 2.276 * a + 2.577 * a * a);
    return select(fit, 1.0, a >= 1.6);
  }`;

/** diffuse / pi + F D G / (4 cos_i cos_o) of the redner lobe; r is the roughness. */
const rednerLobe = expr`
  fn rednerLobe(wi: vec3f, wo: vec3f, diffuse: vec3f, specular: vec3f, r: f32) -> vec3f {
    let h = normalize(wi + wo);
    let n = 2.0 / r - 2.0;
    let d = (n + 2.0) / TAU * pow(h.z, n);
    let g = ${fittedMasking}(wi.z, r) * ${fittedMasking}(wo.z, r);
    return diffuse * INV_PI + ${schlick}(specular, dot(wo, h)) * (d * g / (4.0 * wi.z * wo.z));
  }`;

/** Half vectors by density D cos_h, or the cosine. */
const rednerSample = expr`
  fn rednerSample(u: vec3f, wo: vec3f, diffuse: vec3f, specular: vec3f, r: f32) -> vec3f {
    if (u.x >= ${specularShare}(diffuse, specular)) { return ${cosineHemisphere}(u.yz); }
    let z = pow(max(u.y, 1e-12), 0.5 * r);               // 1 / (n + 2) = r / 2
    let s = sqrt(max(1.0 - z * z, 0.0));
    let phi = TAU * u.z;
    return reflect(-wo, vec3f(s * cos(phi), s * sin(phi), z));
  }`;

const rednerPdf = expr`
  fn rednerPdf(wi: vec3f, wo: vec3f, diffuse: vec3f, specular: vec3f, r: f32) -> f32 {
    let h = normalize(wi + wo);
    let shiny = pow(h.z, 2.0 / r - 1.0) / (PI * r) / (4.0 * dot(wo, h));
    return mix(wi.z * INV_PI, shiny, ${specularShare}(diffuse, specular));
  }`;

/**
 * The lobe that redner and NextFace call Cook-Torrance: normalised Blinn-Phong over a Lambert base, with a Smith term
 * fitted to Beckmann and Schlick's Fresnel term. For reproducing published results; `ggx` is the better surface: this
 * one reflects up to 1.14 times the light that arrives at grazing angles.
 * - diffuse: albedo of the base; specular: F0; both linear RGB in [0, 1];
 * - roughness: r in (0, 1], exponent 2 / r - 2; below 1e-3 it stays there.
 *
 * redner, src/material.h (research notes, section 5e).
 */
export const blinnPhongRedner = bsdf({
  name: 'blinnPhongRedner',
  params: { diffuse: 'vec3f', specular: 'vec3f', roughness: 'f32' },
  base: 'diffuse',
  uses: [atLeast, rednerLobe, rednerSample, rednerPdf],
  evaluate: expr`fn evaluate(wi: vec3f, wo: vec3f, p: Params) -> vec3f {
    return rednerLobe(wi, wo, p.diffuse, p.specular, atLeast(p.roughness, 1e-3));
  }`,
  sample: expr`fn sample(u: vec3f, wo: vec3f, p: Params) -> vec3f {
    return rednerSample(u, wo, p.diffuse, p.specular, atLeast(p.roughness, 1e-3));
  }`,
  pdf: expr`fn pdf(wi: vec3f, wo: vec3f, p: Params) -> f32 {
    return rednerPdf(wi, wo, p.diffuse, p.specular, atLeast(p.roughness, 1e-3));
  }`,
});

/**
 * The simplified Cook-Torrance surface of Dib et al. (2021): the redner lobe at one roughness for the whole face, so
 * that diffuse and specular albedo are all that is estimated.
 * @param roughness r in [1e-3, 1].
 */
export function simplifiedCookTorrance(roughness: number): BsdfFactory<{ diffuse: 'vec3f'; specular: 'vec3f' }> {
  const r = Math.min(Math.max(roughness, 1e-3), 1);
  return bsdf({
    name: 'simplifiedCookTorrance',
    params: { diffuse: 'vec3f', specular: 'vec3f' },
    base: 'diffuse',
    uses: [rednerLobe, rednerSample, rednerPdf],
    evaluate: expr`fn evaluate(wi: vec3f, wo: vec3f, p: Params) -> vec3f {
      return rednerLobe(wi, wo, p.diffuse, p.specular, f32(${r}));
    }`,
    sample: expr`fn sample(u: vec3f, wo: vec3f, p: Params) -> vec3f {
      return rednerSample(u, wo, p.diffuse, p.specular, f32(${r}));
    }`,
    pdf: expr`fn pdf(wi: vec3f, wo: vec3f, p: Params) -> f32 {
      return rednerPdf(wi, wo, p.diffuse, p.specular, f32(${r}));
    }`,
  });
}
