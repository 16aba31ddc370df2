import { ShapeError } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import type { Mesh, Topology } from '../../geometry/index.js';
import { refitBvh } from './refit.js';
import { buildBvh } from './topology.js';
import type { BvhTopology } from './topology.js';

/** Trees by index list, then by the positions at rest: copies of a mesh with other positions share one. */
const trees = new WeakMap<Topology, WeakMap<Float32Array, BvhTopology>>();

/**
 * The tree of a mesh at its present positions, for `rayCast` or as the input `bvh` of a program. The tree is built from
 * the positions at rest, once; `{ ...mesh, positions: moved }` only refits it on the GPU. Detached.
 *
 * @returns [B, 4] uint32, see `refitBvh`.
 * @throws ShapeError where the mesh has no positions at rest.
 */
export function bvhOf({ positions, rest, topology }: Mesh): Tensor {
  if (!rest) {
    throw new ShapeError(
      'bvhOf: the mesh has no positions on the host to build a tree from. Make it by mesh({ positions, ... }) from ' +
        'numbers, or give rest: numbers near the positions to come',
    );
  }
  let ofTopology = trees.get(topology);
  if (!ofTopology) trees.set(topology, (ofTopology = new WeakMap()));
  let tree = ofTopology.get(rest);
  if (!tree) ofTopology.set(rest, (tree = buildBvh(rest, topology.triangles)));
  return refitBvh(tree, positions);
}
