import { wgsl } from '../../engine.js';
import { mostTilesAlone, eachTriangle } from './eachTriangle.wgsl.js';
import { coverage, subpixels, tileSize } from './coverage.wgsl.js';

/**
 * Finds the tiles that each triangle covers pixels of. Run twice: with fill = 0 it counts, with fill = 1 it writes an entry
 * of two rows: triangle, mask (two words), least depth; depth at the tile's first pixel, its steps to the right and
 * downwards, greatest depth. Large triangles are put on a list first, and then taken by many invocations each, a tile
 * apiece.
 */
export const binning = wgsl`${coverage}${eachTriangle}
// k: frame and number of the triangle among those of the frame, of which there are at most largestPart
fn bin(k: u32, lane: u32) {
  let frame = k / largestPart;
  let part = vec2u(parts[2u * frame], parts[2u * frame + 1u]);
  if (k % largestPart >= part.y) { return; }
  let triangle = part.x + k % largestPart;
  var a: Vertex;
  var b: Vertex;
  var c: Vertex;
  var above = vec3f(-0x1p126); // greatest and least of x / w, y / w, z / w, as differences: outside of the frustum?
  var below = vec3f(-0x1p126);
  var sound = true;
  for (var corner = 0u; corner < three; corner++) {
    let row = u32(triangles[3u * triangle + corner]);
    let p = clip[frame * stride + min(row, vertices - 1u)];
    a = b;
    b = c;
    c = vertexOf(p);
    sound = sound && row < vertices && isFinite(c.at.x) && isFinite(c.at.y) && isFinite(p.w) && isFinite(p.z);
    above = max(above, vec3f(p.w - p.x, p.w - p.y, p.w - p.z));
    below = max(below, vec3f(p.w + p.x, p.w + p.y, p.z));
  }
  let inFront = vec3<bool>(a.at.z > 0.0, b.at.z > 0.0, c.at.z > 0.0);
  if (!sound || !any(inFront) || any(above < vec3f()) || any(below < vec3f())) { return; }

  // pixels whose centres may be covered
  var first = vec2i();
  var last = vec2i(i32(width), i32(height)) - 1;
  let usable = a.usable && b.usable && c.usable;
  if (all(inFront)) {
    let margin = select(${subpixels}, 0, usable);
    let low = min(min(a.snapped, b.snapped), c.snapped) - margin;
    let high = max(max(a.snapped, b.snapped), c.snapped) + margin;
    first = max(first, (low + ${subpixels / 2 - 1}) >> vec2u(8u));
    last = min(last, (high - ${subpixels / 2}) >> vec2u(8u));
  }
  if (any(first > last)) { return; }
  let firstTile = first / ${tileSize};
  let tiles = last / ${tileSize} - firstTile + 1;
  let count = u32(tiles.x * tiles.y);
  if (shared_by == 1u && count > ${mostTilesAlone}u) {
    if (fill == 0u) { large[atomicAdd(&largeCount[0], 1u)] = k; }
    return;
  }

  var turn = 0;
  if (usable) {
    let s = b.snapped - a.snapped;
    let t = c.snapped - a.snapped;
    turn = sign(crossed(s.x, t.y, s.y, t.x));
  } else {
    turn = i32(sign(dot(cross(a.at, b.at), c.at)));
  }
  if (turn == 0) { return; }

  for (var j = lane; j < count; j += shared_by) {
    let tile = firstTile + vec2i(i32(j) % tiles.x, i32(j) / tiles.x);
    let pixel = ${tileSize} * tile;
    var p: Edge;
    var q: Edge;
    var r: Edge;
    var depth = vec3f();
    var determinant = 0.0;
    for (var corner = 0u; corner < three; corner++) {
      let edge = edgeOf(b, c, pixel, turn); // opposite of a
      depth += a.z * edge.homogeneous;
      determinant += a.at.z * edge.homogeneous.x;
      p = q;
      q = r;
      r = edge;
      let next = b;
      b = c;
      c = a;
      a = next;
    }
    let mask = maskOf(p, q, r, vec2u(max(first - pixel, vec2i())), vec2u(min(last - pixel, vec2i(${tileSize - 1}))));
    if (all(mask == vec2u())) { continue; }
    let list = (frame * tileRows + u32(tile.y)) * tileColumns + u32(tile.x);
    if (fill == 0u) {
      atomicAdd(&counts[list], 1u);
      continue;
    }
    let slot = ranges[list].x + atomicSub(&counts[list], 1u) - 1u;
    if (slot >= capacity) { continue; }
    // a sliver's snapped pixels may lie outside of it: its depth stays between those of its vertices
    var range = vec2f(-1.0, 2.0);
    if (all(inFront)) {
      let depths = vec3f(a.z / a.at.z, b.z / b.at.z, c.z / c.at.z);
      range = vec2f(min(min(depths.x, depths.y), depths.z), max(max(depths.x, depths.y), depths.z));
    }
    depth /= determinant;
    if (!isFinite(depth.x) || !isFinite(depth.y) || !isFinite(depth.z)) { depth = vec3f(range.x, 0.0, 0.0); }
    entries[2u * slot] = vec4u(triangle, mask, bitcast<u32>(range.x));
    entries[2u * slot + 1u] = bitcast<vec4u>(vec4f(depth, range.y));
  }
}
`;

/** Gives each tile its part of the entries; which part it is does not matter. */
export const placing = wgsl`
fn item(i: u32) {
  let count = atomicLoad(&counts[i]);
  ranges[i] = vec2u(atomicAdd(&needed[0], count), count);
}
`;

/**
 * The nearest triangle of each pixel, of equally near ones the first: the order of entries does not show. With peel = 1 the
 * nearest of those that come after a given one in that order; its depth is computed from its entry again, so that it is
 * the same number.
 */
export const resolving = wgsl`
fn depthOf(k: u32, within: vec2u) -> f32 {
  let plane = bitcast<vec4f>(entries[2u * k + 1u]);
  let exact = dot(plane.xyz, vec3f(1.0, vec2f(within)));
  return min(max(exact, bitcast<f32>(entries[2u * k].w)), plane.w);
}

fn item(i: u32) {
  let tile = i / ${tileSize ** 2}u;
  let cell = i % ${tileSize ** 2}u;
  let within = vec2u(cell % ${tileSize}u, cell / ${tileSize}u);
  let at = vec2u(tile % tileColumns, tile / tileColumns % tileRows) * ${tileSize}u + within;
  if (at.x >= width || at.y >= height) { return; }
  let range = ranges[tile];
  let pixel = (tile / (tileColumns * tileRows) * height + at.y) * width + at.x;
  var last = -1;
  var least = 0.0; // nothing before the near plane
  if (peel == 1u) {
    last = previous[pixel];
    least = 2.0; // behind nothing there is nothing
    for (var k = range.x; last >= 0 && k < min(range.x + range.y, capacity); k++) {
      if (i32(entries[2u * k].x) == last) { least = depthOf(k, within); }
    }
  }
  var nearest = 1.0;
  var found = -1;
  for (var k = range.x; k < min(range.x + range.y, capacity); k++) {
    let entry = entries[2u * k];
    let bits = select(entry.y, entry.z, cell >= 32u);
    if (((bits >> (cell & 31u)) & 1u) == 0u) { continue; }
    let depth = depthOf(k, within);
    if (depth < least || depth > nearest) { continue; }
    let triangle = i32(entry.x);
    if (triangle == last || (depth == least && triangle < last)) { continue; }
    if (depth < nearest || found < 0 || triangle < found) {
      nearest = depth;
      found = triangle;
    }
  }
  ids[pixel] = found;
}
`;
