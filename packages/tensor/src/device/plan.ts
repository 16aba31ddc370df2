import { bytesPerElement } from '../dtype.js';
import { ShapeError } from '../errors.js';
import type { Node } from '../graph/node.js';
import { bufferDType, sameBuffer, type BufferId, type Temporary } from '../kernel/buffer.js';
import type { BufferRef, Dispatch, ProgramKernel } from '../kernel/dispatch.js';
import { itemsOf, KernelText } from '../kernel/emit.js';
import type { FusedKernel } from '../kernel/ir.js';
import { boundMatmul, matmulPieces, type BoundPiece } from '../schedule/matmul.js';
import type { Call, MatmulCall, Schedule } from '../schedule/schedule.js';
import { sizeOf } from '../shape.js';
import type { AdapterProfile } from './profile.js';
import { windowsOf, type Window } from './windows.js';

/** One dispatch with the buffers it binds. */
export interface PlanStep {
  readonly dispatch: Dispatch;
  readonly buffers: readonly { readonly id: BufferId; readonly window: Window | undefined }[];
  readonly indirect: BufferId | undefined;
  /** Buffers to fill with zeros before this step. */
  readonly clear: readonly BufferId[];
  /** Lines of user code behind it; see CallNote. */
  readonly sites: readonly string[];
}

/** A schedule as dispatches: what a GPU records, once or at every replay. */
export interface Plan {
  readonly steps: readonly PlanStep[];
  /** Nodes that own the buffers the plan fills. */
  readonly stored: readonly Node[];
  /** Scratch and partial buffers of every step, as they are first used. */
  readonly lastUse: ReadonlyMap<BufferId, number>;
}

/** Bytes of a buffer as it is bound: whole vec4s, since some kernels read four elements at once, and never none. */
export function bufferBytes(id: BufferId): number {
  const size = id.kind === 'temporary' ? id.size : sizeOf(shapeOf(id.node, id.index));
  return Math.max(16, Math.ceil((size * bytesPerElement[bufferDType(id)]) / 16) * 16);
}

function shapeOf(node: Node, index: number): readonly number[] {
  return node.is('program') ? node.attrs.outputs[index]!.shape : node.shape;
}

/** Writes the dispatches of a schedule for an adapter. */
export function planOf({ calls, stored, notes }: Schedule, profile: AdapterProfile): Plan {
  const steps = calls.flatMap((call, i) =>
    stepsOf(call, profile).map((s): PlanStep => ({ ...s, sites: notes[i]!.sites })),
  );
  const lastUse = new Map<BufferId, number>();
  const canonical: BufferId[] = [];
  const name = (id: BufferId): BufferId => {
    let known = canonical.find((c) => sameBuffer(c, id));
    if (!known) canonical.push((known = id));
    return known;
  };
  const named = steps.map((step, index): PlanStep => {
    const buffers = step.buffers.map(({ id, window }) => ({ id: name(id), window }));
    const clear = step.clear.map(name);
    const indirect = step.indirect && name(step.indirect);
    for (const id of [...buffers.map((b) => b.id), ...clear, ...(indirect ? [indirect] : [])]) lastUse.set(id, index);
    return { ...step, buffers, clear, indirect };
  });
  return { steps: named, stored, lastUse };
}

type BareStep = Omit<PlanStep, 'sites'>;

function stepsOf(call: Call, profile: AdapterProfile): BareStep[] {
  if (call.kind === 'fused') return fusedSteps(call, profile);
  if (call.kind === 'matmul') return matmulSteps(call, profile);
  const { node, inputs } = call;
  const kernel = node.attrs.build(profile);
  const outputs = kernel.outputs.map((_, index): BufferId => ({ kind: 'node', node, index }));
  return programSteps(kernel, inputs, outputs, profile);
}

function matmulSteps(call: MatmulCall, profile: AdapterProfile): BareStep[] {
  const { node, a, b } = call.product;
  const whole = [a, b, { kind: 'node', node, index: 0 } as const];
  if (!call.epilogue && whole.some((id) => bufferBytes(id) > profile.maxBindingBytes)) {
    return matmulPieces(call, profile).flatMap(({ kernel, inputs, outputs, windows }) =>
      programSteps(kernel, inputs, outputs, profile, windows),
    );
  }
  const { kernel, inputs, outputs } = boundMatmul(call, profile);
  return programSteps(kernel, inputs, outputs, profile);
}

function fusedSteps(kernel: FusedKernel, profile: AdapterProfile): BareStep[] {
  const text = new KernelText(kernel, profile);
  const items = itemsOf(kernel, text.layout);
  if (items === 0) return [];
  const sizes = kernel.buffers.map((b) => bufferBytes(b.id));
  return windowsOf(kernel, text.layout, items, sizes, profile).map((range) => ({
    dispatch: text.dispatch(range),
    buffers: kernel.buffers.map((b, i) => {
      const window = range.bound[i]!;
      return { id: b.id, window: window.bytes === sizes[i] ? undefined : window };
    }),
    indirect: undefined,
    clear: [],
  }));
}

function programSteps(
  kernel: ProgramKernel,
  inputs: readonly BufferId[],
  outputs: readonly BufferId[],
  profile: AdapterProfile,
  windows: BoundPiece['windows'] = new Map(),
): BareStep[] {
  const scratch = kernel.scratch.map(({ bytes }): Temporary => ({
    kind: 'temporary',
    dtype: 'uint32',
    size: Math.ceil(bytes / 4),
  }));
  const buffer = (ref: BufferRef): BufferId =>
    ref.kind === 'input' ? inputs[ref.index]! : ref.kind === 'output' ? outputs[ref.index]! : scratch[ref.index]!;
  const zeroed = [
    ...(kernel.zeroOutputs ?? []).map((i) => outputs[i]!),
    ...scratch.filter((_, i) => kernel.scratch[i]!.zero),
  ];
  const bound = (id: BufferId): { id: BufferId; window: Window | undefined } => {
    const elements = windows.get(id);
    if (!elements) return { id, window: undefined };
    const size = bytesPerElement[bufferDType(id)];
    const offset = elements.start * size;
    const end = Math.min(Math.ceil((elements.end * size) / 16) * 16, bufferBytes(id));
    return { id, window: { offset, bytes: end - offset } };
  };
  return kernel.dispatches.map((dispatch, i) => ({
    dispatch,
    buffers: dispatch.buffers.map(({ name, ref }) => {
      const binding = bound(buffer(ref));
      const bytes = binding.window?.bytes ?? bufferBytes(binding.id);
      if (bytes > profile.maxBindingBytes) {
        throw new ShapeError(
          `${dispatch.label}: its buffer ${name} has ${bytes} bytes, but this adapter binds at most ` +
            `${profile.maxBindingBytes} at once, and this operation cannot be split; split the tensor first`,
        );
      }
      return binding;
    }),
    indirect: 'indirect' in dispatch.workgroups ? buffer(dispatch.workgroups.indirect) : undefined,
    clear: i === 0 ? zeroed : [],
  }));
}
