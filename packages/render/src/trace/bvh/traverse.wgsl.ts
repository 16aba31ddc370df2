import { wgsl } from '../../engine.js';
import { idWord, recordRows, stackSize, triangleRows, validWord } from './layout.js';

/** What a ray finds: `triangle` is 0xffffffff for nothing; u and v are the weights of vertices 1 and 2. */
const hitCode = wgsl`
struct Hit { t: f32, u: f32, v: f32, triangle: u32 }`;

/** WGSL: `fn bvhWord(at: u32) -> u32`, one 32-bit word of the input `bvh`. */
export const bvhWord = wgsl`
fn bvhWord(at: u32) -> u32 { return bvh[at >> 2u][at & 3u]; }`;

/**
 * A ray prepared for boxes and triangles. Directions need not be of unit length. `shear` takes the ray to the axis
 * (0, 0, 1) once the coordinates are turned so that its longest component is the last.
 */
const rayCode = wgsl`
struct BvhRay { origin: vec3f, inverse: vec3f, shear: vec3f, axis: u32 }
fn bvhTurned(v: vec3f, axis: u32) -> vec3f { return select(select(v, v.zxy, axis == 1u), v.yzx, axis == 0u); }
fn bvhRay(origin: vec3f, direction: vec3f) -> BvhRay {
  let size = abs(direction);
  let axis = select(select(2u, 1u, size.y >= size.z), 0u, size.x >= size.y && size.x >= size.z);
  let d = bvhTurned(direction, axis);
  // a component of zero becomes one so small that nothing overflows and no product of zero and infinity arises
  let smallest = select(vec3f(1e-20), vec3f(-1e-20), direction < vec3f());
  let inverse = 1.0 / select(direction, smallest, size < vec3f(1e-20));
  return BvhRay(origin, inverse, vec3f(d.x / d.z, d.y / d.z, 1.0 / d.z), axis);
}`;

/**
 * Watertight triangle test (Woop, Benthin and Wald 2013): the vertices are sheared to the ray's axis, the signs of three
 * edge functions decide. `bvhEdge` orders its arguments, so that two triangles at an edge get exactly opposite values
 * even where the compiler fuses multiplications with additions: no ray passes between them.
 */
const triangleCode = wgsl`${rayCode}
fn bvhVertex(vertex: vec3u, ray: BvhRay) -> vec3f {
  let p = bvhTurned(bitcast<vec3f>(vertex) - ray.origin, ray.axis);
  return vec3f(p.xy - ray.shear.xy * p.z, ray.shear.z * p.z);
}
fn bvhEdge(p: vec3f, q: vec3f) -> f32 {
  let turned = q.x < p.x || (q.x == p.x && q.y < p.y);
  let a = select(p, q, turned);
  let b = select(q, p, turned);
  let area = a.x * b.y - a.y * b.x;
  return select(area, -area, turned);
}
/** t and the weights of vertices 1 and 2; t is -1 for a miss. */
fn bvhTriangle(at: u32, ray: BvhRay) -> vec3f {
  let words0 = bvh[at];
  let words1 = bvh[at + 1u];
  let words2 = bvh[at + 2u];
  let a = bvhVertex(words0.xyz, ray);
  let b = bvhVertex(vec3u(words0.w, words1.xy), ray);
  let c = bvhVertex(vec3u(words1.zw, words2.x), ray);
  let w = vec3f(bvhEdge(c, b), bvhEdge(a, c), bvhEdge(b, a));
  let sum = w.x + w.y + w.z;
  let inside = (all(w >= vec3f()) || all(w <= vec3f())) && sum != 0.0;
  return select(vec3f(-1.0, 0.0, 0.0), vec3f(dot(w, vec3f(a.z, b.z, c.z)), w.yz) / sum, inside);
}`;

/**
 * Where a ray enters the four children of the node at `at`, as sorted keys: the float's bits, the lowest two replaced by the
 * child's number; 0xffffffff for a miss. Rounding makes boxes larger, never smaller: by four units in the last place of
 * the terms.
 */
