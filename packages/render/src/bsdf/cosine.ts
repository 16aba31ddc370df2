import { expr } from '../engine.js';

/** A direction of the upper hemisphere by density cos / pi, from two uniform numbers in [0, 1). */
export const cosineHemisphere = expr`
  fn cosineHemisphere(u: vec2f) -> vec3f {
    let r = sqrt(u.x);
    let phi = TAU * u.y;
    return vec3f(r * cos(phi), r * sin(phi), sqrt(max(1.0 - u.x, 0.0)));
  }`;

/** The default sampling of a lobe: by the cosine. */
export const cosineSample = expr`
  fn cosineSample(u: vec3f, wo: vec3f, p: Params) -> vec3f { return ${cosineHemisphere}(u.yz); }`;

/** Density of `cosineSample` per steradian. */
export const cosinePdf = expr`
  fn cosinePdf(wi: vec3f, wo: vec3f, p: Params) -> f32 { return wi.z * INV_PI; }`;
