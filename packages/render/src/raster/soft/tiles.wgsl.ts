import { wgsl } from '../../engine.js';
import { finite, tileSize } from '../rasterize/coverage.wgsl.js';
import { eachTriangle, mostTilesAlone } from '../rasterize/eachTriangle.wgsl.js';

/** Triangles of less than this area in square pixels are not drawn. */
export const leastArea = 2 ** -21;

/**
 * Finds the tiles that lie within `reach` pixels of each triangle. Run twice: with fill = 0 it counts, with fill = 1 it
 * writes entries: the rows of the triangle's vertices, and the tile.
 */
export const binning = wgsl`${finite}${eachTriangle}
fn bin(k: u32, lane: u32) {
  let frame = k / F;
  let middle = 0.5 * vec2f(f32(width), f32(height));
  var rows = vec3u();
  var at = array<vec2f, 3>();
  var low = vec2f(0x1p126);
  var high = vec2f(-0x1p126);
  var sound = true;
  for (var corner = 0u; corner < three; corner++) {
    let row = u32(triangles[3u * (k % F) + corner]);
    let p = clip[frame * vertices + min(row, vertices - 1u)];
    rows[corner] = row;
    at[corner] = p.xy / p.w * vec2f(middle.x, -middle.y);
    low = min(low, at[corner]);
    high = max(high, at[corner]);
    sound = sound && row < vertices && p.w > 0.0 && isFinite(p.w) && isFinite(p.z)
      && isFinite(at[corner].x) && isFinite(at[corner].y);
  }
  if (!sound) { return; }
  let d = at[1] - at[0];
  let e = at[2] - at[0];
  let area = d.x * e.y - d.y * e.x;
  if (!isFinite(area) || abs(area) < ${leastArea}) { return; }

  // pixels whose centres may be within reach
  let limit = vec2f(f32(width), f32(height));
  let first = vec2i(clamp(ceil(low - reach + middle - 0.5), vec2f(), limit));
  let last = vec2i(clamp(floor(high + reach + middle - 0.5), vec2f(-1.0), limit - 1.0));
  if (any(first > last)) { return; }
  let firstTile = first / ${tileSize};
  let tiles = last / ${tileSize} - firstTile + 1;
  let count = u32(tiles.x * tiles.y);
  if (shared_by == 1u && count > ${mostTilesAlone}u) {
    if (fill == 0u) { large[atomicAdd(&largeCount[0], 1u)] = k; }
    return;
  }
  for (var j = lane; j < count; j += shared_by) {
    let tile = firstTile + vec2i(i32(j) % tiles.x, i32(j) / tiles.x);
    let centre = ${tileSize}.0 * (vec2f(tile) + 0.5) - middle;
    var least = 0x1p126; // distance of the tile's centre from the nearest edge's line, positive inside
    for (var corner = 0u; corner < three; corner++) {
      let edge = at[(corner + 1u) % 3u] - at[corner];
      let away = centre - at[corner];
      least = min(least, sign(area) * (edge.x * away.y - edge.y * away.x) / length(edge));
    }
    if (least < -(reach + ${tileSize - 3}.0)) { continue; } // ${tileSize - 3} > half a tile's diagonal of centres
    let list = (frame * tileRows + u32(tile.y)) * tileColumns + u32(tile.x);
    if (fill == 0u) {
      atomicAdd(&counts[list], 1u);
      continue;
    }
    let slot = ranges[list].x + atomicSub(&counts[list], 1u) - 1u;
    if (slot < capacity) { entries[slot] = vec4u(rows, list); }
  }
}
`;

/** Puts the entries of each tile into an order that does not depend on who came first: heap sort, by vertices. */
export const sorting = wgsl`
fn comesBefore(p: vec4u, q: vec4u) -> bool {
  if (p.x != q.x) { return p.x < q.x; }
  if (p.y != q.y) { return p.y < q.y; }
  return p.z < q.z;
}

fn item(i: u32) {
  let base = ranges[i].x;
  if (base >= capacity) { return; }
  var end = min(ranges[i].y, capacity - base);
  var start = end / 2u;
  while (end > 1u) {
    if (start > 0u) {
      start--;
    } else {
      end--;
      let greatest = entries[base];
      entries[base] = entries[base + end];
      entries[base + end] = greatest;
    }
    // sift down
    let moved = entries[base + start];
    var at = start;
    for (var child = 2u * at + 1u; child < end; child = 2u * at + 1u) {
      if (child + 1u < end && comesBefore(entries[base + child], entries[base + child + 1u])) { child++; }
      if (!comesBefore(moved, entries[base + child])) { break; }
      entries[base + at] = entries[base + child];
      at = child;
    }
    entries[base + at] = moved;
  }
}
`;
