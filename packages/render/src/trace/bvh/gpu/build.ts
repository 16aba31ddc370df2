import { ShapeError, defineProgram, noGrad, tensor, wgsl } from '../../../engine.js';
import type { DispatchSpec, HostTensor, Tensor } from '../../../engine.js';
import { fillBvh } from '../fill.js';
import { maximalRows, nodeRows, nodeWords, rowWords, triangleRows } from '../layout.js';
import { triangleCode } from '../refit.wgsl.js';
import { buildBvh } from '../topology.js';
import {
  blockSize,
  countCode,
  countsLength,
  gridOffsets,
  innerAt,
  leafCode,
  mergeCode,
  mostRounds,
  mostTriangles,
  nearestCode,
  scanCode,
} from './cluster.wgsl.js';
import {
  collapseCode,
  collapsers,
  countKeptCode,
  numberCode,
  rootCode,
  wideLevels,
  writeCode,
} from './collapse.wgsl.js';
import { mortonOrder } from './morton.js';

/** Neighbours on either side that a cluster may be merged with. */
const radius = 2;

/**
 * Nodes that a tree of `count` triangles has at most: one with fewer than four children has only leaves below it, so with a
 * nodes of four children and b of fewer, which are 3 a + 1 at most, there are 3 a + b + 1 triangles at least.
 */
const mostNodes = (count: number): number => Math.max(1, Math.floor((2 * count - 1) / 3));

const blocksOf = (count: number): number => Math.ceil(count / blockSize);

/**
 * Rounds for `count` triangles. A quarter of the clusters and more goes in each, so that these suffice; where they do not,
 * the last merge neighbours.
 */
const roundsOf = (count: number): number => Math.min(mostRounds, Math.ceil(2.5 * Math.log2(count)) + 8);

