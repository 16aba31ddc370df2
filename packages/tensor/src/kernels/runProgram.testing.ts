/**
 * Runs a ProgramKernel on Dawn with nothing of the engine but its driver, for the tests and measurements of hand-written kernels.
 * Declarations, zeroing and bindings follow kernel/dispatch.ts.
 */

import { globals } from 'webgpu';
import type { AdapterProfile } from '../device/profile.js';
import type { Dispatch, HostArray, ProgramKernel } from '../kernel/dispatch.js';
import { requestGPU } from '../host/node/gpu.js';
import { bytesPerElement, type DType } from '../dtype.js';
import { sizeOf } from '../shape.js';

/** Input data as the GPU stores it; float16 as its bits in a Uint16Array. */
export type GpuArray = Float32Array | Int32Array | Uint32Array | Uint16Array;

/** Times of one run. */
export interface RunTimes {
  /** Milliseconds of each timed repetition, shader compilation excluded. */
  readonly ms: number[];
  /** CPU time (user + system, all threads) of each repetition: steadier than `ms` on a busy machine. */
  readonly cpuMs: number[];
  /** The first run, shader compilation included. */
  readonly firstMs: number;
}

/** What {@link runProgram} gives back: outputs (float16 widened to float32), times, and error messages of the device. */
export interface RunResult extends RunTimes {
  readonly outputs: (Float32Array | Int32Array | Uint32Array)[];
}

interface Gpu {
  readonly device: GPUDevice;
  readonly profile: AdapterProfile;
  readonly subgroupMinSize: number;
  readonly errors: string[];
  readonly pipelines: Map<string, GPUComputePipeline>;
}

let gpu: Promise<Gpu> | undefined;

async function open(): Promise<Gpu> {
  Object.assign(globalThis, globals);
  // the engine's driver, which it prepares where none is installed
  const adapter = await (await requestGPU()).requestAdapter();
  if (!adapter) throw new Error('no WebGPU adapter');
  const limits = adapter.limits;
  const device = await adapter.requestDevice({
    requiredFeatures: (['shader-f16', 'subgroups'] as const).filter((f) => adapter.features.has(f)),
    requiredLimits: {
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxBufferSize: limits.maxBufferSize,
    },
  });
  const errors: string[] = [];
  device.addEventListener('uncapturederror', (e) => errors.push((e as GPUUncapturedErrorEvent).error.message));
  const software = /llvmpipe|lavapipe|swiftshader/i.test(adapter.info.description + adapter.info.device);
  const profile: AdapterProfile = {
    kind: software ? 'software' : 'hardware',
    name: adapter.info.description,
    shaderF16: device.features.has('shader-f16'),
    subgroups: device.features.has('subgroups'),
    maxWorkgroupInvocations: limits.maxComputeInvocationsPerWorkgroup,
    maxBindingBytes: limits.maxStorageBufferBindingSize,
    maxBufferBytes: limits.maxBufferSize,
    bindingAlignment: limits.minStorageBufferOffsetAlignment,
  };
  return {
    device,
    profile,
    subgroupMinSize: adapter.info.subgroupMinSize ?? 4,
    errors,
    pipelines: new Map(),
  };
}

const opened = (): Promise<Gpu> => (gpu ??= open());

/** Profile of the adapter that {@link runProgram} uses. */
export const testProfile = async (): Promise<AdapterProfile & { readonly subgroupMinSize: number }> => {
  const { profile, subgroupMinSize } = await opened();
  return { ...profile, subgroupMinSize };
};

/** The WGSL module of a dispatch: enables, declarations, code. */
function moduleText(d: Dispatch, features: { readonly shaderF16: boolean; readonly subgroups: boolean }): string {
  const fields = Object.entries(d.uniforms).map(([name, v]) => `  ${name}: ${v.type},`);
  if (d.buffers.length > 8) throw new Error(`${d.label}: ${d.buffers.length} storage buffers`);
  return [
    features.shaderF16 ? 'enable f16;' : '',
    features.subgroups ? 'enable subgroups;' : '',
    `struct Uniforms {\n${fields.join('\n') || '  unused: u32,'}\n}`,
    '@group(0) @binding(0) var<uniform> u: Uniforms;',
    ...d.buffers.map(
      (b, i) => `@group(0) @binding(${i + 1}) var<storage, ${b.access}> ${b.name}: array<${b.element}>;`,
    ),
    d.code,
  ].join('\n');
}

