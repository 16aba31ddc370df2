import { parse } from '../../engine.js';

/**
 * Directions in which an edge is a silhouette. Around the edge v0 v1, seen along it, its two triangles (third corners a and
 * b; one triangle: b = a) are two half-lines, and a ray through the edge grazes both if they lie on one side of it: its
 * direction is in one of two opposite lunes as wide as the exterior angle (Zhang, Roussel and Jakob 2023, figure 4).
 * In the lunes, phi is the angle around the edge and theta that from the edge.
 */
const { functions } = parse(`
  fn along(v0: vec3f, v1: vec3f) -> vec3f {
    let e = v1 - v0;
    return e * inverseSqrt(max(dot(e, e), 1e-36));
  }
  // the unit vector across the edge t from v0 towards a
  fn across(v0: vec3f, t: vec3f, a: vec3f) -> vec3f {
    let p = a - v0;
    let q = p - dot(p, t) * t;
    return q * inverseSqrt(max(dot(q, q), 1e-36));
  }
  // the angle from the first triangle to the second around the edge, -PI to PI
  fn opening(v0: vec3f, t: vec3f, e: vec3f, b: vec3f) -> f32 {
    let q = across(v0, t, b);
    return atan2(dot(q, cross(t, e)), dot(q, e));
  }

  // length of the edge and width of each lune
  fn luneSize(v0: vec3f, v1: vec3f, a: vec3f, b: vec3f) -> vec2f {
    let t = along(v0, v1);
    return vec2f(length(v1 - v0), PI - abs(opening(v0, t, across(v0, t, a), b)));
  }

  // u: which lune (0 or 1), theta / PI, share of the width
  fn luneDirection(v0: vec3f, v1: vec3f, a: vec3f, b: vec3f, u: vec3f) -> vec3f {
    let t = along(v0, v1);
    let e = across(v0, t, a);
    let angle = opening(v0, t, e, b);
    let phi = max(angle, 0.0) + u.z * (PI - abs(angle)) + PI * u.x;
    let theta = PI * u.y;
    return sin(theta) * (cos(phi) * e + sin(phi) * cross(t, e)) + cos(theta) * t;
  }

  // where in the lunes a unit direction is, as luneDirection's u; the third is not in [0, 1) outside of them
  fn lunePlace(v0: vec3f, v1: vec3f, a: vec3f, b: vec3f, d: vec3f) -> vec3f {
    let t = along(v0, v1);
    let e = across(v0, t, a);
    let angle = opening(v0, t, e, b);
    let y = dot(d, cross(t, e));
    let phi = atan2(abs(y), select(1.0, -1.0, y < 0.0) * dot(d, e));
    let c = dot(d, t);
    let theta = atan2(length(d - c * t), c);
    return vec3f(select(0.0, 1.0, y < 0.0), theta / PI, (phi - max(angle, 0.0)) / max(PI - abs(angle), 1e-12));
  }

  // across the direction and the edge, away from the triangles; as long as the sine of the angle between the two
  fn offTheEdge(v0: vec3f, v1: vec3f, a: vec3f, d: vec3f) -> vec3f {
    let n = cross(d, along(v0, v1));
    return select(n, -n, dot(n, a - v0) > 0.0);
  }
`);

const get = (name: string) => functions.get(name)!;
export const luneSize = get('luneSize');
export const luneDirection = get('luneDirection');
export const lunePlace = get('lunePlace');
export const offTheEdge = get('offTheEdge');
