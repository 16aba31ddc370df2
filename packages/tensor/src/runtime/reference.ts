import { evaluateNodes, toHostArray } from '../device/reference.js';
import type { HostArray } from '../kernel/dispatch.js';
import { Node } from '../graph/node.js';
import { sourceOf } from '../graph/source.js';
import { topologicalOrder, isBacked } from '../schedule/fuse.js';
import { sizeOf } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { live } from '../tensor.js';
import { readNode } from './realize.js';

/**
 * Elements of tensors computed on the reference device: the same kernels as on the GPU, run in float64 on the host from
 * the elements of whatever is already stored. Slow; for finding out whether a surprising number is a bug or rounding.
 */
export async function referenceData(...tensors: readonly Tensor[]): Promise<HostArray[]> {
  const roots = tensors.map((t) => live(t, 'referenceData'));
  const leaves = new Set<Node>();
  for (const root of roots) if (isBacked(sourceOf(root).source)) leaves.add(sourceOf(root).source);
  for (const node of topologicalOrder(roots)) for (const input of node.inputs) if (isBacked(input)) leaves.add(input);
  const arrays = new Map<Node, readonly HostArray[]>();
  roots.forEach((root) => root.retain()); // the tensors may be collected while leaves are read
  try {
    for (const leaf of leaves) {
      const arraysOfLeaf: HostArray[] = [];
      for (const part of partsOf(leaf)) arraysOfLeaf.push(toHostArray(await readNode(part), part.dtype));
      arrays.set(leaf, arraysOfLeaf);
    }
    return evaluateNodes(roots, (node, index) => arrays.get(node)![index]!).map((a, i) =>
      a.slice(0, sizeOf(roots[i]!.shape)),
    );
  } finally {
    roots.forEach((root) => root.release());
  }
}

/** What can be read of a stored node: a program's results one by one. */
function partsOf(node: Node): Node[] {
  if (!node.is('program')) return [node];
  return node.attrs.outputs.map(({ shape, dtype }, index) => new Node('pick', [node], { index }, [...shape], dtype));
}
