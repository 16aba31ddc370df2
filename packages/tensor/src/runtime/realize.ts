import type { Device } from '../device/device.js';
import type { TypedArray } from '../dtype.js';
import { DeviceLostError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { sourceOf } from '../graph/source.js';
import { isBacked, topologicalOrder, type FuseOptions } from '../schedule/fuse.js';
import { schedule } from '../schedule/schedule.js';
import { sizeOf } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { hasOpenRuns, noteRun, settleCapacities, type CapacityCheck } from '../program/capacity.js';
import type { GPUStorage } from '../device/gpu/gpuDevice.js';
import { reportKernels, reportSchedule } from './debug.js';
import { acquireDevice } from './devices.js';
import { takeDirty } from './dirty.js';

/** How plans that run once are made. */
const planning = ({ profile }: Device): FuseOptions => ({
  profile,
  fusion: true,
  epilogues: profile.kind === 'hardware',
});

/** Computes nodes on a device, together: what they share runs once. Submits; does not wait. */
export function realizeNodes(nodes: readonly Node[], device: Device): void {
  const roots = [...new Set(nodes)].filter((n) => !isBacked(sourceOf(n).source));
  if (roots.length === 0) return;
  const plan = schedule(roots, planning(device));
  reportSchedule(plan);
  const uses = new Map<Node, number>();
  for (const node of topologicalOrder(roots)) {
    for (const input of node.inputs) uses.set(input, (uses.get(input) ?? 0) + 1);
  }
  const rootSources = new Set(roots.map((n) => sourceOf(n).source));
  const kept = (node: Node): boolean => rootSources.has(node) || node.references > (uses.get(node) ?? 0);
  const programs = plan.stored.filter((n): n is Node<'program'> => n.is('program') && n.attrs.capacity !== undefined);
  const settled: Node[] = [];
  for (const [node, storages] of device.run(plan, {
    kept: (n) => kept(n) || programs.includes(n as Node<'program'>),
  })) {
    node.settle(storages);
    settled.push(node);
  }
  if (programs.length === 0 && !hasOpenRuns()) return settled.forEach((n) => n.forget());
  roots.forEach((n) => n.retain());
  noteRun({
    checks: programs.map((node): CapacityCheck => {
      const contract = node.attrs.capacity!;
      return { contract, needed: () => node.storages![contract.neededOutput] as GPUStorage };
    }),
    redo: () => {
      settled.forEach((n) => n.unsettle());
      const again = schedule(roots, planning(device));
      const keep = new Set(settled);
      for (const [node, storages] of device.run(again, { kept: (n) => keep.has(n) })) node.settle(storages);
    },
    accept: () => {
      settled.forEach((n) => n.forget());
      roots.forEach((n) => n.release());
    },
  });
}

/** Elements of a node, computed if they are not there yet. */
export async function readNode(node: Node): Promise<TypedArray> {
  node.retain();
  try {
    if (node.data) return node.data.slice();
    const device = await acquireDevice();
    realizeNodes([node, ...takeDirty()], device);
    await settleCapacities(device);
    await device.breathe();
    const { source, index } = sourceOf(node);
    if (source.data) return source.data.slice();
    const storage = source.storages![index]!;
    if (!storage.alive) throw new DeviceLostError('the elements of this tensor were lost with its GPU device');
    const elements = await device.read(storage, node.dtype, sizeOf(node.shape));
    await reportKernels();
    return elements;
  } finally {
    node.release();
  }
}

/**
 * Computes tensors now, together, and waits until it is submitted; what they share runs once. Reading elements does
 * this by itself: call it to bound the graph of a long loop, or to have several results from one pass.
 */
export async function realize(...tensors: readonly Tensor[]): Promise<void> {
  const nodes = tensors.map((t) => t.node);
  nodes.forEach((n) => n.retain());
  try {
    const device = await acquireDevice();
    realizeNodes([...nodes, ...takeDirty()], device);
    await settleCapacities(device);
    await device.breathe();
    await device.errors.check();
    await reportKernels();
  } finally {
    nodes.forEach((n) => n.release());
  }
}

/** Waits until the device has finished everything that was asked of it. */
export async function idle(): Promise<void> {
  const device = await acquireDevice();
  await settleCapacities(device);
  await device.idle();
  await reportKernels();
}
