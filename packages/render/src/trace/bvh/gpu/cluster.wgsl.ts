import { wgsl } from '../../../engine.js';
import { leafSize, maximalDepth } from '../layout.js';
import { triangleBoundsCode } from './morton.js';

/** Clusters that one invocation counts and merges. */
export const blockSize = 32;

/** Invocations of the kernel that sums over blocks. */
const scanners = 256;

/** Cost of a step through a node in triangle tests, for deciding which nodes become leaves. */
const stepCost = 1;

/** Rounds at most. */
export const mostRounds = 62;
/**
 * Places of `counts`: before each round the clusters and the height of the highest; then inner nodes of the binary tree; then those that
 * the wide tree keeps, without its root.
 */
export const innerAt = mostRounds + 1;
export const countsLength = innerAt + 2;

/** Workgroups of the kernels with an invocation per cluster and with one per block, for the next round. */
const gridsCode = wgsl`
fn setGrid(at: u32, invocations: u32) {
  let groups = (invocations + 63u) / 64u;
  grids[at] = min(groups, 32768u);
  grids[at + 1u] = (groups + 32767u) / 32768u;
  grids[at + 2u] = 1u;
}
fn setGrids(turn: u32, remaining: u32) {
  // a single cluster is the root
  let busy = select(remaining, 0u, remaining <= 1u);
  setGrid(8u * (turn & 1u), busy);
  setGrid(8u * (turn & 1u) + 4u, (busy + ${blockSize - 1}u) / ${blockSize}u);
}`;
/** Bytes of `grids` at which those of a round begin: by cluster, by block. The next round's stand beside them. */
export const gridOffsets = (round: number): readonly [ofClusters: number, ofBlocks: number] => [
  32 * (round % 2),
  32 * (round % 2) + 16,
];

/** Triangles that a node can count. */
export const mostTriangles = 2 ** 24 - 1;

/**
 * The two rows of a node: lower corner, and number of triangles in bits 0-23, height in bits 24-30, whether it is a leaf in
 * bit 31; upper corner, and cost.
 */
export const nodeCode = wgsl`
fn sizeOf(node: u32) -> u32 { return bitcast<u32>(nodes[2u * node].w) & 0x00ffffffu; }
fn heightOf(node: u32) -> u32 { return (bitcast<u32>(nodes[2u * node].w) >> 24u) & 127u; }
fn isInner(node: u32) -> bool { return (bitcast<u32>(nodes[2u * node].w) & 0x80000000u) == 0u; }
struct Cluster { low: vec3f, high: vec3f }
fn clusterOf(node: u32) -> Cluster { return Cluster(nodes[2u * node].xyz, nodes[2u * node + 1u].xyz); }
fn halfArea(low: vec3f, high: vec3f) -> f32 {
  // nothing has no area
  let e = max(high - low, vec3f());
  return e.x * e.y + e.y * e.z + e.z * e.x;
}`;

const entry = (call: string): string => `
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32, @builtin(num_workgroups) groups: vec3u) {
  ${call}((group.x + group.y * groups.x) * 64u + lane);
}`;

/** Makes triangle order[i] cluster i. */
export const leafCode = wgsl`${triangleBoundsCode}${nodeCode}${gridsCode}
fn item(i: u32) {
  let bounds = boundsOfTriangle(u32(order[i]));
  let low = select(vec3f(3.0e38), bounds.low, bounds.usable);
  let high = select(vec3f(-3.0e38), bounds.high, bounds.usable);
  nodes[2u * i] = vec4f(low, bitcast<f32>(0x80000001u));
  nodes[2u * i + 1u] = vec4f(high, halfArea(low, high));
  clusters[i] = i;
  if (i == 0u) {
    counts[0] = vec2u(F, 0u);
    counts[${innerAt}] = vec2u(F - 1u, 0u);
    setGrids(0u, F);
  }
}`;

/**
 * The cluster that each is best merged with: whose bounds with its own have the least area, among `radius` neighbours on
 * either side. Of equal ones the first by i ^ j: no two pairs that are equally good share a cluster, so that there is
 * always a pair that chooses each other, and of a thousand equal clusters all do. Where the rounds or the
 * levels that are left suffice only if all clusters are merged in each, neighbours are.
 */
export const nearestCode = wgsl`${nodeCode}
fn findNearest(i: u32) {
  let count = counts[round].x;
  if (i >= count) { return; }
  // this round may be one that merges little as long as those after it can merge all
  let left = min(lastRound - round, ${maximalDepth - 1}u - counts[round].y);
  if (count > 1u << min(left, 30u)) {
    nearest[i] = select(i, i ^ 1u, (i ^ 1u) < count);
    return;
  }
  let own = clusterOf(clusters[from_ + i]);
  let end = min(i + radius, count - 1u);
  var best = i;
  var least = 3.4e38;
  for (var j = max(i, radius) - radius; j <= end; j++) {
    let other = clusterOf(clusters[from_ + j]);
    let area = halfArea(min(own.low, other.low), max(own.high, other.high));
    if (j != i && (area < least || (area == least && (i ^ j) < (i ^ best)))) { least = area; best = j; }
  }
  nearest[i] = best;
}
${entry('findNearest')}`;