/** A round: every cluster looks for a partner, pairs become one. */
function roundOf(round: number, count: number): DispatchSpec[] {
  const options = { round, from_: (round % 2) * count, to_: (1 - (round % 2)) * count };
  const [ofClusters, ofBlocks] = gridOffsets(round).map((offset) => ({ indirect: 'grids', offset }));
  return [
    { label: 'bvh nearest', code: nearestCode, workgroups: ofClusters, options },
    { label: 'bvh count', code: countCode, workgroups: ofBlocks, options },
    { label: 'bvh scan', code: scanCode, workgroups: [1], options },
    { label: 'bvh merge', code: mergeCode, workgroups: ofBlocks, options },
  ];
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

const trianglesCode = triangleCode(wgsl`
fn numberOf(i: u32) -> u32 { return u32(order[places[i]]); }
fn vertexOf(i: u32, k: u32) -> u32 { return triangles[3u * numberOf(i) + k]; }`);

const program = defineProgram({
  name: 'buildBvh',
  inputs: { positions: 'f32[V, 3]', triangles: 'u32[F, 3]', order: 'i32[F]' },
  // corners is 3 and none 0: bounds that the compiler does not know keep loops rolled
  options: {
    corners: 'u32',
    none: 'u32',
    radius: 'u32',
    lastRound: 'u32',
    firstTriangle: 'u32',
    round: 'u32',
    from_: 'u32',
    to_: 'u32',
    level: 'u32',
  },
  outputs: ({ triangles: { shape } }) => ({ bvh: { dtype: 'u32', shape: [rowsOf(shape[0]), rowWords] } }),
  scratch: ({ F }) => ({
    nodes: { element: 'vec4f', length: 4 * F },
    pairs: { element: 'u32', length: 2 * F },
    clusters: { element: 'u32', length: 2 * F },
    nearest: { element: 'u32', length: F },
    blocks: { element: 'vec4u', length: blocksOf(F) },
    counts: { element: 'vec2u', length: countsLength },
    grids: { element: 'u32', length: 16 },
    levels: { element: 'atomic<u32>', length: wideLevels + 1, zero: true },
    queue: { element: 'u32', length: mostNodes(F) },
    starts: { element: 'u32', length: mostNodes(F) },
    kids: { element: 'u32', length: 4 * mostNodes(F) },
    places: { element: 'u32', length: F },
    numbers: { element: 'u32', length: F, zero: true },
  }),
  dispatches: ({ F }) => [
    { label: 'bvh leaves', items: F, code: leafCode },
    ...range(roundsOf(F)).flatMap((round) => roundOf(round, F)),
    { label: 'bvh root', items: 1, code: rootCode },
    ...range(wideLevels).map((level) => ({
      label: 'bvh collapse',
      items: Math.min(collapsers, mostNodes(F)),
      code: collapseCode,
      options: { level },
    })),
    { label: 'bvh kept', items: blocksOf(F - 1), code: countKeptCode },
    { label: 'bvh scan', code: scanCode, workgroups: [1], options: { round: innerAt } },
    { label: 'bvh numbers', items: blocksOf(F - 1), code: numberCode },
    { label: 'bvh nodes', items: mostNodes(F), code: writeCode },
    { label: 'bvh triangles', items: F, code: trianglesCode },
  ],
  reference: ({ positions, triangles }) => ({ bvh: treeOnHost(positions, triangles) }),
});

/** Rows of the flat form: those of as many nodes as there can be, and the triangles. */
const rowsOf = (count: number): number => mostNodes(count) * nodeRows + count * triangleRows;

/** Another tree over the same triangles, in which rays find the same: the host's, with room for as many nodes. */
function treeOnHost(positions: HostTensor, triangles: HostTensor): Uint32Array {
  const vertices = Float32Array.from(positions.data);
  const tree = buildBvh(vertices, Uint32Array.from(triangles.data));
  const words = new Uint32Array(rowsOf(tree.triangleCount) * rowWords);
  words.set(fillBvh(tree, vertices));
  return words;
}

/**
 * Builds the tree of triangles on the GPU, from positions that need not be known to the host: clusters along a Morton
 * curve, merged round by round with the neighbour that makes the smallest bounds (PLOC: Meister and Bittner 2018, "Parallel
 * locally-ordered clustering for bounding volume hierarchy construction"), then up to four children in a node and up to four
 * triangles in a leaf, by cost. For meshes that change their triangles or move far; where a mesh keeps its shape roughly
 * `refitBvh` is faster. The same input gives the same bits. Lazy, and replayed by `compile`. Detached.
 *
 * Degenerate, coplanar and coinciding triangles are welcome; those with a vertex that is not finite (or farther than
 * 1e12) are never hit.
 *
 * @param positions [V, 3]
 * @param triangles [F, 3] vertex numbers, which must exist.
 * @returns [B, 4] uint32, the flat form of layout.ts, as from `refitBvh`.
 * @throws ShapeError for other shapes, or more triangles than a tree can have (about 16 million).
 */
export function buildBvhOnGpu(positions: Tensor, triangles: Tensor): Tensor {
  for (const [what, rows] of Object.entries({ positions, triangles })) {
    if (rows.rank !== 2 || rows.shape[1] !== 3) {
      throw new ShapeError(`buildBvhOnGpu: ${what} must be rows of three, got [${rows.shape.join(', ')}]`);
    }
  }
  const count = triangles.shape[0];
  if (count > mostTriangles || rowsOf(count) > maximalRows) {
    throw new ShapeError(`buildBvhOnGpu: ${count} triangles are too many for one tree`);
  }
  if (count === 0) {
    const none = new Float32Array(0);
    return tensor(fillBvh(buildBvh(none, new Uint32Array(0)), none)).reshape([-1, rowWords]);
  }
  return noGrad(() => {
    const inputs = { positions: positions.detach(), triangles, order: mortonOrder(positions.detach(), triangles) };
    const own = { round: 0, from_: 0, to_: 0, level: 0 };
    const lastRound = roundsOf(count) - 1;
    const firstTriangle = mostNodes(count) * nodeWords;
    return program(inputs, { corners: 3, none: 0, radius, lastRound, firstTriangle, ...own }).bvh;
  });
}
