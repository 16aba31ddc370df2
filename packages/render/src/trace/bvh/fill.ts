import {
  childWord,
  gridWord,
  idWord,
  isLeaf,
  largestCoordinate,
  leafCount,
  leafOffset,
  nodeRows,
  nodeWords,
  rowWords,
  triangleWords,
  validWord,
} from './layout.js';
import type { BvhTopology } from './topology.js';

const bits = new Uint32Array(1);
const asFloat = new Float32Array(bits.buffer);

const bitsOf = (x: number): number => {
  asFloat[0] = x;
  return bits[0];
};

/**
 * What `refitBvh` computes, on the host. The flat form is float32 by definition, so every step rounds as the GPU does.
 * @returns the flat form (layout.ts) with bounds and vertices.
 */
export function fillBvh(topology: BvhTopology, positions: Float32Array): Uint32Array {
  const words = topology.words.slice();
  const floats = new Float32Array(words.buffer);
  const nodeCount = topology.levels[topology.levels.length - 1];
  fillTriangles(topology, positions, floats, words);
  const boxes = new Float32Array(6 * nodeCount);
  // children have higher numbers than their parents
  for (let node = nodeCount - 1; node >= 0; node--) fillNode(node, words, floats, boxes);
  return words;
}

function fillTriangles(
  { triangleCount, words: topology, levels }: BvhTopology,
  positions: Float32Array,
  floats: Float32Array,
  words: Uint32Array,
): void {
  const first = levels[levels.length - 1] * nodeWords;
  for (let i = 0; i < triangleCount; i++) {
    const at = first + i * triangleWords;
    for (let k = 0; k < 3; k++)
      floats.set(positions.subarray(3 * topology[at + k], 3 * topology[at + k] + 3), at + 3 * k);
    // false for NaN
    const usable = floats.subarray(at, at + idWord).every((x) => Math.abs(x) <= largestCoordinate);
    if (!usable) words.fill(0, at, at + idWord);
    words[at + validWord] = usable ? 1 : 0;
  }
}

/** Adds the bounds of a child to places 0-5 of `box`. */
function childBox(child: number, words: Uint32Array, floats: Float32Array, boxes: Float32Array): Float32Array {
  if (!isLeaf(child)) return boxes.subarray((child / nodeRows) * 6, (child / nodeRows) * 6 + 6);
  const box = Float32Array.of(Infinity, Infinity, Infinity, -Infinity, -Infinity, -Infinity);
  for (let t = 0; t < leafCount(child); t++) {
    const at = leafOffset(child) * rowWords + t * triangleWords;
    if (words[at + validWord] === 0) continue;
    for (let k = 0; k < 9; k++) {
      box[k % 3] = Math.min(box[k % 3], floats[at + k]);
      box[3 + (k % 3)] = Math.max(box[3 + (k % 3)], floats[at + k]);
    }
  }
  return box;
}

function fillNode(node: number, words: Uint32Array, floats: Float32Array, boxes: Float32Array): void {
  const at = node * nodeWords;
  const count = words[at + gridWord];
  const children = Array.from({ length: count }, (_, k) => childBox(words[at + childWord + k], words, floats, boxes));
  const hittable = children.map((child) => child[0] <= child[3]);
  const box = boxes
    .subarray(6 * node, 6 * node + 6)
    .fill(Infinity, 0, 3)
    .fill(-Infinity, 3);
  for (const child of children) {
    for (let axis = 0; axis < 3; axis++) {
      box[axis] = Math.min(box[axis], child[axis]);
      box[3 + axis] = Math.max(box[3 + axis], child[3 + axis]);
    }
  }
  let grid = hittable.reduce((mask, hit, k) => mask | (Number(hit) << (24 + k)), 0);
  for (let axis = 0; axis < 3; axis++) {
    const empty = !(box[axis] <= box[3 + axis]);
    const origin = empty ? 0 : box[axis];
    const extent = empty ? 0 : Math.fround(box[3 + axis] - origin);
    const exponent = Math.min(Math.max((bitsOf(extent * Math.fround(0.003921573)) >>> 23) + 1, 1), 253);
    const perStep = 2 ** (127 - exponent);
    floats[at + axis] = origin;
    grid |= exponent << (8 * axis);
    // children that cannot be hit have their sides exchanged
    let [low, high] = [0xffffffff, 0];
    children.forEach((child, k) => {
      if (!hittable[k]) return;
      low &= ~(0xff << (8 * k)) | (Math.floor(Math.fround(child[axis] - origin) * perStep) << (8 * k));
      high |= Math.ceil(Math.fround(child[3 + axis] - origin) * perStep) << (8 * k);
    });
    words[at + 4 + axis] = low;
    words[at + 7 + axis] = high;
  }
  words[at + gridWord] = grid;
}
