import type { Tensor } from '../../engine.js';
import { childSides, hittable, walkTree } from './hostTree.js';
import { childWord, isLeaf, leafCount } from './layout.js';

/** Area of child k's bounds, halved. */
function areaOf(words: Uint32Array, floats: Float32Array, node: number, k: number): number {
  const [x, y, z] = [0, 1, 2].map((axis) => {
    const [low, high] = childSides(words, floats, node, k, axis);
    return high - low;
  });
  return x * y + y * z + z * x;
}

/**
 * How much work a ray has in a tree, by the surface area heuristic (Goldsmith and Salmon 1987): the expected number of nodes
 * and triangles that a long random ray through the bounds of the whole tests, each at cost 1. Reads the tree back. Compare trees of
 * the same triangles by it, or a refitted tree with what it was.
 *
 * @param bvh from `bvhOf`, `refitBvh` or `buildBvhOnGpu`
 * @returns at least 1; 0 for a tree without a triangle that can be hit.
 */
export async function bvhCost(bvh: Tensor): Promise<number> {
  const words = Uint32Array.from(await bvh.data());
  const floats = new Float32Array(words.buffer);
  const [low, high] = [
    [Infinity, Infinity, Infinity],
    [-Infinity, -Infinity, -Infinity],
  ];
  for (let k = 0; k < 4; k++) {
    if (!hittable(words, 0, k)) continue;
    for (let axis = 0; axis < 3; axis++) {
      const sides = childSides(words, floats, 0, k, axis);
      low[axis] = Math.min(low[axis], sides[0]);
      high[axis] = Math.max(high[axis], sides[1]);
    }
  }
  const [x, y, z] = high.map((h, axis) => h - low[axis]);
  const whole = x * y + y * z + z * x;
  if (!(low[0] <= high[0])) return 0;
  if (whole === 0) return 1;
  let sum = whole;
  walkTree(
    words,
    (node, k) => {
      if (!hittable(words, node, k)) return false;
      const child = words[node + childWord + k];
      sum += areaOf(words, floats, node, k) * (isLeaf(child) ? leafCount(child) : 1);
      return !isLeaf(child);
    },
    () => undefined,
  );
  return sum / whole;
}
