import { wgsl } from '../../engine.js';
import { finite } from '../rasterize/coverage.wgsl.js';
import { pixelPlaces } from '../rasterize/frame.wgsl.js';

/** Slack, in pixels, of what counts as touching a pixel; an edge this near to a centre may have been snapped past it. */
export const slack = 1 / 64;

/**
 * For each outline of each image (an invocation for each edge of each triangle), and each pixel whose square it touches:
 * which side the pixel's centre shows, and which neighbour shows the other. Calls
 * `visit(slot, side, at, a, b)` with slot = 8 * pixel + neighbour, side = 1 if the pixel shows what is outside and -1 if it
 * shows the inside; a and b are rows of `clip` such that the inside is to the left. Calls `finish(a, b)` at an edge's end.
 *
 * Two neighbours show the sides of an edge if the inner is nearer than the outer, and the edge's depth there is nearer to the
 * inner's than to the outer's, and than these are to each other: so edges hidden before or behind do not count.
 */
export const eachOutline = wgsl`${pixelPlaces}${finite}
fn halfSize() -> vec2f { return vec2f(f32(width), -f32(height)) * 0.5; }

struct Seen { id: i32, depth: f32 }
fn seenAt(frame: u32, at: vec2i) -> Seen {
  let pixel = u32(at.y) * width + u32(at.x);
  let id = ids[frame * Q + pixel];
  return Seen(id, select(1.0, depth[frame * height * width + pixel], id >= 0));
}

fn areSides(inner: Seen, outer: Seen, edge: f32) -> bool {
  let apart = abs(inner.depth - edge);
  return inner.id >= 0 && inner.id != outer.id && apart < outer.depth - inner.depth && apart < abs(outer.depth - edge);
}

// neighbours in rows from the upper left, without the pixel itself
fn stepTo(k: u32) -> vec2i {
  let cell = i32(k + select(0u, 1u, k >= 4u));
  return vec2i(cell % 3, cell / 3) - 1;
}

fn sideOf(a: vec4f, b: vec4f, row: u32) -> f32 {
  let volume = dot(cross(a.xyw, b.xyw), clip[row].xyw);
  return select(0.0, sign(volume), isFinite(volume));
}

fn item(i: u32) {
  let frame = i / (3u * F);
  let triangle = i / 3u % F;
  let corner = i % 3u;
  let part = vec2i(ids[(frame + 1u) * Q - 2u], ids[(frame + 1u) * Q - 1u]); // the image's first triangle and their count
  if (i32(triangle) < part.x || i32(triangle) >= part.x + part.y) { return; }
  var other = corners[6u * triangle + 3u + corner];
  if (other < part.x || other >= part.x + part.y) { other = -1; }
  if (other >= 0 && other < i32(triangle)) { return; } // its turn was or will be
  let ends = vec2i(corners[6u * triangle + (corner + 1u) % 3u], corners[6u * triangle + (corner + 2u) % 3u]);
  var rows = frame * stride + vec2u(ends);
  var a = clip[rows.x];
  var b = clip[rows.y];
  if (!(a.w > 0.0 && b.w > 0.0)) { return; }
  var side = sideOf(a, b, frame * stride + u32(corners[6u * triangle + corner]));
  if (other >= 0) {
    var third = 0;
    for (var k = 0u; k < three; k++) {
      let v = corners[6u * u32(other) + k];
      if (v != ends.x && v != ends.y) { third = v; }
    }
    let beyond = sideOf(a, b, frame * stride + u32(third));
    if (side * beyond < 0.0) { return; }
    if (side == 0.0) { side = beyond; }
  }
  if (side == 0.0) { return; }
  if (side < 0.0) {
    rows = rows.yx;
    let swapped = a;
    a = b;
    b = swapped;
  }
  let middle = vec2f(f32(width), f32(height)) * 0.5;
  let p = a.xy / a.w * halfSize() + middle;
  let q = b.xy / b.w * halfSize() + middle;
  if (!isFinite(p.x) || !isFinite(p.y) || !isFinite(q.x) || !isFinite(q.y)) { return; }
  let d = q - p;
  let rowsOfPixels = vec2f(min(p.y, q.y), max(p.y, q.y)) + vec2f(-${slack}, ${slack});
  let last = i32(clamp(floor(rowsOfPixels.y), -1.0, f32(height) - 1.0));
  for (var y = i32(clamp(floor(rowsOfPixels.x), 0.0, f32(height))); y <= last; y++) {
    // where the edge enters and leaves the row
    let top = clamp(f32(y) - ${slack}, rowsOfPixels.x, rowsOfPixels.y);
    let bottom = clamp(f32(y) + ${1 + slack}, rowsOfPixels.x, rowsOfPixels.y);
    var reach = vec2f(min(p.x, q.x), max(p.x, q.x));
    if (abs(d.y) > ${slack}) {
      let s = p.x + (top - p.y) * d.x / d.y;
      let t = p.x + (bottom - p.y) * d.x / d.y;
      reach = clamp(vec2f(min(s, t), max(s, t)), reach.xx, reach.yy);
    }
    let right = i32(clamp(floor(reach.y + ${slack}), -1.0, f32(width) - 1.0));
    for (var x = i32(clamp(floor(reach.x - ${slack}), 0.0, f32(width))); x <= right; x++) {
      let pixel = (frame * height + u32(y)) * width + u32(x);
      let centre = vec2f(f32(x), f32(y)) + 0.5;
      let share = clamp(dot(centre - p, d) / dot(d, d), 0.0, 1.0);
      let edge = mix(a.z / a.w, b.z / b.w, share);
      let inwards = vec2f(d.y, -d.x) / length(d);
      let distance = dot(centre - p, inwards);
      let own = seenAt(frame, vec2i(x, y));
      var best = eight;
      var isInside = distance > 0.0;
      // the pixel as what its side of the edge says, else as the other
      for (var turn = 0u; turn < two && best == eight; turn++) {
        if (turn > 0u) { isInside = !isInside; }
        var most = 0.0;
        for (var k = 0u; k < eight; k++) {
          let step = stepTo(k);
          let at = vec2i(x, y) + step;
          let along = dot(vec2f(step), inwards) * inverseSqrt(f32(dot(step, step))) * select(1.0, -1.0, isInside);
          if (along <= most || any(at < vec2i()) || at.x >= i32(width) || at.y >= i32(height)) { continue; }
          let there = seenAt(frame, at);
          var inner = own;
          var outer = there;
          if (!isInside) {
            inner = there;
            outer = own;
          }
          if (areSides(inner, outer, edge)) {
            most = along;
            best = k;
          }
        }
      }
      if (best == eight) { continue; }
      // what was snapped to the other side of the centre is moved after
      var shift = vec2f();
      if (abs(distance) < ${slack} && (distance > 0.0) != isInside) {
        shift = inwards * (select(-1e-4, 1e-4, isInside) - distance);
      }
      let at = (centre + shift - middle) / halfSize();
      visit(8u * pixel + best, select(1.0, -1.0, isInside), at, rows.x, rows.y);
    }
  }
  finish(rows.x, rows.y);
}
`;
