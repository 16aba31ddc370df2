import { elementwise, expr } from '../engine.js';
import type { Tensor } from '../engine.js';

/**
 * The shading normal of a normal map, as an expression: `texel` in [0, 1] encodes (x, y, z) as (n + 1) / 2; `tangent`
 * holds the direction of increasing u and, in w, the side (+1 or -1) of the bitangent side * cross(normal, tangent). The
 * tangent is made orthogonal to the normal first, so interpolated ones may be passed. Unit length; (0.5, 0.5, 1) gives
 * the normal itself.
 */
export const normalMap = expr`
  fn normalMap(texel: vec3f, normal: vec3f, tangent: vec4f) -> vec3f {
    let n = normalize(normal);
    let along = tangent.xyz - n * dot(n, tangent.xyz);
    let t = along * inverseSqrt(max(dot(along, along), 1e-20));
    let b = tangent.w * cross(n, t);
    let m = 2.0 * texel - 1.0;
    return normalize(m.x * t + m.y * b + m.z * n);
  }`;

/**
 * The normal of a map on what a viewer sees, as an expression: `normalMap` of a surface whose shading normal `normal`
 * (unit) was turned to the viewer's side of the triangle by `side`, +1 or -1, so that the map's bumps are dents from
 * behind; and bent back where it would turn the surface away from the viewer, which would leave black spots. The mirror
 * image of the viewing direction stays above the plane of `normal`, as in Keller et al. 2017 (The Iray Light Transport
 * Simulation and Rendering System), here by turning the map's normal towards `normal` until it lies in that plane: the
 * result is continuous, at a positive angle to the viewer, and nothing changes where the map is flat or `normal` itself
 * looks away. Light from below the triangle is not cut off here but by the tracer.
 */
export const mappedNormal = expr`
  fn mappedNormal(texel: vec3f, normal: vec3f, tangent: vec4f, side: f32, viewer: vec3f) -> vec3f {
    let m = ${normalMap}(texel, normal, side * tangent);
    let cosine = dot(m, normal);
    let aside = m - cosine * normal;
    let s = dot(aside, aside);
    let up = dot(viewer, normal);
    if (s <= 1e-12 || up <= 0.0) { return m; }
    // in the plane of both normals: at angle a from normal the mirror image's height is up cos 2a + out sin 2a
    let x = aside * inverseSqrt(s);
    let out = dot(viewer, x);
    let r = sqrt(out * out + up * up);
    let larger = sqrt(0.5 + 0.5 * abs(out) / r);
    let smaller = 0.5 * up / (r * larger);
    let least = select(larger, smaller, out >= 0.0);
    if (cosine >= least) { return m; }
    return least * normal + select(smaller, larger, out >= 0.0) * x;
  }`;

/**
 * Shading normals [..., 3] of a normal map's texels [..., 3] on a surface of normals [..., 3] and tangents [..., 4] (see
 * `normalMap`; `uvTangents` makes them). Differentiable in all three.
 */
export function applyNormalMap(texels: Tensor, normals: Tensor, tangents: Tensor): Tensor {
  return elementwise(normalMap, texels, normals, tangents);
}

const texelOfIncrement = expr`
  fn texelOfIncrement(d: vec3f) -> vec3f { return 0.5 * normalize(vec3f(0.0, 0.0, 1.0) + d) + 0.5; }`;

/**
 * Texels [..., 3] of a normal map from increments [..., 3] of the normal (0, 0, 1), as networks and optimisers give them:
 * the sum at length 1, encoded. Increments of zero are the flat map; z must lie above -1, as behind a tanh. Differentiable.
 */
export const normalMapOf = (increments: Tensor): Tensor => elementwise(texelOfIncrement, increments);
