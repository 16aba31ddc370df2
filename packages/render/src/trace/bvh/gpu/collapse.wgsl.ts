import { wgsl } from '../../../engine.js';
import { leafSize, maximalDepth, nodeRows, nodeWords, rowWords, triangleRows, childWord } from '../layout.js';
import { boundsCode } from '../refit.wgsl.js';
import { blockSize, innerAt, nodeCode } from './cluster.wgsl.js';

/** Levels that the wide tree can have. */
export const wideLevels = maximalDepth / 2 + 1;

/** Invocations that work off a level. */
export const collapsers = 4096;

const noChild = '0xffffffffu';

/** Puts the root into the queue. */
export const rootCode = wgsl`
fn item(i: u32) {
  queue[0] = 2u * F - 2u;
  starts[0] = 0u;
  atomicStore(&levels[0], 1u);
}`;

/**
 * Gives the wide nodes of a level up to four children: the grandchildren in the binary tree, so that the levels
 * halve, and while there is room the children of the largest. Children that are nodes go to the next level, in an order
 * that does not matter; leaves write where their triangles stand in the flat form, which follows from the tree alone.
 */
export const collapseCode = wgsl`${nodeCode}
fn areaOf(node: u32) -> f32 {
  let cluster = clusterOf(node);
  return halfArea(cluster.low, cluster.high);
}
fn placeTriangles(leaf: u32, start: u32) {
  var open: array<u32, ${leafSize + 1}>;
  open[0] = leaf;
  var count = 1u;
  var place = start;
  while (count > 0u) {
    count--;
    let node = open[count];
    if (node < F) { places[place] = node; place++; continue; }
    open[count] = pairs[2u * (node - F)];
    open[count + 1u] = pairs[2u * (node - F) + 1u];
    count += 2u;
  }
}
fn item(i: u32) {
  var begin = 0u;
  for (var l = 0u; l < level; l++) { begin += atomicLoad(&levels[l]); }
  let end = begin + atomicLoad(&levels[level]);
  for (var q = begin + i; q < end; q += ${collapsers}u) {
    var children: array<u32, 4>;
    children[0] = queue[q];
    var count = 1u;
    // it, either of its two, the largest there is
    for (var turn = 0u; turn < 5u + none && count < 4u; turn++) {
      var chosen = 0u;
      var largest = -1.0;
      for (var k = 0u; k < count; k++) {
        let area = areaOf(children[k]);
        if (isInner(children[k]) && area > largest) { chosen = k; largest = area; }
      }
      if (turn == 1u || turn == 2u) { chosen = turn - 1u; }
      if (!isInner(children[chosen])) { continue; }
      let at = 2u * (children[chosen] - F);
      children[chosen] = pairs[at];
      children[count] = pairs[at + 1u];
      count++;
    }
    var start = starts[q];
    for (var k = 0u; k < 4u + none; k++) {
      if (k >= count) { kids[4u * q + k] = ${noChild}; continue; }
      let child = children[k];
      kids[4u * q + k] = child;
      if (isInner(child)) {
        let place = end + atomicAdd(&levels[level + 1u], 1u);
        queue[place] = child;
        starts[place] = start;
        numbers[child - F] = 1u;
      } else {
        placeTriangles(child, start);
      }
      start += sizeOf(child);
    }
  }
}`;

/** Counts the nodes of a block that the wide tree keeps. */
export const countKeptCode = wgsl`
fn item(block: u32) {
  var sum = 0u;
  for (var i = block * ${blockSize}u; i < min(F - 1u, (block + 1u) * ${blockSize}u); i++) { sum += numbers[i]; }
  blocks[block] = vec4u(sum, 0u, 0u, 0u);
}`;

/** Numbers them from the root on: the later a node was made, the earlier it stands, so parents stand before children. */
export const numberCode = wgsl`
fn item(block: u32) {
  var left = counts[${innerAt + 1}].x - blocks[block].x;
  for (var i = block * ${blockSize}u; i < min(F - 1u, (block + 1u) * ${blockSize}u); i++) {
    if (numbers[i] == 0u) { continue; }
    numbers[i] = left;
    left--;
  }
}`;

/** Writes the node of place q of the queue; behind the last, zeros. */
export const writeCode = wgsl`${nodeCode}${boundsCode}
fn item(q: u32) {
  if (q > counts[${innerAt + 1}].x) {
    for (var k = 0u; k < ${nodeWords}u + none; k++) { bvh[q * ${nodeWords}u + k] = 0u; }
    return;
  }
  var at = 0u;
  if (q > 0u) { at = numbers[queue[q] - F] * ${nodeWords}u; }
  var found = noBoxes();
  var start = starts[q];
  for (var k = 0u; k < 4u + none; k++) {
    let child = kids[4u * q + k];
    var word = 0u;
    if (child != ${noChild}) {
      let low = nodes[2u * child].xyz;
      let high = nodes[2u * child + 1u].xyz;
      found.lowX[k] = low.x; found.lowY[k] = low.y; found.lowZ[k] = low.z;
      found.highX[k] = high.x; found.highY[k] = high.y; found.highZ[k] = high.z;
      let size = sizeOf(child);
      if (isInner(child)) {
        word = numbers[child - F] * ${nodeRows}u;
      } else {
        word = 0x80000000u | (size << 27u) | (firstTriangle / ${rowWords}u + start * ${triangleRows}u);
      }
      start += size;
    }
    bvh[at + ${childWord}u + k] = word;
  }
  bvh[at + ${childWord + 4}u] = 0u;
  bvh[at + ${childWord + 5}u] = 0u;
  writeBounds(at, found);
}`;
