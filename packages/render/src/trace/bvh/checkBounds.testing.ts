import { childWord, gridWord, isLeaf, leafCount, leafOffset, rowWords, triangleWords, validWord } from './layout.js';

/**
 * Throws unless bounds hold all that is below them.
 * @param words the flat form of a tree with positions.
 * @returns the triangles below.
 */
export function checkBounds(words: Uint32Array): number {
  const floats = new Float32Array(words.buffer);
  let triangles = 0;
  const verticesBelow = (child: number): number[][] => {
    if (isLeaf(child)) {
      triangles += leafCount(child);
      const first = leafOffset(child) * rowWords;
      const firsts = Array.from({ length: leafCount(child) }, (_, t) => first + t * triangleWords);
      return firsts.flatMap((at) =>
        words[at + validWord] === 0 ? [] : [0, 3, 6].map((k) => [...floats.subarray(at + k, at + k + 3)]),
      );
    }
    const node = child * rowWords;
    const all: number[][] = [];
    for (let k = 0; k < 4; k++) {
      if (((words[node + gridWord] >>> (24 + k)) & 1) === 0) continue;
      const below = verticesBelow(words[node + childWord + k]);
      for (let axis = 0; axis < 3; axis++) {
        const step = 2 ** (((words[node + gridWord] >>> (8 * axis)) & 255) - 127);
        const side = (word: number): number =>
          floats[node + axis] + ((words[node + word + axis] >>> (8 * k)) & 255) * step;
        // rounding of the differences from the origin, which traversal allows for
        const slack = 1e-6 * (Math.abs(floats[node + axis]) + 255 * step);
        for (const p of below) {
          if (!(p[axis] >= side(4) - slack && p[axis] <= side(7) + slack))
            throw new Error(`${child}: ${p.join()} is outside`);
        }
      }
      all.push(...below);
    }
    return all;
  };
  verticesBelow(0);
  return triangles;
}
