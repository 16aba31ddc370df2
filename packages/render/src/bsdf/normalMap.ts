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
 * Shading normals [..., 3] of a normal map's texels [..., 3] on a surface of normals [..., 3] and tangents [..., 4] (see
 * `normalMap`; `vertexTangents` makes them). Differentiable in all three.
 */
export function applyNormalMap(texels: Tensor, normals: Tensor, tangents: Tensor): Tensor {
  return elementwise(normalMap, texels, normals, tangents);
}
