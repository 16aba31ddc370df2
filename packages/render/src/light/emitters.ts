import { concat, elementwise, expr, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';

/**
 * Irradiance of lights at points of a surface without anything in between, in closed form, as tensors: what renderers are
 * tested with, and what unshadowed shading needs. Radiance L in W / (m^2 sr) or any linear unit; points [..., 3] and unit
 * normals [..., 3]; results [...], to be multiplied by the light's colour.
 */

/** A light at infinity that shines along `direction` with irradiance 1 on a surface that faces it: max(0, -n . d). */
export function directionalIrradiance(normals: Tensor, direction: Tensor): Tensor {
  return normals.mul(direction).sum(-1).neg().clamp(0);
}

/** A point light of intensity 1 per steradian: max(0, cos) / distance^2. */
export function pointIrradiance(points: Tensor, normals: Tensor, position: Tensor): Tensor {
  return elementwise(pointText, points, normals, position);
}

const pointText = expr`
  fn pointIrradiance(p: vec3f, n: vec3f, light: vec3f) -> f32 {
    let d = light - p;
    let s = dot(d, d);
    return max(dot(n, d), 0.0) * inverseSqrt(s) / s;
  }`;

/**
 * A sphere of radiance 1, wholly above the horizon: pi (r / D)^2 cos, D the distance to its centre. Below the horizon 0;
 * a sphere that the horizon cuts is not covered.
 */
export function sphereIrradiance(points: Tensor, normals: Tensor, centre: Tensor, radius: Tensor | number): Tensor {
  const r = typeof radius === 'number' ? tensor(radius) : radius;
  return pointIrradiance(points, normals, centre).mul(r.square()).mul(Math.PI);
}

/** A disc of radius R and radiance 1 at height h above a point, both facing each other: pi R^2 / (R^2 + h^2). */
export function discIrradiance(radius: Tensor, height: Tensor): Tensor {
  const r2 = radius.square();
  return r2.div(r2.add(height.square())).mul(Math.PI);
}

/**
 * Lambert's polygon (Photometria, 1760): irradiance of a polygon of radiance 1 with the given corners [K, 3], at points
 * [..., 3] of normals [..., 3]: half the sum over edges of the angle it spans times the cosine of its plane's normal.
 * The whole polygon must lie above the horizon. Positive where the corners run counter-clockwise seen from the point;
 * take the absolute value for a two-sided light. Differentiable in corners, points and normals.
 */
export function polygonIrradiance(corners: Tensor, points: Tensor, normals: Tensor): Tensor {
  const next = concat([corners.slice([1]), corners.slice([0, 1])]);
  return elementwise(edgeText, points.unsqueeze(-2), normals.unsqueeze(-2), corners, next).sum(-1);
}

const edgeText = expr`
  fn edgeIrradiance(p: vec3f, n: vec3f, a: vec3f, b: vec3f) -> f32 {
    let u = a - p;
    let v = b - p;
    let c = cross(u, v);
    let s = length(c);
    if (s <= 0.0) { return 0.0; }
    return 0.5 * atan2(s, dot(u, v)) * dot(c, n) / s;
  }`;

/** The radiance 1 of an infinite half-plane light seen past an edge: (pi / 2)(1 - s), s = (e - p) / sqrt((e - p)^2 + h^2). */
export function halfPlaneIrradiance(edge: Tensor, point: Tensor, height: Tensor): Tensor {
  const d = edge.sub(point);
  return d
    .div(d.square().add(height.square()).sqrt())
    .neg()
    .add(1)
    .mul(Math.PI / 2);
}
