/**
 * The flat form of a tree: rows of four 32-bit words, which is what a GPU loads at once. Offsets count rows from the
 * beginning.
 *
 * Nodes come first, the root at 0, level by level; a node has up to four children, whose bounds it keeps in eight bits
 * per side on a grid of its own (after Ylitie, Karras and Laine 2017). 4 rows:
 *
 * | word | holds |
 * | --- | --- |
 * | 0-2 | origin of the grid x, y, z: the lower corner of the node, float |
 * | 3 | bits 0-7, 8-15, 16-23: exponents of the grid's steps in x, y, z, biased as in a float; bits 24-27: children that can be hit |
 * | 4-6 | lower sides of the children in x, y, z, one byte each, child 0 in the lowest |
 * | 7-9 | upper sides of the children in x, y, z |
 * | 10-13 | children: offset of a node, or bit 31, triangles in bits 27-30, offset of the first in bits 0-26; 0: none |
 * | 14-15 | unused |
 *
 * A side is at origin + byte * 2^(exponent - 127), rounded outwards, so that a child's bounds contain it.
 *
 * Triangles follow, leaf by leaf. 3 rows: x, y, z of the three vertices, float; 9: number of the triangle in the
 * mesh; 10: 1 where it can be hit, 0 where a vertex is not finite (its vertices are zeros then); 11 unused.
 *
 * In a topology, which has no positions yet, words 0-2 of a triangle are the numbers of its vertices, word 3 of a node is
 * the number of its children, and the rest of what depends on positions is 0.
 */
export const rowWords = 4;
export const nodeRows = 4;
export const nodeWords = nodeRows * rowWords;
export const gridWord = 3;
export const childWord = 10;
export const triangleRows = 3;
export const triangleWords = triangleRows * rowWords;
export const idWord = 9;
export const validWord = 10;

/**
 * A forest (`forest.ts`) is a tree over the boxes of instances, then records of instances, then the trees of the meshes, whose
 * offsets count from their own beginnings. In the first tree a "triangle" is an instance: two corners of its box and the first
 * again. A record has 4 rows: rows k = 0-2 are row k of the inverse of the linear part of the transform, and component k
 * of its translation; row 3 is the first row of the mesh's tree, the number of the mesh's first triangle in the joined
 * list, how many it has, and 0.
 */
export const recordRows = 4;

/** Triangles in a leaf at most. */
export const leafSize = 4;

/** Levels below the root that no binary tree exceeds; a tree of nodes with four children has half as many. */
export const maximalDepth = 40;

/** Entries that a traversal's stack needs: three for every level of nodes, of which there is one more than half the depth. */
export const stackSize = 3 * (maximalDepth / 2 + 1);

const leafBit = 0x80000000;
const countShift = 27;
const offsetMask = 0x07ffffff;

/** The word of a child that is a leaf. */
export const leafWord = (offset: number, count: number): number => (leafBit | (count << countShift) | offset) >>> 0;

export const isLeaf = (child: number): boolean => child >= leafBit;
/** First row of a leaf's triangles. */
export const leafOffset = (child: number): number => child & offsetMask;
export const leafCount = (child: number): number => (child >>> countShift) & 15;

/** Most rows that offsets can address. */
export const maximalRows = offsetMask;

/** Coordinates beyond this count as not finite: products of three of them must stay finite in float32. */
export const largestCoordinate = 1e12;