/** What becomes of a cluster: 0 where the other of a pair stands for it, 1 where it stays, 2 where it stands for a pair. */
const fateCode = wgsl`
fn fateOf(i: u32) -> u32 {
  let j = nearest[i];
  if (j == i || nearest[j] != i) { return 1u; }
  return select(0u, 2u, i < j);
}`;

/** Of a block: the clusters that remain, the pairs, the greatest height once they are merged. */
export const countCode = wgsl`${nodeCode}${fateCode}
fn countBlock(block: u32) {
  let count = counts[round].x;
  var sums = vec4u();
  for (var i = block * ${blockSize}u; i < min(count, (block + 1u) * ${blockSize}u); i++) {
    let fate = fateOf(i);
    let height = heightOf(clusters[from_ + i]) + u32(fate != 1u);
    sums = vec4u(sums.x + min(fate, 1u), sums.y + (fate >> 1u), max(sums.z, height), 0u);
  }
  if (block * ${blockSize}u < count) { blocks[block] = sums; }
}
${entry('countBlock')}`;

/** Exclusive sums over the blocks of counts[round], and their total behind it. One workgroup: some thousand blocks. */
export const scanCode = wgsl`${gridsCode}
var<workgroup> sums: array<vec4u, ${scanners}>;
fn joined(a: vec4u, b: vec4u) -> vec4u { return vec4u(a.xy + b.xy, max(a.z, b.z), 0u); }
@compute @workgroup_size(${scanners})
fn main(@builtin(local_invocation_index) lane: u32) {
  let count = counts[round];
  let all_ = (count.x + ${blockSize - 1}u) / ${blockSize}u;
  let share = (all_ + ${scanners - 1}u) / ${scanners}u;
  let begin = min(lane * share, all_);
  let end = min(begin + share, all_);
  var own = vec4u();
  for (var b = begin; b < end; b++) { own = joined(own, blocks[b]); }
  sums[lane] = own;
  workgroupBarrier();
  var before = vec4u();
  for (var l = 0u; l < lane; l++) { before = joined(before, sums[l]); }
  for (var b = begin; b < end; b++) {
    let sum = blocks[b];
    blocks[b] = before;
    before = joined(before, sum);
  }
  if (lane == ${scanners - 1}u) {
    var total = before.xz;
    if (round < ${innerAt}u) {
      // a single cluster is the root: nothing was counted
      if (count.x <= 1u) { total = count; }
      setGrids(round + 1u, total.x);
    }
    counts[round + 1u] = total;
  }
}`;

/** Writes the clusters that remain one after the other, and a node for each pair: it is a leaf where that costs less. */
export const mergeCode = wgsl`${nodeCode}${fateCode}
fn mergePair(node: u32, a: u32, b: u32) {
  let left = clusterOf(a);
  let right = clusterOf(b);
  let low = min(left.low, right.low);
  let high = max(left.high, right.high);
  let area = halfArea(low, high);
  let size = sizeOf(a) + sizeOf(b);
  let height = max(heightOf(a), heightOf(b)) + 1u;
  let split = area * ${stepCost}.0 + nodes[2u * a + 1u].w + nodes[2u * b + 1u].w;
  let whole = area * f32(size);
  let isLeaf = size <= ${leafSize}u && whole <= split;
  nodes[2u * node] = vec4f(low, bitcast<f32>(size | (height << 24u) | select(0u, 0x80000000u, isLeaf)));
  nodes[2u * node + 1u] = vec4f(high, select(split, whole, isLeaf));
  pairs[2u * (node - F)] = a;
  pairs[2u * (node - F) + 1u] = b;
}
fn mergeBlock(block: u32) {
  let count = counts[round].x;
  if (block * ${blockSize}u >= count) { return; }
  var place = to_ + blocks[block].x;
  // every pair before made a node and took a cluster away
  var node = 2u * F - count + blocks[block].y;
  for (var i = block * ${blockSize}u; i < min(count, (block + 1u) * ${blockSize}u); i++) {
    let fate = fateOf(i);
    if (fate == 0u) { continue; }
    var remains = clusters[from_ + i];
    if (fate == 2u) {
      mergePair(node, remains, clusters[from_ + nearest[i]]);
      remains = node;
      node++;
    }
    clusters[place] = remains;
    place++;
  }
}
${entry('mergeBlock')}`;
