import type { Node } from '../../graph/node.js';
import { bufferDType, type BufferId } from '../../kernel/buffer.js';
import type { UniformValue } from '../../kernel/dispatch.js';
import { DeviceLostError } from '../../errors.js';
import { bufferUsage } from '../flags.js';
import { bufferBytes, type Plan, type PlanStep } from '../plan.js';
import type { GPUStorage, GPUTensorDevice } from './gpuDevice.js';
import type { Pipeline } from './pipelines.js';
import type { PooledBuffer } from './pool.js';

/** Uniform blocks start at multiples of this: the largest alignment an adapter may ask for. */
const uniformStride = 256;

/** A step's pipeline and where its uniform block lies. */
export interface RecordedStep {
  readonly step: PlanStep;
  readonly pipeline: Pipeline;
  readonly uniformOffset: number;
  readonly uniformBytes: number;
}

/** Bytes of a uniform block: fields of four bytes, padded as WGSL pads a struct. */
export const blockBytes = (uniforms: Readonly<Record<string, UniformValue>>): number =>
  Math.max(16, Math.ceil(Object.keys(uniforms).length / 4) * 16);

/** Compiles the steps of a plan and lays out their uniform blocks in one buffer. */
export function record(device: GPUTensorDevice, plan: Plan): { steps: RecordedStep[]; uniforms: ArrayBuffer } {
  let offset = 0;
  const steps = plan.steps.map((step): RecordedStep => {
    const uniformBytes = blockBytes(step.dispatch.uniforms);
    const uniformOffset = offset;
    offset += Math.ceil(uniformBytes / uniformStride) * uniformStride;
    return { step, pipeline: device.pipelines.pipeline(step.dispatch, step.sites), uniformOffset, uniformBytes };
  });
  const uniforms = new ArrayBuffer(offset);
  const view = new DataView(uniforms);
  for (const { step, uniformOffset } of steps) {
    Object.values(step.dispatch.uniforms).forEach((u, i) => writeUniform(view, uniformOffset + 4 * i, u.type, u.value));
  }
  return { steps, uniforms };
}

/** Writes one field of a uniform block. */
export function writeUniform(view: DataView, at: number, type: UniformValue['type'], value: number): void {
  if (type === 'f32') view.setFloat32(at, value, true);
  else if (type === 'i32') view.setInt32(at, value, true);
  else view.setUint32(at, value, true);
}

/** The bind group of a step. */
export function bindStep(
  device: GPUTensorDevice,
  { step, pipeline, uniformBytes }: RecordedStep,
  uniforms: PooledBuffer,
  bufferOf: (id: BufferId) => PooledBuffer,
): GPUBindGroup {
  const ranges = step.buffers.map(({ id, window }) => ({
    buffer: bufferOf(id),
    offset: window?.offset ?? 0,
    bytes: window?.bytes ?? bufferBytes(id),
  }));
  return device.pipelines.bindGroup(pipeline, uniforms, uniformBytes, ranges);
}

/**
 * Encodes dispatches into one command buffer: one pass, interrupted only where a buffer must be cleared.
 * @param groups bind groups of the steps, or how to make them.
 * @param after called after each step, with its number.
 */
export function encodeSteps(
  device: GPUTensorDevice,
  steps: readonly RecordedStep[],
  bufferOf: (id: BufferId) => PooledBuffer,
  groups: readonly GPUBindGroup[] | ((step: RecordedStep) => GPUBindGroup),
  after?: (index: number) => void,
): GPUCommandBuffer {
  const encoder = device.gpu.createCommandEncoder();
  let pass: GPUComputePassEncoder | undefined;
  steps.forEach((recorded, index) => {
    const { step, pipeline, uniformOffset } = recorded;
    if (step.clear.length > 0) {
      pass?.end();
      pass = undefined;
      for (const id of step.clear) encoder.clearBuffer(bufferOf(id).buffer);
    }
    pass ??= encoder.beginComputePass(device.profiler.begin(step, bufferBytes));
    pass.setPipeline(pipeline.pipeline);
    pass.setBindGroup(0, typeof groups === 'function' ? groups(recorded) : groups[index]!, [uniformOffset]);
    const { workgroups } = step.dispatch;
    if ('indirect' in workgroups) pass.dispatchWorkgroupsIndirect(bufferOf(step.indirect!).buffer, workgroups.offset);
    else if (workgroups[0] * workgroups[1] * workgroups[2] > 0) pass.dispatchWorkgroups(...workgroups);
    after?.(index);
    if (device.profiler.active) {
      pass.end();
      pass = undefined;
    }
  });
  pass?.end();
  device.profiler.resolve(encoder);
  return encoder.finish();
}