const childrenCode = wgsl`${rayCode}
fn bvhBytes(w: u32) -> vec4f {
  return vec4f(vec4u(w & 255u, (w >> 8u) & 255u, (w >> 16u) & 255u, w >> 24u));
}
struct BvhChildren { keys: vec4u, offsets: vec4u }
fn bvhChildren(at: u32, ray: BvhRay, tMin: f32, tMax: f32) -> BvhChildren {
  let words0 = bvh[at];
  let words1 = bvh[at + 1u];
  let words2 = bvh[at + 2u];
  let words3 = bvh[at + 3u];
  let grid = words0.w;
  let origin = bitcast<vec3f>(words0.xyz);
  let step = bitcast<vec3f>((vec3u(grid) << vec3u(23u, 15u, 7u)) & vec3u(0x7f800000u)) * ray.inverse;
  let start = (origin - ray.origin) * ray.inverse;
  let slack = (abs(start) + 256.0 * abs(step)) * 4.8e-7;
  let entry = start - slack;
  let exit = start + slack;
  let low = words1.xyz;
  let high = vec3u(words1.w, words2.xy);
  let back = ray.inverse < vec3f();
  let front = select(low, high, back);
  let rear = select(high, low, back);
  let near = max(
    max(bvhBytes(front.x) * step.x + entry.x, bvhBytes(front.y) * step.y + entry.y),
    max(bvhBytes(front.z) * step.z + entry.z, vec4f(tMin)));
  let far = min(
    min(bvhBytes(rear.x) * step.x + exit.x, bvhBytes(rear.y) * step.y + exit.y),
    min(bvhBytes(rear.z) * step.z + exit.z, vec4f(tMax)));
  let children = vec4u(0u, 1u, 2u, 3u);
  let hittable = ((vec4u(grid >> 24u) >> children) & vec4u(1u)) == vec4u(1u);
  let key = select(vec4u(0xffffffffu), (bitcast<vec4u>(near) & vec4u(0xfffffffcu)) | children, (near <= far) & hittable);
  // a sorting network
  let a = vec4u(min(key.xz, key.yw), max(key.xz, key.yw));
  let b = vec4u(min(a.x, a.y), max(a.x, a.y), min(a.z, a.w), max(a.z, a.w));
  return BvhChildren(vec4u(b.x, min(b.y, b.z), max(b.y, b.z), b.w), vec4u(words2.zw, words3.xy));
}
fn bvhChild(children: BvhChildren, key: u32) -> u32 {
  let offsets = select(children.offsets.xz, children.offsets.yw, (key & 1u) != 0u);
  return select(offsets.x, offsets.y, (key & 2u) != 0u);
}`;

/**
 * The walk through a tree, nearest children first. `hit.t` is as far as it looks, which `leaf` makes nearer: code that is
 * given the rows from `at` to `end` of a leaf. `root` is the tree's first row.
 */
const walkCode = (leaf: string): string => `let ray = bvhRay(origin, direction);
  let nothing = 0xffffffffu;
  var hit = Hit(tMax, 0.0, 0.0, nothing);
  var nodes: array<u32, ${stackSize}>;
  var entries: array<u32, ${stackSize}>;
  var top = 0u;
  var current = 0u;
  loop {
    while ((current & 0x80000000u) == 0u) {
      let children = bvhChildren(root + current, ray, tMin, hit.t);
      let keys = children.keys;
      // the farthest first, so that the nearest is taken first
      if (keys.w != nothing) { nodes[top] = bvhChild(children, keys.w); entries[top] = keys.w; top++; }
      if (keys.z != nothing) { nodes[top] = bvhChild(children, keys.z); entries[top] = keys.z; top++; }
      if (keys.y != nothing) { nodes[top] = bvhChild(children, keys.y); entries[top] = keys.y; top++; }
      current = nothing;
      if (keys.x != nothing) { current = bvhChild(children, keys.x); }
    }
    if (current != nothing) {
      var at = root + (current & 0x07ffffffu);
      let end = at + ((current >> 27u) & 15u) * ${triangleRows}u;
      while (at < end) {
        ${leaf}
        at += ${triangleRows}u;
      }
      if (any_ && hit.triangle != nothing) { break; }
      current = nothing;
    }
    // the next on the stack that is not behind the hit
    while (current == nothing && top > 0u) {
      top--;
      if (bitcast<f32>(entries[top] & 0xfffffffcu) <= hit.t) { current = nodes[top]; }
    }
    if (current == nothing) { break; }
  }`;

/** `bvhTraceFrom`: the nearest triangle of the tree that begins at a row. */
const traceFromCode = wgsl`${hitCode}${bvhWord}${triangleCode}${childrenCode}
fn bvhTraceFrom(root: u32, origin: vec3f, direction: vec3f, tMin: f32, tMax: f32, any_: bool) -> Hit {
  ${walkCode(`let found = bvhTriangle(at, ray);
        if (found.x >= tMin && found.x < hit.t) { hit = Hit(found.x, found.y, found.z, at); }`)}
  if (hit.triangle != nothing) { hit.triangle = bvhWord(4u * hit.triangle + ${idWord}u); }
  return hit;
}`;

