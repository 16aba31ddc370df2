import type { DType } from '../dtype.js';
import type { Node } from '../graph/node.js';
import { bufferDType, type BufferId } from '../kernel/buffer.js';
import type { HostArray } from '../kernel/dispatch.js';
import { hostArray } from '../kernel/hostArray.js';
import { interpret } from '../kernel/interpret.js';
import { boundMatmul } from '../schedule/matmul.js';
import { schedule, type Call } from '../schedule/schedule.js';
import { sizeOf } from '../shape.js';
import type { AdapterProfile } from './profile.js';

/** A device without limits: what the float64 reference plans for. */
const referenceProfile: AdapterProfile = {
  kind: 'software',
  name: 'float64 reference',
  shaderF16: true,
  subgroups: false,
  maxWorkgroupInvocations: 256,
  maxBindingBytes: Number.MAX_SAFE_INTEGER,
  maxBufferBytes: Number.MAX_SAFE_INTEGER,
  bindingAlignment: 256,
};

/**
 * Computes nodes in float64 on the host, kernel by kernel as a GPU would run them, and leaves the graph untouched.
 * `leaf` gives the elements of nodes that have data or storage. With `fusion: false` every node is a kernel of its own.
 */
export function evaluateNodes(
  roots: readonly Node[],
  leaf: (node: Node, index: number) => HostArray,
  options: { fusion?: boolean; profile?: AdapterProfile; args?: readonly number[] } = {},
): HostArray[] {
  const { fusion = true, profile = referenceProfile, args = [] } = options;
  const arrays = new Map<Node, HostArray[]>();
  const temporaries = new Map<BufferId, HostArray>();

  const bufferOf = (id: BufferId): HostArray => {
    if (id.kind === 'temporary') {
      let array = temporaries.get(id);
      if (!array) temporaries.set(id, (array = hostArray(id.dtype, id.size)));
      return array;
    }
    let list = arrays.get(id.node);
    if (!list) arrays.set(id.node, (list = []));
    return (list[id.index] ??= isLeaf(id.node) ? leaf(id.node, id.index) : emptyFor(id));
  };
  const plan = schedule(roots, { profile, fusion });
  for (const call of plan.calls) run(call, profile, bufferOf, args, arrays);
  return roots.map((root) => {
    let node = root;
    while (node.is('reshape') && !isLeaf(node)) node = node.inputs[0]!;
    return node.is('pick')
      ? bufferOf({ kind: 'node', node: node.inputs[0]!, index: node.attrs.index })
      : bufferOf({ kind: 'node', node, index: 0 });
  });
}

const isLeaf = (node: Node): boolean => node.realized || node.data !== undefined || node.is('argument');

const emptyFor = (id: Extract<BufferId, { kind: 'node' }>): HostArray =>
  hostArray(bufferDType(id), sizeOf(id.node.is('program') ? id.node.attrs.outputs[id.index]!.shape : id.node.shape));

function run(
  call: Call,
  profile: AdapterProfile,
  bufferOf: (id: BufferId) => HostArray,
  args: readonly number[],
  arrays: Map<Node, HostArray[]>,
): void {
  if (call.kind === 'fused') {
    interpret(
      call,
      call.buffers.map((b) => bufferOf(b.id)),
      args,
    );
    return;
  }
  if (call.kind === 'matmul') {
    const { kernel, inputs, outputs } = boundMatmul(call, profile);
    kernel.reference(inputs.map(bufferOf)).forEach((array, i) => bufferOf(outputs[i]!).set(array));
    return;
  }
  const { node, inputs } = call;
  arrays.set(node, node.attrs.build(profile).reference(inputs.map(bufferOf)));
}

/** Host elements of a dtype as the reference computes with them. */
export function toHostArray(data: ArrayLike<number>, dtype: DType): HostArray {
  const array = hostArray(dtype, data.length);
  array.set(data);
  return array;
}
