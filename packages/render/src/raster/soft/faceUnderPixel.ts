import { expr, jvpOf, makeFunction, vjpOf } from '../../engine.js';
import type { StructType } from '../../engine.js';

/** Square of the distance of a place from the segment p q. */
const segmentDistance = expr`
  fn segmentDistance(p: vec2f, q: vec2f, at: vec2f) -> f32 {
    let d = q - p;
    let t = clamp(dot(at - p, d) / max(dot(d, d), 1e-20), 0.0, 1.0);
    let e = at - p - t * d;
    return dot(e, e);
  }`;

const crossed = expr`fn crossed(p: vec2f, q: vec2f) -> f32 { return p.x * q.y - p.y * q.x; }`;

/**
 * A triangle and a pixel: (logit, depth, u, v). The logit of its share of the pixel is the squared distance from its
 * rim in units of sigma, positive inside (Liu et al. 2019, equation 1). Depth (z / w) and perspective-correct weights of
 * b and c are those of the pixel's barycentric coordinates without what is negative, scaled to a sum of one: inside of the
 * triangle what is under the pixel, outside a point on its rim.
 *
 * `at` is the pixel's centre in pixels from the middle of the image, y downwards; `half` is (width, -height) / 2.
 */
export const faceUnderPixel = expr`
  fn faceUnderPixel(a: vec4f, b: vec4f, c: vec4f, at: vec2f, half: vec2f, sigma: f32) -> vec4f {
    let p = a.xy / a.w * half;
    let q = b.xy / b.w * half;
    let r = c.xy / c.w * half;
    let area = ${crossed}(q - p, r - p);
    let raw = vec3f(${crossed}(q - at, r - at), ${crossed}(r - at, p - at), ${crossed}(p - at, q - at)) / area;
    let isInside = min(raw.x, min(raw.y, raw.z)) >= 0.0;
    let distance = min(${segmentDistance}(p, q, at),
      min(${segmentDistance}(q, r, at), ${segmentDistance}(r, p, at))) / (sigma * sigma);
    let positive = max(raw, vec3f(0.0));
    let on = positive / (positive.x + positive.y + positive.z);
    let depth = dot(on, vec3f(a.z / a.w, b.z / b.w, c.z / c.w));
    let far = on / vec3f(a.w, b.w, c.w);
    let sum = far.x + far.y + far.z;
    return vec4f(select(-distance, distance, isInside), depth, far.y / sum, far.z / sum);
  }`;

const byVertices = faceUnderPixel.inputs.map((_, k) => k < 12);

/** Its tangent: further parameters are the tangents of the twelve coordinates. */
export const faceTangent = jvpOf(faceUnderPixel, byVertices);

const derived = vjpOf(faceUnderPixel, byVertices);

/** What `faceGradient` gives, for the three vertices. */
export const faceGradientResult: StructType = {
  name: 'FaceGradient',
  members: ['a', 'b', 'c'].map((name) => ({ name, type: 'vec4f' as const })),
};

/** Its gradient: further parameters are the gradients of the four results. */
export const faceGradient = makeFunction(
  { name: 'faceGradient', params: derived.params, result: faceGradientResult },
  derived.graph,
  derived.inputs,
  derived.outputs,
);