const traceCode = wgsl`${traceFromCode}
fn bvhTrace(origin: vec3f, direction: vec3f, tMin: f32, tMax: f32, any_: bool) -> Hit {
  return bvhTraceFrom(0u, origin, direction, tMin, tMax, any_);
}`;

/**
 * `bvhTrace` through the two levels of `forest.ts`: where the ray meets the box of an instance, it goes on through the tree
 * of the instance's mesh from where that sees it. Distances are those of the world, since the direction is not made unit.
 */
const forestCode = wgsl`${traceFromCode}
fn bvhTrace(origin: vec3f, direction: vec3f, tMin: f32, tMax: f32, any_: bool) -> Hit {
  let root = 0u;
  ${walkCode(`if (bvhWord(4u * at + ${validWord}u) != 0u) {
          let instance = bvhWord(4u * at + ${idWord}u);
          let record = forestAt + ${recordRows}u * instance;
          let a = bitcast<vec4f>(bvh[record]);
          let b = bitcast<vec4f>(bvh[record + 1u]);
          let c = bitcast<vec4f>(bvh[record + 2u]);
          let its = bvh[record + 3u];
          let from_ = origin - vec3f(a.w, b.w, c.w);
          let o = vec3f(dot(a.xyz, from_), dot(b.xyz, from_), dot(c.xyz, from_));
          let d = vec3f(dot(a.xyz, direction), dot(b.xyz, direction), dot(c.xyz, direction));
          let found = bvhTraceFrom(its.x, o, d, tMin, hit.t, any_);
          if (found.triangle != nothing) {
            hit = Hit(found.t, found.u, found.v, (instance << instanceShift) + its.y + found.triangle);
          }
        }`)}
  return hit;
}`;

const closestHitCode = `
fn closestHit(origin: vec3f, direction: vec3f, tMin: f32, tMax: f32) -> Hit {
  return bvhTrace(origin, direction, tMin, tMax, false);
}`;
const occludedCode = `
fn occluded(origin: vec3f, direction: vec3f, tMin: f32, tMax: f32) -> bool {
  return bvhTrace(origin, direction, tMin, tMax, true).triangle != 0xffffffffu;
}`;

/**
 * WGSL for any program with an input `bvh: 'vec4u[B]'` (from `refitBvh`):
 *
 * `fn closestHit(origin: vec3f, direction: vec3f, tMin: f32, tMax: f32) -> Hit`, the nearest hit with tMin <= t < tMax at
 * origin + t * direction, from either side of a triangle; `struct Hit { t: f32, u: f32, v: f32, triangle: u32 }`. u and v
 * are the weights of vertices 1 and 2; without a hit t is tMax and triangle 0xffffffff. tMin must not be negative. The
 * direction's length is the unit of t. Rays along an axis are as good as others; one with NaN hits nothing.
 *
 * Every call site is compiled once more: a kernel should have one.
 */
export const closestHit = wgsl`${traceCode}${closestHitCode}`;

/**
 * WGSL as `closestHit`: `fn occluded(origin: vec3f, direction: vec3f, tMin: f32, tMax: f32) -> bool`, whether there is a hit
 * with tMin <= t < tMax; ends at the first that it finds.
 */
export const occluded = wgsl`${traceCode}${occludedCode}`;

/**
 * WGSL of the same two functions for a forest (`forestOf`), in a program with the options `forestAt`, the first row of its
 * records, and `instanceShift`: `Hit.triangle` is the number of the triangle in the joined list, and from bit `instanceShift` on
 * the number of the instance.
 */
export const closestHitOfForest = wgsl`${forestCode}${closestHitCode}`;
export const occludedByForest = wgsl`${forestCode}${occludedCode}`;

/**
 * WGSL: `fn offsetOrigin(p: vec3f, n: vec3f) -> vec3f`, a point off the surface at `p`, to the side that the geometric unit
 * normal `n` points to, by so little that nothing is missed and so much that a ray from there does not find the surface
 * itself again: a step in units of the last place of each coordinate, and a fixed one near zero (Waechter and Binder
 * 2019, "A fast and robust method for avoiding self-intersection"). Interpolate `p` from the vertices, not along the
 * ray. With it, rays may begin at tMin = 0.
 */
export const offsetOrigin = wgsl`
fn offsetOrigin(p: vec3f, n: vec3f) -> vec3f {
  let units = vec3i(256.0 * n);
  let moved = bitcast<vec3f>(bitcast<vec3i>(p) + select(units, -units, p < vec3f()));
  return select(moved, p + n * (1.0 / 65536.0), abs(p) < vec3f(1.0 / 32.0));
}`;
