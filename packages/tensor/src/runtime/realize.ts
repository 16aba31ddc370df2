import type { Device } from '../device/device.js';
import type { TypedArray } from '../dtype.js';
import { DeviceLostError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { sourceOf } from '../graph/source.js';
import { isBacked, topologicalOrder } from '../schedule/fuse.js';
import { schedule } from '../schedule/schedule.js';
import { sizeOf } from '../shape.js';
import { acquireDevice } from './devices.js';
import { takeDirty } from './dirty.js';

/** Computes nodes on a device, together: what they share runs once. Submits; does not wait. */
export function realizeNodes(nodes: readonly Node[], device: Device): void {
  const roots = [...new Set(nodes)].filter((n) => !isBacked(sourceOf(n).source));
  if (roots.length === 0) return;
  const plan = schedule(roots, { profile: device.profile, fusion: true });
  const uses = new Map<Node, number>();
  for (const node of topologicalOrder(roots)) {
    for (const input of node.inputs) uses.set(input, (uses.get(input) ?? 0) + 1);
  }
  const rootSources = new Set(roots.map((n) => sourceOf(n).source));
  const kept = (node: Node): boolean => rootSources.has(node) || node.references > (uses.get(node) ?? 0);
  for (const [node, storages] of device.run(plan, { kept })) node.settle(storages);
}

/** Elements of a node, computed if they are not there yet. */
export async function readNode(node: Node): Promise<TypedArray> {
  node.retain();
  try {
    if (node.data) return node.data.slice();
    const device = await acquireDevice();
    realizeNodes([node, ...takeDirty()], device);
    const { source, index } = sourceOf(node);
    if (source.data) return source.data.slice();
    const storage = source.storages![index]!;
    if (!storage.alive) throw new DeviceLostError('the elements of this tensor were lost with its GPU device');
    return await device.read(storage, node.dtype, sizeOf(node.shape));
  } finally {
    node.release();
  }
}
