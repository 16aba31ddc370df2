import { expr } from '../engine.js';

/**
 * Brown and Conrady's lens: where a point of the image plane of a pinhole moves to, with the radial coefficients k1, k2, k3
 * and the tangential p1, p2; c = (k1, k2, p1, p2), as computer vision orders them, y downwards.
 *
 * D(x) = x (1 + k1 s + k2 s^2 + k3 s^3) + (2 p1 x y + p2 (s + 2 x^2), p1 (s + 2 y^2) + 2 p2 x y), s = x^2 + y^2.
 *
 * Brown 1966, Decentering Distortion of Lenses; Conrady 1919.
 */
const distorted = expr`
  fn distorted(at: vec2f, c: vec4f, k3: f32) -> vec2f {
    let s = dot(at, at);
    let radial = 1.0 + s * (c.x + s * (c.y + s * k3));
    let mixed = 2.0 * at.x * at.y;
    let sideways = vec2f(c.z * mixed + c.w * (s + 2.0 * at.x * at.x), c.z * (s + 2.0 * at.y * at.y) + c.w * mixed);
    return at * radial + sideways;
  }`;

/**
 * One step of Newton's method towards D(x) = goal. Where D hardly grows, or turns round, it is a step of the fixed point
 * iteration x + goal - D(x). At the solution its derivative by x vanishes, so with x as a constant it has the derivatives
 * of the solution by goal and coefficients.
 */
export const newtonStep = expr`
  fn newtonStep(goal: vec2f, at: vec2f, c: vec4f, k3: f32) -> vec2f {
    let s = dot(at, at);
    let radial = 1.0 + s * (c.x + s * (c.y + s * k3));
    let growth = 2.0 * (c.x + s * (2.0 * c.y + 3.0 * s * k3));
    let xx = radial + growth * at.x * at.x + 2.0 * c.z * at.y + 6.0 * c.w * at.x;
    let yy = radial + growth * at.y * at.y + 6.0 * c.z * at.y + 2.0 * c.w * at.x;
    let xy = growth * at.x * at.y + 2.0 * c.z * at.x + 2.0 * c.w * at.y;
    let left = goal - ${distorted}(at, c, k3);
    let volume = xx * yy - xy * xy;
    let isFlat = volume < 0.05;
    let step = vec2f(yy * left.x - xy * left.y, xx * left.y - xy * left.x) / select(volume, 1.0, isFlat);
    return at + select(step, left, isFlat);
  }`;

/** The point that D moves to `goal`, but for one more `newtonStep`. */
export const undistorted = expr`
  fn undistorted(goal: vec2f, c: vec4f, k3: f32) -> vec2f {
    var at = goal;
    for (var i = 0; i < 6; i++) { at = ${newtonStep}(goal, at, c, k3); }
    return at;
  }`;

/** A point of the camera's frame moved to where a pinhole sees it at the distorted place, at the same distance. */
export const bent = expr`
  fn bent(v: vec3f, c: vec4f, k3: f32) -> vec3f {
    let at = ${distorted}(vec2f(v.x, -v.y) / -v.z, c, k3);
    return vec3f(-v.z * at.x, v.z * at.y, v.z);
  }`;

/**
 * The same for vertices of triangles, that may lie anywhere. The polynomial turns round at some distance from the axis and
 * would fold what is far outside of the image back into it: such points go behind the camera, on its axis, so that their
 * triangles leave the image outwards. Points behind the camera are not moved.
 */
export const bentVertex = expr`
  fn grows(s: f32, c: vec4f, k3: f32) -> bool { return 1.0 + s * (3.0 * c.x + s * (5.0 * c.y + s * (7.0 * k3))) > 0.0; }
  fn bentVertex(v: vec3f, c: vec4f, k3: f32) -> vec3f {
    if (v.z >= 0.0) { return v; }
    let s = (v.x * v.x + v.y * v.y) / (v.z * v.z);
    let isInside = grows(s, c, k3) && grows(0.75 * s, c, k3) && grows(0.5 * s, c, k3) && grows(0.25 * s, c, k3);
    if (!isInside) { return vec3f(0.0, 0.0, 1.0); }
    return ${bent}(v, c, k3);
  }`;
