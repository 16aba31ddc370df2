import { childWord, gridWord, isLeaf, leafCount, leafOffset, rowWords, triangleWords } from './layout.js';

/**
 * Walks through a tree on the host.
 * @param words the flat form of a tree (layout.ts) with positions.
 * @param enters whether child k of the node at word `node` is worth a look.
 * @param visit called with the first word of each triangle that is reached.
 */
export function walkTree(
  words: Uint32Array,
  enters: (node: number, k: number) => boolean,
  visit: (at: number) => void,
): void {
  const waiting = [0];
  while (waiting.length > 0) {
    const child = waiting.pop()!;
    if (isLeaf(child)) {
      const first = leafOffset(child) * rowWords;
      for (let at = first; at < first + leafCount(child) * triangleWords; at += triangleWords) visit(at);
      continue;
    }
    const node = child * rowWords;
    for (let k = 0; k < 4; k++) if (enters(node, k)) waiting.push(words[node + childWord + k]);
  }
}

/** Whether child k of the node at word `node` can be hit. */
export const hittable = (words: Uint32Array, node: number, k: number): boolean =>
  ((words[node + gridWord] >>> (24 + k)) & 1) === 1;

/** Lower and upper side along an axis of child k of the node at word `node`. */
export function childSides(
  words: Uint32Array,
  floats: Float32Array,
  node: number,
  k: number,
  axis: number,
): readonly [low: number, high: number] {
  const step = 2 ** (((words[node + gridWord] >>> (8 * axis)) & 255) - 127);
  const side = (word: number): number => floats[node + axis] + ((words[node + word + axis] >>> (8 * k)) & 255) * step;
  return [side(4), side(7)];
}