function layoutOf(device: GPUDevice, d: Dispatch): GPUPipelineLayout {
  const types: GPUBufferBindingType[] = d.buffers.map((b) => (b.access === 'read' ? 'read-only-storage' : 'storage'));
  const entries = (['uniform', ...types] as const).map((type, binding) => ({
    binding,
    visibility: GPUShaderStage.COMPUTE,
    buffer: { type },
  }));
  return device.createPipelineLayout({ bindGroupLayouts: [device.createBindGroupLayout({ entries })] });
}

function uniformBytes(d: Dispatch): ArrayBuffer {
  const values = Object.values(d.uniforms);
  const bytes = new ArrayBuffer(Math.max(16, Math.ceil(values.length / 4) * 16));
  const view = new DataView(bytes);
  values.forEach(({ type, value }, i) => {
    if (type === 'f32') view.setFloat32(i * 4, value, true);
    else if (type === 'i32') view.setInt32(i * 4, value, true);
    else view.setUint32(i * 4, value, true);
  });
  return bytes;
}

function widenHalf(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, (h) => {
    const sign = h & 0x8000 ? -1 : 1;
    const e = (h >> 10) & 31;
    const m = h & 1023;
    if (e === 31) return m ? NaN : sign * Infinity;
    return sign * (e ? 2 ** (e - 15) * (1 + m / 1024) : 2 ** -14 * (m / 1024));
  });
}

function hostView(bytes: ArrayBuffer, dtype: DType, n: number): Float32Array | Int32Array | Uint32Array {
  if (dtype === 'float16') return widenHalf(new Uint16Array(bytes, 0, n));
  if (dtype === 'float32') return new Float32Array(bytes, 0, n);
  return dtype === 'int32' ? new Int32Array(bytes, 0, n) : new Uint32Array(bytes, 0, n);
}

/**
 * Runs `kernel` on `inputs`, `repeat` more times for timing, and reads its outputs. `initial` fills outputs that the
 * kernel reads (accumulate). Throws on any device error.
 */
