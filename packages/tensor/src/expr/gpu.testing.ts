import { host } from '#host';
import { componentsOf, emitFunction, emitStruct, isStruct, wgsl, wgslHelpers, wgslType } from './index.js';
import type { ExprFunction, ScalarType, Target } from './index.js';

const usage = { mapRead: 1, copySource: 4, copyTarget: 8, storage: 128 };

let device: Promise<GPUDevice> | undefined;

async function open(): Promise<GPUDevice> {
  const adapter = await (await host.requestGPU()).requestAdapter();
  if (!adapter) throw new Error('no adapter');
  const opened = await adapter.requestDevice();
  opened.addEventListener('uncapturederror', (event) => {
    throw new Error((event as GPUUncapturedErrorEvent).error.message);
  });
  return opened;
}

const read = (type: ScalarType, bits: string): string =>
  type === 'bool' ? `(${bits} != 0u)` : type === 'u32' ? bits : `bitcast<${type}>(${bits})`;
const write = (type: ScalarType, value: string): string =>
  type === 'bool' ? `select(0u, 1u, ${value})` : `bitcast<u32>(${value})`;

/** A kernel body that computes `rows[i]` of outputs from rows of inputs: a function's emitted text, or given WGSL. */
export interface Kernel {
  readonly inputs: readonly ScalarType[];
  readonly outputs: readonly ScalarType[];
  /** Declarations: functions and structs. */
  readonly code: string;
  /** Expressions of the outputs, given those of the inputs. */
  readonly call: (inputs: readonly string[]) => { readonly statements: string; readonly outputs: readonly string[] };
}

/** The kernel that calls a function on scalars, one column per component of its parameters and result. */
export function kernelOf(fn: ExprFunction, target: Target = wgsl): Kernel {
  const { text, helpers } = emitFunction(fn, target);
  return {
    inputs: fn.inputs.map((v) => v.type),
    outputs: fn.outputs.map((v) => v.type),
    code: wgslHelpers(helpers) + (isStruct(fn.result) ? emitStruct(fn.result) : '') + text,
    call: (inputs) => {
      let at = 0;
      const args = fn.params.map(({ type }) => {
        const parts = inputs.slice(at, (at += componentsOf(type).length));
        return parts.length === 1 ? parts[0] : `${wgslType(type)}(${parts.join(', ')})`;
      });
      return {
        statements: `let result = ${fn.name}(${args.join(', ')});`,
        outputs: componentsOf(fn.result).map(({ path }) => `result${path}`),
      };
    },
  };
}

/** Runs a kernel over columns of inputs; gives columns of outputs. */
export async function runOnGPU(kernel: Kernel, columns: readonly (readonly number[])[]): Promise<number[][]> {
  const d = await (device ??= open());
  const n = columns[0].length;
  const input = new Uint32Array(kernel.inputs.length * n);
  const views = { f32: new Float32Array(input.buffer), i32: new Int32Array(input.buffer), u32: input, bool: input };
  columns.forEach((column, k) => views[kernel.inputs[k]].set(column, k * n));
  const names = kernel.inputs.map((type, k) => read(type, `x[${k}u * n + i]`));
  const call = kernel.call(names);
  const stores = call.outputs.map((value, k) => `y[${k}u * n + i] = ${write(kernel.outputs[k], value)};`).join('\n  ');
  const code = `${kernel.code}
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  let n = ${n}u;
  if (i >= n) { return; }
  ${call.statements}
  ${stores}
}`;
  const bytes = kernel.outputs.length * n * 4;
  const buffer = (size: number, usage: number): GPUBuffer => d.createBuffer({ size, usage });
  const x = buffer(input.byteLength, usage.storage | usage.copyTarget);
  const y = buffer(bytes, usage.storage | usage.copySource);
  const back = buffer(bytes, usage.mapRead | usage.copyTarget);
  d.queue.writeBuffer(x, 0, input);
  d.pushErrorScope('validation');
  const module = d.createShaderModule({ code });
  const pipeline = d.createComputePipeline({ layout: 'auto', compute: { module } });
  const error = await d.popErrorScope();
  if (error) throw new Error(`${error.message}\n${code}`);
  const entries = [x, y].map((b, binding) => ({ binding, resource: { buffer: b } }));
  const encoder = d.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, d.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(Math.ceil(n / 64));
  pass.end();
  encoder.copyBufferToBuffer(y, 0, back, 0, bytes);
  d.queue.submit([encoder.finish()]);
  await back.mapAsync(1);
  const bits = back.getMappedRange().slice(0);
  for (const b of [x, y, back]) b.destroy();
  const results = {
    f32: new Float32Array(bits),
    i32: new Int32Array(bits),
    u32: new Uint32Array(bits),
    bool: new Uint32Array(bits),
  };
  return kernel.outputs.map((type, k) => Array.from(results[type].subarray(k * n, (k + 1) * n)));
}
