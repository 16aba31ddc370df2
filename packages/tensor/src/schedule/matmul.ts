import type { AdapterProfile } from '../device/profile.js';
import { bufferDType, sameBuffer, type BufferId } from '../kernel/buffer.js';
import type { BufferBinding, HostArray, ProgramKernel } from '../kernel/dispatch.js';
import { KernelText } from '../kernel/emit.js';
import { interpret } from '../kernel/interpret.js';
import type { FusedKernel } from '../kernel/ir.js';
import { matmulKernel } from '../kernels/matmul/matmul.js';
import { splitMatmul } from '../kernels/matmul/split.js';
import type { MatmulEpilogue, MatmulSpec } from '../kernels/matmul/spec.js';
import { sizeOf } from '../shape.js';
import { hostArray } from '../kernel/hostArray.js';
import type { MatmulCall } from './schedule.js';

/** A program with the buffers it is applied to. */
export interface BoundProgram {
  readonly kernel: ProgramKernel;
  readonly inputs: readonly BufferId[];
  readonly outputs: readonly BufferId[];
}

/** The kernel that runs a matmul and its epilogue. */
export function boundMatmul(call: MatmulCall, profile: AdapterProfile): BoundProgram {
  const { node, spec, a, b } = call.product;
  const { epilogue } = call;
  const product: BufferId = { kind: 'node', node, index: 0 };
  const inputs: BufferId[] = [a, b];
  const outputs: BufferId[] = epilogue ? epilogue.outerStores.map((s) => s.buffer) : [product];
  if (!epilogue) return { kernel: matmulKernel(spec, profile), inputs, outputs };
  for (const { id, access } of epilogue.buffers) {
    if (access === 'read' && !inputs.some((i) => sameBuffer(i, id))) inputs.push(id);
  }
  const written = epilogueOf(epilogue, spec, profile, inputs, outputs);
  return { kernel: matmulKernel({ ...spec, epilogue: written }, profile), inputs, outputs };
}

/** A part of a matmul, and the elements of its operands and of the product that it touches. */
export interface BoundPiece extends BoundProgram {
  /** By the buffers of `inputs` and `outputs`: first element and the one behind the last. */
  readonly windows: ReadonlyMap<BufferId, { readonly start: number; readonly end: number }>;
}

/** The kernels of a matmul whose operands or product are larger than a binding; they have no epilogue. */
export function matmulPieces(call: MatmulCall, profile: AdapterProfile): BoundPiece[] {
  const { node, spec: whole, a: left, b: right } = call.product;
  const product: BufferId = { kind: 'node', node, index: 0 };
  const inputs: BufferId[] = [left, right];
  return splitMatmul(whole, profile).map(({ spec, a, b, c }) => ({
    kernel: matmulKernel(spec, profile),
    inputs,
    outputs: [product],
    windows: new Map([
      [inputs[0]!, a],
      [inputs[1]!, b],
      [product, c],
    ]),
  }));
}

function epilogueOf(
  kernel: FusedKernel,
  spec: MatmulSpec,
  profile: AdapterProfile,
  inputs: readonly BufferId[],
  outputs: readonly BufferId[],
): MatmulEpilogue {
  const text = new KernelText(kernel, profile).finish(spec.M, spec.N);
  const buffers = text.buffers.map((binding, index): BufferBinding => {
    const { id, access } = kernel.buffers[index]!;
    const list = access === 'read' ? inputs : outputs;
    const at = list.findIndex((other) => sameBuffer(other, id));
    return { ...binding, ref: { kind: access === 'read' ? 'input' : 'output', index: at } };
  });
  const shapes = outputs.map((id) => {
    const size = id.kind === 'node' ? sizeOf(id.node.shape) : id.size;
    return { shape: [size], dtype: bufferDType(id) };
  });
  return {
    label: kernel.label,
    code: text.code,
    buffers,
    uniforms: text.uniforms,
    outputs: shapes,
    reference(product, given) {
      const results = shapes.map(({ shape, dtype }): HostArray => hostArray(dtype, shape[0]!));
      const bound = kernel.buffers.map(({ id, access }) =>
        access === 'read'
          ? given[inputs.findIndex((i) => sameBuffer(i, id))]!
          : results[outputs.findIndex((o) => sameBuffer(o, id))]!,
      );
      interpret(kernel, bound, [], product);
      return results;
    },
  };
}
