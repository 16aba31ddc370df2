import type { AdapterProfile } from '../device/profile.js';
import { bufferDType, sameBuffer, type BufferId } from '../kernel/buffer.js';
import type { BufferBinding, HostArray, ProgramKernel } from '../kernel/dispatch.js';
import { KernelText } from '../kernel/emit.js';
import { interpret } from '../kernel/interpret.js';
import type { FusedKernel } from '../kernel/ir.js';
import { matmulKernel } from '../kernels/matmul/matmul.js';
import { splitMatmul } from '../kernels/matmul/split.js';
import type { MatmulDType, MatmulEpilogue, MatmulSpec } from '../kernels/matmul/spec.js';
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
  const { node, a, b, epilogue } = call;
  const product: BufferId = { kind: 'node', node, index: 0 };
  const inputs: BufferId[] = [a.backing, b.backing];
  const outputs: BufferId[] = epilogue ? epilogue.outerStores.map((s) => s.buffer) : [product];
  const spec = specOf(call);
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
  const product: BufferId = { kind: 'node', node: call.node, index: 0 };
  const inputs: BufferId[] = [call.a.backing, call.b.backing];
  return splitMatmul(specOf(call), profile).map(({ spec, a, b, c }) => ({
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

/** Sizes and strides of a matmul, with batch dimensions merged where both operands walk them with one stride. */
function specOf({ node, a, b }: MatmulCall): MatmulSpec {
  const rank = node.shape.length;
  const [left, right] = node.inputs as [(typeof node.inputs)[0], (typeof node.inputs)[0]];
  const batch: number[] = [];
  const strides: [number[], number[]] = [[], []];
  for (let d = 0; d < rank - 2; d++) {
    const size = node.shape[d]!;
    if (size === 1) continue;
    const last = batch.length - 1;
    const [sa, sb] = [a.strides[d]!, b.strides[d]!];
    if (last >= 0 && strides[0][last] === sa * size && strides[1][last] === sb * size) {
      batch[last]! *= size;
      strides[0][last] = sa;
      strides[1][last] = sb;
    } else {
      batch.push(size);
      strides[0].push(sa);
      strides[1].push(sb);
    }
  }
  const operand = (layout: typeof a, batchStrides: number[]): MatmulSpec['a'] => ({
    dtype: bufferDType(layout.backing) as MatmulDType,
    offset: layout.offset,
    strides: [batchStrides, layout.strides[rank - 2]!, layout.strides[rank - 1]!],
  });
  return {
    batch,
    M: node.shape[rank - 2]!,
    N: node.shape[rank - 1]!,
    K: right.shape[rank - 2] ?? left.shape[rank - 1]!,
    a: operand(a, strides[0]),
    b: operand(b, strides[1]),
    dtype: node.dtype as MatmulDType,
  };
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
