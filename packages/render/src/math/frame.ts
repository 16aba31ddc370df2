import { expr } from '../engine.js';

/**
 * A tangent of a unit normal, which with b = cross(n, t) makes a right-handed orthonormal frame (t, b, n); continuous
 * but at n.z = 0, exact to rounding everywhere.
 * Duff et al. 2017, Building an Orthonormal Basis, Revisited, listing 3.
 */
export const frameTangent = expr`
  fn frameTangent(n: vec3f) -> vec3f {
    let s = select(-1.0, 1.0, n.z >= 0.0);
    let a = -1.0 / (s + n.z);
    return vec3f(1.0 + s * n.x * n.x * a, s * n.x * n.y * a, -s * n.x);
  }`;

/** A vector in the frame of a unit normal: components along t, b and n of `frameTangent`. */
export const toFrame = expr`
  fn toFrame(v: vec3f, n: vec3f) -> vec3f {
    let t = ${frameTangent}(n);
    return vec3f(dot(v, t), dot(v, cross(n, t)), dot(v, n));
  }`;

/** The inverse of `toFrame`. */
export const fromFrame = expr`
  fn fromFrame(v: vec3f, n: vec3f) -> vec3f {
    let t = ${frameTangent}(n);
    return v.x * t + v.y * cross(n, t) + v.z * n;
  }`;
