import { ShapeError, defineProgram, tensor } from '../../engine.js';
import type { HostTensor, Tensor } from '../../engine.js';
import { nodeWords, rowWords } from './layout.js';
import { fillBvh } from './fill.js';
import { nodeCode, topologyTriangles } from './refit.wgsl.js';
import type { BvhTopology } from './topology.js';

type RefitProgram = (
  inputs: { readonly topology: Tensor; readonly positions: Tensor },
  options: { readonly firstNode: number; readonly firstTriangle: number; readonly corners: number },
) => { readonly bvh: Tensor };

const programs = new WeakMap<BvhTopology, RefitProgram>();

/** The program of one topology: its levels are dispatches of one kernel. */
function programOf(topology: BvhTopology): RefitProgram {
  let program = programs.get(topology);
  if (!program) programs.set(topology, (program = defineRefit(topology)));
  return program;
}

function defineRefit({ vertexCount, triangleCount, levels }: BvhTopology): RefitProgram {
  const nodeCount = levels[levels.length - 1];
  // from the leaves to the root
  const steps = levels
    .slice(0, -1)
    .map((firstNode, level) => ({ items: levels[level + 1] - firstNode, options: { firstNode } }));
  steps.reverse();
  return defineProgram({
    name: 'refitBvh',
    inputs: { topology: 'u32[B, 4]', positions: 'f32[V, 3]' },
    // corners is 3: a bound that the compiler does not know keeps its loops rolled
    options: { firstNode: 'u32', firstTriangle: 'u32', corners: 'u32' },
    outputs: ({ topology }) => ({ bvh: { dtype: 'u32', shape: topology.shape } }),
    scratch: () => ({ boxes: { element: 'f32', length: 6 * nodeCount } }),
    dispatches: () => [
      { label: 'refitBvh triangles', items: triangleCount, code: topologyTriangles },
      ...steps.map((step) => ({ label: 'refitBvh nodes', code: nodeCode, ...step })),
    ],
    reference: ({ topology, positions }: { topology: HostTensor; positions: HostTensor }) => {
      const words = Uint32Array.from(topology.data);
      const vertices = Float32Array.from(positions.data.subarray(0, 3 * vertexCount));
      return { bvh: fillBvh({ vertexCount, triangleCount, levels, words }, vertices) };
    },
  });
}

/**
 * The tree of a mesh at given positions, ready for `closestHit` and `occluded`: bounds from the leaves to the root, and the
 * triangles in leaf order, all computed on the GPU. Detached: hits are found with it, gradients go through what is
 * computed from them.
 *
 * @param topology from `buildBvh` of the same triangles, at any positions.
 * @param positions [V, 3]
 * @returns [B, 4] uint32, the flat form of layout.ts: bind it as an input `bvh: 'vec4u[B]'`.
 * @throws ShapeError where the positions are not those of the topology's vertices.
 */
export function refitBvh(topology: BvhTopology, positions: Tensor): Tensor {
  const { vertexCount, words, levels } = topology;
  if (positions.rank !== 2 || positions.shape[0] !== vertexCount || positions.shape[1] !== 3) {
    throw new ShapeError(`refitBvh: positions must be [${vertexCount}, 3], got [${positions.shape.join(', ')}]`);
  }
  const firstTriangle = levels[levels.length - 1] * nodeWords;
  const inputs = { topology: tensor(words, [words.length / rowWords, rowWords]), positions: positions.detach() };
  return programOf(topology)(inputs, { firstNode: 0, firstTriangle, corners: 3 }).bvh;
}
