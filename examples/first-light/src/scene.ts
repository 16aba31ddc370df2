import { expr, type ExprFunction } from '@chiaro/tensor';
import { vjp } from '@chiaro/tensor/expr';

/**
 * Distance to a still life of plaster casts on a table before a wall (metres, +Y up): a sphere, a cube, a cylinder, a
 * cone, a gilded ring and a red ball. Written once; the surface normal below is its derivative.
 */
const shapes = expr`
  fn box(p: vec3f, half: vec3f, rounding: f32) -> f32 {
    let q = abs(p) - half + rounding;
    return length(max(q, vec3f(0.0))) + min(max(q.x, max(q.y, q.z)), 0.0) - rounding;
  }

  fn cylinder(p: vec3f, radius: f32, half: f32, rounding: f32) -> f32 {
    let q = vec2f(length(p.xz) - radius, abs(p.y) - half) + rounding;
    return length(max(q, vec2f(0.0))) + min(max(q.x, q.y), 0.0) - rounding;
  }

  // apex at p = 0, opening downwards with the given sine and cosine of its half angle
  fn cone(p: vec3f, angle: vec2f, height: f32) -> f32 {
    let q = vec2f(length(p.xz), p.y);
    return max(dot(q, angle.yx), -height - p.y);
  }

  fn torus(p: vec3f, radius: f32, tube: f32) -> f32 {
    return length(vec2f(length(p.xz) - radius, p.y)) - tube;
  }

  fn turned(p: vec3f, cosine: f32, sine: f32) -> vec3f {
    return vec3f(cosine * p.x - sine * p.z, p.y, sine * p.x + cosine * p.z);
  }

  fn plaster(p: vec3f) -> f32 {
    let sphere = length(p - vec3f(-0.62, 0.55, 0.10)) - 0.55;
    let cube = box(turned(p - vec3f(0.80, 0.46, -0.35), 0.83, 0.56), vec3f(0.46), 0.035);
    let column = cylinder(p - vec3f(0.02, 0.72, -1.05), 0.34, 0.72, 0.03);
    let spire = cone(p - vec3f(-1.55, 1.35, -0.75), vec2f(0.38, 0.925), 1.35) - 0.015;
    return min(min(sphere, cube), min(column, spire));
  }

  fn ring(p: vec3f) -> f32 {
    let q = p - vec3f(0.33, 0.13, 0.88);
    return torus(q, 0.36, 0.13);
  }

  fn ball(p: vec3f) -> f32 { return length(p - vec3f(1.18, 0.22, 0.62)) - 0.22; }

  fn room(p: vec3f) -> f32 { return min(p.y, p.z + 2.1); }

  fn nearest(p: vec3f) -> f32 { return min(min(plaster(p), ring(p)), min(ball(p), room(p))); }`;

export { shapes };
export const gradient: ExprFunction = vjp(shapes, [true, true, true]);
