import { wgsl } from '../../engine.js';
import { bvhWord } from './traverse.wgsl.js';
import { childWord, stackSize, triangleRows } from './layout.js';

/**
 * Where in a triangle the origin is nearest: weights of vertices 1 and 2, squared distance. The inside of the triangle where
 * the origin lies above it, else the nearest of its sides; triangles without area are their sides.
 */
const triangleCode = wgsl`
fn bvhOnSide(a: vec3f, b: vec3f) -> vec2f {
  let along = b - a;
  let t = clamp(-dot(a, along) / max(dot(along, along), 1e-37), 0.0, 1.0);
  let q = a + t * along;
  return vec2f(t, dot(q, q));
}
fn bvhNearestInTriangle(a: vec3f, b: vec3f, c: vec3f) -> vec3f {
  let e = b - a;
  let f = c - a;
  let n = cross(e, f);
  let size = dot(n, n);
  let weights = vec2f(dot(n, cross(f, a)), dot(n, cross(a, e))) / max(size, 1e-37);
  let above = size > 1e-37 && weights.x >= 0.0 && weights.y >= 0.0 && weights.x + weights.y <= 1.0;
  let q = a + weights.x * e + weights.y * f;
  let ab = bvhOnSide(a, b);
  let bc = bvhOnSide(b, c);
  let ca = bvhOnSide(c, a);
  var best = vec3f(ab.x, 0.0, ab.y);
  if (bc.y < best.z) { best = vec3f(1.0 - bc.x, bc.x, bc.y); }
  if (ca.y < best.z) { best = vec3f(0.0, 1.0 - ca.x, ca.y); }
  if (above) { best = vec3f(weights, dot(q, q)); }
  return best;
}`;

/**
 * Squared distances to the bounds of the four children of the node at `at`, as sorted keys: the float's bits, the lowest two
 * replaced by the child's number; 0xffffffff for those that are farther than `limit`. Rounding makes boxes larger.
 */
const childrenCode = wgsl`
fn bvhSideBytes(w: u32) -> vec4f {
  return vec4f(vec4u(w & 255u, (w >> 8u) & 255u, (w >> 16u) & 255u, w >> 24u));
}
fn bvhBeyond(low: u32, high: u32, start: f32, step: f32) -> vec4f {
  let slack = (abs(start) + 256.0 * step) * 4.8e-7;
  let d = max(bvhSideBytes(low) * step + start, -(bvhSideBytes(high) * step + start)) - slack;
  return max(d, vec4f()) * max(d, vec4f());
}
fn bvhNearChildren(at: u32, point: vec3f, limit: f32) -> vec4u {
  let words0 = bvh[at];
  let words1 = bvh[at + 1u];
  let words2 = bvh[at + 2u];
  let grid = words0.w;
  let step = bitcast<vec3f>((vec3u(grid) << vec3u(23u, 15u, 7u)) & vec3u(0x7f800000u));
  let start = bitcast<vec3f>(words0.xyz) - point;
  let distance = bvhBeyond(words1.x, words1.w, start.x, step.x)
    + bvhBeyond(words1.y, words2.x, start.y, step.y)
    + bvhBeyond(words1.z, words2.y, start.z, step.z);
  let children = vec4u(0u, 1u, 2u, 3u);
  let present = ((vec4u(grid >> 24u) >> children) & vec4u(1u)) == vec4u(1u);
  let key = select(
    vec4u(0xffffffffu), (bitcast<vec4u>(distance) & vec4u(0xfffffffcu)) | children, (distance <= vec4f(limit)) & present);
  // a sorting network
  let a = vec4u(min(key.xz, key.yw), max(key.xz, key.yw));
  let b = vec4u(min(a.x, a.y), max(a.x, a.y), min(a.z, a.w), max(a.z, a.w));
  return vec4u(b.x, min(b.y, b.z), max(b.y, b.z), b.w);
}`;

/**
 * WGSL for any program with an input `bvh: 'vec4u[B]'` (from `refitBvh`):
 *
 * `fn nearestTriangle(point: vec3f, limit: f32) -> Nearest`, the triangle that is nearest to a point, if its squared distance
 * is below `limit`; `struct Nearest { square: f32, u: f32, v: f32, triangle: u32 }`. u and v are the weights of vertices 1
 * and 2; without a triangle `triangle` is 0xffffffff and `square` the limit. A point with NaN has none.
 */
export const nearestTriangle = wgsl`${bvhWord}${triangleCode}${childrenCode}
struct Nearest { square: f32, u: f32, v: f32, triangle: u32 }
fn nearestTriangle(point: vec3f, limit: f32) -> Nearest {
  let nothing = 0xffffffffu;
  var best = Nearest(limit, 0.0, 0.0, nothing);
  var nodes: array<u32, ${stackSize}>;
  var entries: array<u32, ${stackSize}>;
  nodes[0] = 0u;
  entries[0] = 0u;
  var top = 1u;
  while (top > 0u) {
    top--;
    if (bitcast<f32>(entries[top] & 0xfffffffcu) > best.square) { continue; }
    let current = nodes[top];
    if ((current & 0x80000000u) == 0u) {
      let keys = bvhNearChildren(current, point, best.square);
      // the farthest first, so that the nearest is taken first
      for (var k = 4u; k > 0u; k--) {
        let key = keys[k - 1u];
        if (key == nothing) { continue; }
        nodes[top] = bvhWord(4u * current + ${childWord}u + (key & 3u));
        entries[top] = key;
        top++;
      }
      continue;
    }
    var at = current & 0x07ffffffu;
    let end = at + ((current >> 27u) & 15u) * ${triangleRows}u;
    while (at < end) {
      let words0 = bvh[at];
      let words1 = bvh[at + 1u];
      let words2 = bvh[at + 2u];
      let a = bitcast<vec3f>(words0.xyz) - point;
      let b = bitcast<vec3f>(vec3u(words0.w, words1.xy)) - point;
      let c = bitcast<vec3f>(vec3u(words1.zw, words2.x)) - point;
      let found = bvhNearestInTriangle(a, b, c);
      if (found.z < best.square && words2.z == 1u) { best = Nearest(found.z, found.x, found.y, words2.y); }
      at += ${triangleRows}u;
    }
  }
  return best;
}`;
