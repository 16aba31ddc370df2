import { expr } from '../engine.js';

/**
 * What lenses do, as expressions; the tracer's kernels and the tensor operations of cameras share them. Points v are in the
 * camera's frame (x to the right, y up, looking down -z); k = (fx, fy, cx, cy) in pixels. A place on the image plane is
 * where a ray meets z = -1 (parallel rays: z = 0), x to the right and y downwards as in the image.
 */
export const planeOfPixel = expr`
  fn planeOfPixel(p: vec2f, k: vec4f) -> vec2f { return (p - k.zw) / k.xy; }`;

/** Clip coordinates of a pinhole; size = (width, height), range = (near, far). */
export const perspectiveClip = expr`
  fn perspectiveClip(v: vec3f, k: vec4f, size: vec2f, range: vec2f) -> vec4f {
    let w = -v.z;
    let x = 2.0 * k.x / size.x * v.x + (2.0 * k.z / size.x - 1.0) * w;
    let y = 2.0 * k.y / size.y * v.y + (1.0 - 2.0 * k.w / size.y) * w;
    let z = range.y * (w - range.x) / (range.y - range.x);
    return vec4f(x, y, z, w);
  }`;

/** Clip coordinates under parallel rays. */
export const parallelClip = expr`
  fn parallelClip(v: vec3f, k: vec4f, size: vec2f, range: vec2f) -> vec4f {
    let x = 2.0 * k.x / size.x * v.x + 2.0 * k.z / size.x - 1.0;
    let y = 2.0 * k.y / size.y * v.y + 1.0 - 2.0 * k.w / size.y;
    return vec4f(x, y, (-v.z - range.x) / (range.y - range.x), 1.0);
  }`;

/** Pixels and distance along the view axis. */
export const perspectivePixel = expr`
  fn perspectivePixel(v: vec3f, k: vec4f) -> vec3f {
    return vec3f(k.z - k.x * v.x / v.z, k.w + k.y * v.y / v.z, -v.z);
  }`;

export const parallelPixel = expr`
  fn parallelPixel(v: vec3f, k: vec4f) -> vec3f { return vec3f(k.z + k.x * v.x, k.w - k.y * v.y, -v.z); }`;

/** The point at a distance along the view axis that is seen at a place on the image plane. */
export const perspectivePoint = expr`
  fn perspectivePoint(at: vec2f, depth: f32) -> vec3f { return vec3f(at.x * depth, -at.y * depth, -depth); }`;

export const parallelPoint = expr`
  fn parallelPoint(at: vec2f, depth: f32) -> vec3f { return vec3f(at.x, -at.y, -depth); }`;

/** The unit direction of the ray through a place on the image plane of a pinhole. */
export const perspectiveDirection = expr`
  fn perspectiveDirection(at: vec2f) -> vec3f { return normalize(vec3f(at.x, -at.y, -1.0)); }`;
