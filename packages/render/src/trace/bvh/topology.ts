import { ShapeError } from '../../engine.js';
import {
  childWord,
  gridWord,
  idWord,
  leafSize,
  leafWord,
  maximalRows,
  nodeRows,
  nodeWords,
  rowWords,
  triangleRows,
} from './layout.js';
import { buildBinaryTree } from './sah.js';
import type { BinaryTree } from './sah.js';

/** A tree over triangles without positions: which triangles are together. `refitBvh` gives it bounds. */
export interface BvhTopology {
  readonly vertexCount: number;
  readonly triangleCount: number;
  /** Numbers of the first nodes of the levels, root first, and the number of nodes at the end. */
  readonly levels: readonly number[];
  /** The flat form (see layout.ts) with vertex numbers in place of vertices. */
  readonly words: Uint32Array;
}

/** A node of the tree with four children: the binary nodes that they are. */
type Children = readonly number[];

/** Half of the surface of a binary node's bounds. */
function halfArea({ bounds }: BinaryTree, node: number): number {
  const at = 6 * node;
  const [x, y, z] = [bounds[at + 3] - bounds[at], bounds[at + 4] - bounds[at + 1], bounds[at + 5] - bounds[at + 2]];
  return x >= 0 ? x * y + y * z + z * x : 0;
}

/**
 * The up to four nodes that take a binary node's place: its grandchildren, so that the levels halve, and while there is
 * room the children of the largest of these.
 */
function childrenOf(tree: BinaryTree, node: number): Children {
  const open = (n: number): number[] => (tree.count[n] > 0 ? [n] : [tree.first[n], tree.first[n] + 1]);
  let children = open(node).flatMap(open);
  while (children.length < 4) {
    const inner = children.filter((n) => tree.count[n] === 0);
    if (inner.length === 0) break;
    const largest = inner.reduce((a, b) => (halfArea(tree, b) > halfArea(tree, a) ? b : a));
    children = children.flatMap((n) => (n === largest ? open(n) : [n]));
  }
  return children;
}

/**
 * Builds the tree of a mesh: surface area heuristic, up to four triangles in a leaf, four children in a node. About two
 * seconds for a million triangles. It stays good while the mesh moves but keeps its shape roughly; results are right
 * whatever the positions are.
 *
 * Degenerate, coplanar and coinciding triangles are welcome. Triangles with a vertex that is not finite (or farther than
 * 1e12) are never hit; with finite positions later they are.
 *
 * @param positions [V * 3]
 * @param triangles [F * 3] vertex numbers; none is an empty mesh, which no ray hits.
 * @throws ShapeError where the lists are no rows of three, a vertex does not exist, or the mesh is too large (about 8
 *   million triangles).
 */
export function buildBvh(positions: Float32Array, triangles: Uint32Array): BvhTopology {
  if (positions.length % 3 !== 0 || triangles.length % 3 !== 0) {
    throw new ShapeError(
      `buildBvh: ${positions.length} coordinates and ${triangles.length} vertex numbers; both must be rows of three`,
    );
  }
  const vertexCount = positions.length / 3;
  const outside = triangles.findIndex((v) => v >= vertexCount);
  if (outside >= 0) {
    throw new ShapeError(
      `buildBvh: triangle ${Math.floor(outside / 3)} names vertex ${triangles[outside]}; there are ${vertexCount} vertices`,
    );
  }
  const tree = buildBinaryTree(positions, triangles, leafSize);
  const triangleCount = triangles.length / 3;

  // breadth first: the nodes of a level are neighbours, and numbers of children are known when their parents are left
  const wide: Children[] = [];
  const levels: number[] = [0];
  let level = [0];
  while (level.length > 0) {
    const next: number[] = [];
    for (const node of level) {
      const children = triangleCount === 0 ? [] : childrenOf(tree, node);
      wide.push(children);
      for (const child of children) if (tree.count[child] === 0) next.push(child);
    }
    levels.push(wide.length);
    level = next;
  }

  const firstTriangle = wide.length * nodeRows;
  const rows = firstTriangle + triangleCount * triangleRows;
  if (rows > maximalRows) throw new ShapeError(`buildBvh: ${triangleCount} triangles are too many for one tree`);
  const words = new Uint32Array(rows * rowWords);
  let nextNode = 1;
  wide.forEach((children, n) => {
    words[n * nodeWords + gridWord] = children.length;
    children.forEach((child, k) => {
      const count = tree.count[child];
      words[n * nodeWords + childWord + k] =
        count > 0 ? leafWord(firstTriangle + tree.first[child] * triangleRows, count) : nextNode++ * nodeRows;
    });
  });
  tree.order.forEach((triangle, place) => {
    const at = (firstTriangle + place * triangleRows) * rowWords;
    words.set(triangles.subarray(3 * triangle, 3 * triangle + 3), at);
    words[at + idWord] = triangle;
  });
  return { vertexCount, triangleCount, levels, words };
}
