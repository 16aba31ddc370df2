import { expr } from '../engine.js';

/** Schlick's Fresnel reflectance at cosine c of the angle to the half vector, from that at normal incidence. */
export const schlick = expr`
  fn schlick(f0: vec3f, c: f32) -> vec3f {
    let m = saturate(1.0 - c);
    let m2 = m * m;
    return f0 + (1.0 - f0) * (m2 * m2 * m);
  }`;

/**
 * D, the GGX distribution of unit half vectors h in 1 / sr; alpha in (0, 1]. Written with the sine of h, which keeps its
 * digits at small alpha. Walter et al. 2007, Microfacet Models for Refraction, eq. 33.
 */
export const ggxDistribution = expr`
  fn ggxDistribution(h: vec3f, alpha: f32) -> f32 {
    let a2 = alpha * alpha;
    let t = h.x * h.x + h.y * h.y + h.z * h.z * a2;
    return a2 / (PI * t * t);
  }`;

/** G1, the share of microfacets that a direction of cosine c sees: 1 / (1 + Lambda). Walter et al. 2007, eq. 34. */
export const ggxMasking = expr`
  fn ggxMasking(c: f32, alpha: f32) -> f32 {
    let a2 = alpha * alpha;
    return 2.0 * c / (c + sqrt(a2 + (1.0 - a2) * c * c));
  }`;

/**
 * G2 / (4 ci co) with height-correlated masking and shadowing, G2 = 1 / (1 + Lambda_i + Lambda_o).
 * Heitz 2014, Understanding the Masking-Shadowing Function, eq. 99; the fraction is cancelled, so that nothing is
 * divided by a cosine.
 */
export const ggxVisibility = expr`
  fn ggxVisibility(ci: f32, co: f32, alpha: f32) -> f32 {
    let a2 = alpha * alpha;
    let vi = co * sqrt(a2 + (1.0 - a2) * ci * ci);
    let vo = ci * sqrt(a2 + (1.0 - a2) * co * co);
    return 0.5 / (vi + vo);
  }`;

/**
 * A microfacet normal among those that wo sees, from two uniform numbers: density G1(wo) D(h) (wo.h) / wo.z.
 * Dupuy and Benyoub 2023, Sampling Visible GGX Normals with Spherical Caps.
 */
export const ggxVisibleNormal = expr`
  fn ggxVisibleNormal(u: vec2f, wo: vec3f, alpha: f32) -> vec3f {
    let v = normalize(vec3f(wo.x * alpha, wo.y * alpha, wo.z));
    let phi = TAU * u.x;
    let z = (1.0 - u.y) * (1.0 + v.z) - v.z;
    let r = sqrt(saturate(1.0 - z * z));
    let h = vec3f(r * cos(phi) + v.x, r * sin(phi) + v.y, z + v.z);
    return normalize(vec3f(h.x * alpha, h.y * alpha, h.z));
  }`;

/** How often a two-lobe surface samples its specular lobe: the share of the luminance, between 0.1 and 0.9 where both exist. */
export const specularShare = expr`
  fn luminance(c: vec3f) -> f32 { return dot(max(c, vec3f(0.0)), vec3f(0.2126, 0.7152, 0.0722)); }
  fn specularShare(diffuse: vec3f, specular: vec3f) -> f32 {
    let d = luminance(diffuse);
    let s = luminance(specular);
    if (d <= 0.0) { return 1.0; }
    if (s <= 0.0) { return 0.0; }
    return clamp(s / (d + s), 0.1, 0.9);
  }`;