export async function runProgram(
  kernel: ProgramKernel,
  inputs: readonly GpuArray[],
  options: { readonly repeat?: number; readonly initial?: readonly GpuArray[] } = {},
): Promise<RunResult> {
  const { device, profile, errors, pipelines } = await opened();
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST | GPUBufferUsage.INDIRECT;
  const made: GPUBuffer[] = [];
  const allocate = (bytes: number, u = usage): GPUBuffer => {
    const b = device.createBuffer({ size: Math.max(16, Math.ceil(bytes / 4) * 4), usage: u });
    made.push(b);
    return b;
  };
  const upload = (data: GpuArray): GPUBuffer => {
    const b = allocate(data.byteLength);
    const padded = new Uint8Array(Math.ceil(data.byteLength / 4) * 4);
    padded.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    device.queue.writeBuffer(b, 0, padded);
    return b;
  };
  const outputBytes = kernel.outputs.map((o) => sizeOf(o.shape) * bytesPerElement[o.dtype]);
  const buffers = {
    input: inputs.map(upload),
    output: outputBytes.map((n, i) => (options.initial?.[i] ? upload(options.initial[i]) : allocate(n))),
    scratch: kernel.scratch.map((s) => allocate(s.bytes)),
  };
  // Garbage where the contract promises nothing, so that a kernel that relies on zeros fails.
  const poison = (b: GPUBuffer): void => device.queue.writeBuffer(b, 0, new Uint8Array(b.size).fill(0xa5));
  buffers.scratch.forEach(poison);
  buffers.output.forEach((b, i) => options.initial?.[i] ?? poison(b));
  const stages = kernel.dispatches.map((d) => {
    const code = moduleText(d, profile);
    let pipeline = pipelines.get(code);
    if (!pipeline) {
      const compute = { module: device.createShaderModule({ code, label: d.label }), entryPoint: 'main' };
      pipeline = device.createComputePipeline({ layout: layoutOf(device, d), compute, label: d.label });
      pipelines.set(code, pipeline);
    }
    const bytes = uniformBytes(d);
    const uniform = allocate(bytes.byteLength, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
    device.queue.writeBuffer(uniform, 0, bytes);
    const bound = d.buffers.map((b) => buffers[b.ref.kind][b.ref.index]!);
    const entries = [uniform, ...bound].map((buffer, binding) => ({ binding, resource: { buffer } }));
    return { d, pipeline, group: device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }) };
  });
  const step = async (): Promise<void> => {
    const encoder = device.createCommandEncoder();
    kernel.scratch.forEach((s, i) => s.zero && encoder.clearBuffer(buffers.scratch[i]!));
    kernel.zeroOutputs?.forEach((i) => encoder.clearBuffer(buffers.output[i]!));
    const pass = encoder.beginComputePass();
    for (const { d, pipeline, group } of stages) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      if ('indirect' in d.workgroups) {
        pass.dispatchWorkgroupsIndirect(
          buffers[d.workgroups.indirect.kind][d.workgroups.indirect.index]!,
          d.workgroups.offset,
        );
      } else if (!d.workgroups.includes(0)) {
        pass.dispatchWorkgroups(...d.workgroups);
      }
    }
    pass.end();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
  };
  const ms: number[] = [];
  const cpuMs: number[] = [];
  const start = performance.now();
  await step();
  const firstMs = performance.now() - start;
  if (errors.length) throw new Error(`${kernel.label}: ${errors.splice(0)[0]}`);
  for (let i = 0; i < (options.repeat ?? 0); i++) {
    const t = performance.now();
    const c = process.cpuUsage();
    await step();
    ms.push(performance.now() - t);
    const used = process.cpuUsage(c);
    cpuMs.push((used.user + used.system) / 1000);
  }
  const outputs = [];
  for (const [i, o] of kernel.outputs.entries()) {
    const n = sizeOf(o.shape);
    const size = Math.ceil(outputBytes[i]! / 4) * 4;
    if (size === 0) {
      outputs.push(hostView(new ArrayBuffer(0), o.dtype, 0));
      continue;
    }
    const read = allocate(size, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffers.output[i]!, 0, read, 0, size);
    device.queue.submit([encoder.finish()]);
    await read.mapAsync(GPUMapMode.READ);
    outputs.push(hostView(read.getMappedRange().slice(0), o.dtype, n));
  }
  made.forEach((b) => b.destroy());
  if (errors.length) throw new Error(`${kernel.label}: ${errors.splice(0)[0]}`);
  return { outputs, ms, cpuMs, firstMs };
}

/** float64 (or integer) copies of inputs, for a kernel's reference. */
export function hostArrays(inputs: readonly GpuArray[]): HostArray[] {
  return inputs.map((x) => {
    if (x instanceof Uint16Array) return Float64Array.from(widenHalf(x));
    return x instanceof Float32Array ? Float64Array.from(x) : x;
  });
}

/** Bits of the float16 nearest to each number, for test inputs within its range. */
export function halfBits(values: ArrayLike<number>): Uint16Array {
  return Uint16Array.from(values, (x) => {
    const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
    const size = Math.abs(x);
    if (Number.isNaN(x)) return 0x7e00;
    if (size === Infinity) return sign | 0x7c00;
    if (size < 2 ** -14) return sign | Math.round(size * 2 ** 24);
    const e = Math.floor(Math.log2(size));
    return sign | (((e + 15) << 10) + Math.round((size / 2 ** e - 1) * 1024));
  });
}

/** `n` pseudo-random floats in [-scale, scale), the same for the same seed. */
export function noise(n: number, seed: number, scale = 1): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => {
    let h = (Math.imul(i, 2654435761) + Math.imul(seed, 40503)) | 0;
    h = Math.imul(h ^ (h >>> 15), 2246822519);
    h ^= h >>> 13;
    return ((h >>> 0) / 2147483648 - 1) * scale;
  });
}