/** Runs plans once: buffers come from the pool and go back after their last use. */
export class PlanRunner {
  #uniforms: PooledBuffer | undefined;

  constructor(private readonly device: GPUTensorDevice) {}

  run(plan: Plan, kept: (node: Node) => boolean): ReadonlyMap<Node, GPUStorage[]> {
    return this.device.pool.encode(() => this.#encoded(plan, kept));
  }

  #encoded(plan: Plan, kept: (node: Node) => boolean): ReadonlyMap<Node, GPUStorage[]> {
    const { device } = this;
    const { steps, uniforms } = record(device, plan);
    const block = this.#block(uniforms.byteLength);
    const owned = new Map<BufferId, GPUStorage>();
    const results = new Map<Node, GPUStorage[]>();
    for (const node of plan.stored) results.set(node, []);

    // before any kernel is recorded: a write to a buffer that an earlier step has freed would overtake that step
    for (const { buffers } of plan.steps) {
      for (const { id } of buffers) {
        if (id.kind === 'node' && id.node.data) id.node.settle([device.upload(id.node.data, id.node.dtype)]);
      }
    }
    const bufferOf = (id: BufferId): PooledBuffer => {
      if (id.kind === 'node') {
        const { node } = id;
        const storage = node.storages?.[id.index] as GPUStorage | undefined;
        if (storage) return this.#own(storage);
      }
      let storage = owned.get(id);
      if (!storage) {
        storage = device.allocate(bufferBytes(id), bufferDType(id));
        owned.set(id, storage);
        if (id.kind === 'node') results.get(id.node)![id.index] = storage;
      }
      return storage.buffer;
    };
    const freeAt = plan.steps.map((): BufferId[] => []);
    for (const [id, index] of plan.lastUse) {
      const temporary = id.kind === 'temporary' || (results.has(id.node) && !kept(id.node));
      if (temporary) freeAt[index]!.push(id);
    }
    device.gpu.queue.writeBuffer(block.buffer, 0, uniforms);
    const bind = (step: RecordedStep): GPUBindGroup => bindStep(device, step, block, bufferOf);
    const commands = encodeSteps(device, steps, bufferOf, bind, (index) => {
      for (const id of freeAt[index]!) {
        owned.get(id)?.release();
        if (id.kind === 'node') results.delete(id.node);
      }
    });
    // outputs that no kernel wrote have no elements
    for (const [node, storages] of results) {
      const outputs = node.is('program') ? node.attrs.outputs.length : 1;
      for (let i = 0; i < outputs; i++) storages[i] ??= device.allocate(4, 'empty');
    }
    device.submit([commands]);
    return results;
  }

  #own(storage: GPUStorage): PooledBuffer {
    if (storage.device === this.device) return storage.buffer;
    throw new DeviceLostError(
      'a tensor that this needs was lost with its GPU device; restore it with loadState or compute it again',
    );
  }

  /** The block that eager plans share: writes are ordered with the submits that use them. */
  #block(bytes: number): PooledBuffer {
    if (!this.#uniforms || this.#uniforms.bytes < bytes) {
      this.#uniforms?.buffer.destroy();
      const size = Math.max(65536, 2 ** Math.ceil(Math.log2(Math.max(bytes, 1))));
      const usage = bufferUsage.uniform | bufferUsage.copyDst;
      this.#uniforms = { id: -size, bytes: size, buffer: this.device.gpu.createBuffer({ size, usage }) };
    }
    return this.#uniforms;
  }
}
