import { wgsl } from '../../engine.js';

/** Pixels along a side of a tile: the 64 pixels of one are the bits of a mask of two words. */
export const tileSize = 8;

/** Steps of the grid that vertices are snapped to, per pixel. */
export const subpixels = 256;

/** Edges longer than this many steps in x or y, and vertices this many tiles away, are not snapped. */
export const longestEdge = 2 ** 19;
export const farthestVertex = 2 ** 22;

/** Edges that own none of the points on them cover from here on: above zero, by as little as a float can be. */
export const smallestPositive = 2 ** -126;

/** By the bits, since compilers may take it that no number is NaN. */
export const finite = wgsl`
fn isFinite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }`;

/**
 * Which pixel centres of a tile a triangle covers, without gap or overlap between triangles that share an edge.
 *
 * An edge between two vertices in front of the camera and not too long is a linear function of integers: vertices are
 * snapped to 1/256 pixel, and what lies on an edge belongs to the triangle to its right or below it (the rule of graphics
 * APIs). Within a tile the function is exact in floats, since all its values stay below 2^24.
 *
 * Other edges, those that pass the camera's plane among them, are the homogeneous functions of Olano and Greer (1997),
 * in floats, always computed from the lesser end to the greater, so that the two triangles of an edge see the same
 * number with opposite signs. Which kind an edge is depends on its ends alone.
 */
export const coverage = wgsl`${finite}
struct Vertex {
  at: vec3f,        // x and y in pixels, snapped where usable, times w; w
  z: f32,
  snapped: vec2i,   // x and y in 1/${subpixels} pixel; means something only where usable
  usable: bool,
}

struct Edge {
  plane: vec3f,     // value at the tile's first pixel, steps to the right and downwards; not negative inside
  least: f32,       // covered from this value on
  homogeneous: vec3f, // the same times w of both ends, not turned
}

fn vertexOf(p: vec4f) -> Vertex {
  let at = vec3f(0.5 * (p.x + p.w) * f32(width), 0.5 * (p.w - p.y) * f32(height), p.w);
  let limit = vec2f(${farthestVertex}.0);
  let snapped = round(at.xy / p.w * ${subpixels}.0);
  let usable = p.w > 0.0 && all(abs(snapped) < limit);
  let moved = vec3f(select(at.xy, snapped * (p.w / ${subpixels}.0), usable), p.w);
  return Vertex(moved, p.z, vec2i(clamp(snapped, -limit, limit)), usable);
}

// x * y - z * w where that is below 2^29, else anything at least that far from zero on the same side
fn crossed(x: i32, y: i32, z: i32, w: i32) -> i32 {
  let rough = f32(x) * f32(y) - f32(z) * f32(w);
  if (abs(rough) < 0x1p29) { return x * y - z * w; } // products wrap, their difference does not
  return select(-0x20000000, 0x20000000, rough > 0.0);
}

fn isGreater(a: vec3f, b: vec3f) -> bool {
  if (a.x != b.x) { return a.x > b.x; }
  if (a.y != b.y) { return a.y > b.y; }
  return a.z > b.z;
}

// the edge from a to b about the tile whose first pixel is given; turn is 1 or -1, so that the inside is positive
fn edgeOf(a: Vertex, b: Vertex, pixel: vec2i, turn: i32) -> Edge {
  let swapped = isGreater(a.at, b.at);
  let low = select(a.at, b.at, swapped);
  let high = select(b.at, a.at, swapped);
  let centre = vec2f(pixel) + 0.5;
  let s = low.xy - low.z * centre;
  let t = high.xy - high.z * centre;
  let raw = vec3f(s.x * t.y - s.y * t.x, high.z * s.y - low.z * t.y, low.z * t.x - high.z * s.x);
  let homogeneous = select(raw, -raw, swapped);

  let d = turn * (b.snapped - a.snapped);
  if (!a.usable || !b.usable || any(abs(d) > vec2i(${longestEdge}))) {
    let owns = (turn > 0) != swapped;
    return Edge(f32(turn) * homogeneous, select(0x1p-126, 0.0, owns), homogeneous);
  }
  let offset = ${subpixels} * pixel + ${subpixels / 2} - a.snapped;
  let whole = offset >> vec2u(8u);
  let rest = offset & vec2i(${subpixels - 1});
  let owns = d.y < 0 || (d.y == 0 && d.x > 0);
  let value = crossed(d.x, whole.y, d.y, whole.x) + ((d.x * rest.y - d.y * rest.x - select(1, 0, owns)) >> 8u);
  // steps within a tile are less than 2^23: beyond, only the sign matters
  return Edge(vec3f(f32(clamp(value, -0x800000, 0x800000)), f32(-d.y), f32(d.x)), 0.0, homogeneous);
}

// bits of the pixels first ... last (counted within the tile) that lie inside of all three edges
fn maskOf(p: Edge, q: Edge, r: Edge, first: vec2u, last: vec2u) -> vec2u {
  let value = vec3f(p.plane.x, q.plane.x, r.plane.x);
  let right = vec3f(p.plane.y, q.plane.y, r.plane.y);
  let down = vec3f(p.plane.z, q.plane.z, r.plane.z);
  let least = vec3f(p.least, q.least, r.least);
  let most = ${tileSize - 1}.0;
  if (any(value + max(right, vec3f()) * most + max(down, vec3f()) * most < least)) { return vec2u(); }
  let whole = all(value + min(right, vec3f()) * most + min(down, vec3f()) * most >= least);
  var mask = vec2u();
  for (var y = first.y; y <= last.y; y++) {
    var bits = ((2u << (last.x - first.x)) - 1u) << first.x;
    if (!whole) {
      bits = 0u;
      for (var x = first.x; x <= last.x; x++) {
        bits |= select(0u, 1u, all(value + right * f32(x) + down * f32(y) >= least)) << x;
      }
    }
    mask |= select(vec2u(bits << (8u * y), 0u), vec2u(0u, bits << (8u * y - 32u)), y >= 4u);
  }
  return mask;
}
`;
