import { tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { Mesh, Topology } from '../../geometry/index.js';
import { buildBvhOnGpu } from './gpu/build.js';
import { refitBvh } from './refit.js';
import { buildBvh } from './topology.js';
import type { BvhTopology } from './topology.js';

/** Trees by index list, then by the positions at rest: copies of a mesh with other positions share one. */
const trees = new WeakMap<Topology, WeakMap<Float32Array, BvhTopology>>();

/**
 * The tree of a mesh at its present positions, for `rayCast` or as the input `bvh` of a program. Detached.
 *
 * Where the mesh has positions at rest, the tree is built from them on the host, once; `{ ...mesh, positions: moved }` only
 * refits it on the GPU. Where it has none, which `{ ...mesh, positions: moved, rest: undefined }` asks for, the tree is
 * built on the GPU each time: what is right for a mesh that moves so far that `bvhCost` of the refitted tree exceeds that at rest
 * by half and more.
 *
 * @returns [B, 4] uint32, see `refitBvh` and `buildBvhOnGpu`.
 */
export function bvhOf({ positions, rest, topology }: Pick<Mesh, 'positions' | 'rest' | 'topology'>): Tensor {
  if (!rest) return buildBvhOnGpu(positions, tensor(topology.triangles, [topology.triangleCount, 3]));
  let ofTopology = trees.get(topology);
  if (!ofTopology) trees.set(topology, (ofTopology = new WeakMap()));
  let tree = ofTopology.get(rest);
  if (!tree) ofTopology.set(rest, (tree = buildBvh(rest, topology.triangles)));
  return refitBvh(tree, positions);
}
