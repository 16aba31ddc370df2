import type { Node } from '../../graph/node.js';
import type { BufferId } from '../../kernel/buffer.js';
import { bufferUsage } from '../flags.js';
import { shareMemory } from '../liveness.js';
import { bufferBytes, type Plan } from '../plan.js';
import type { GPUStorage, GPUTensorDevice } from './gpuDevice.js';
import type { PooledBuffer } from './pool.js';
import { bindStep, encodeSteps, record, writeUniform, type RecordedStep } from './runner.js';

/** A field of the uniform blocks that every call sets anew. */
interface Patch {
  readonly at: number;
  readonly type: 'u32' | 'i32' | 'f32';
  readonly argument: number;
}

/** Bind groups that a step remembers for the outside buffers that come and go. */
const rememberedGroups = 16;

/**
 * A plan that runs many times: kernels, uniform blocks, scratch memory and bind groups stay; only inputs, results and
 * numbers change from call to call.
 */
export class Replay {
  readonly #steps: readonly RecordedStep[];
  readonly #uniforms: DataView<ArrayBuffer>;
  readonly #block: PooledBuffer;
  readonly #patches: readonly Patch[];
  readonly #scratch = new Map<BufferId, GPUStorage>();
  /** The last two buffers of every result: a cell swaps between them, so that bind groups come back. */
  readonly #recent = new Map<BufferId, readonly PooledBuffer[]>();
  /** Buffers that are given at every call, and results that are made at every call. */
  readonly #outside: readonly BufferId[];
  /** Per step: which outside buffers it binds, and its bind groups by their numbers. */
  readonly #groups: readonly { readonly outside: readonly BufferId[]; readonly known: Map<string, GPUBindGroup> }[];

  /**
   * @param results nodes whose storages the caller gets.
   */
  constructor(
    readonly device: GPUTensorDevice,
    plan: Plan,
    private readonly results: ReadonlySet<Node>,
  ) {
    const { steps, uniforms } = record(device, plan);
    this.#steps = steps;
    this.#uniforms = new DataView(uniforms);
    const usage = bufferUsage.uniform | bufferUsage.copyDst;
    const size = Math.max(16, uniforms.byteLength);
    this.#block = { id: -nextBlock++, bytes: size, buffer: device.gpu.createBuffer({ size, usage }) };
    device.gpu.queue.writeBuffer(this.#block.buffer, 0, uniforms);
    this.#patches = steps.flatMap(({ step, uniformOffset }) =>
      Object.values(step.dispatch.uniforms).flatMap(({ type, argument }, i): Patch[] =>
        argument === undefined ? [] : [{ at: uniformOffset + 4 * i, type, argument }],
      ),
    );
    this.#allocateScratch(plan);
    const ids = new Set(plan.steps.flatMap((s) => [...s.buffers.map((b) => b.id), ...s.clear]));
    this.#outside = [...ids].filter((id) => !this.#scratch.has(id));
    this.#groups = steps.map(({ step }) => ({
      outside: step.buffers.map((b) => b.id).filter((id) => !this.#scratch.has(id)),
      known: new Map(),
    }));
  }

  /** Number of kernels that one call runs. */
  get kernels(): number {
    return this.#steps.length;
  }

  /** Scratch buffers whose lives do not overlap share memory. */
  #allocateScratch(plan: Plan): void {
    const inside = new Set(plan.stored.filter((n) => !this.results.has(n)));
    const begin = new Map<BufferId, number>();
    plan.steps.forEach((step, index) => {
      for (const id of [...step.buffers.map((b) => b.id), ...step.clear]) {
        const mine = id.kind === 'temporary' || inside.has(id.node);
        if (mine && !begin.has(id)) begin.set(id, index);
      }
    });
    const ids = [...begin.keys()];
    const lives = ids.map((id) => ({ bytes: bufferBytes(id), from: begin.get(id)!, to: plan.lastUse.get(id)! }));
    const { slotOf, slots } = shareMemory(lives);
    const storages = slots.map((bytes) => this.device.allocate(bytes, 'scratch'));
    ids.forEach((id, i) => this.#scratch.set(id, storages[slotOf[i]!]!));
  }

  /**
   * Runs the plan once.
   * @param inputOf storage of a node that the plan reads and does not compute.
   * @param numbers values of the number slots.
   */
  run(inputOf: (id: BufferId) => GPUStorage, numbers: readonly number[]): ReadonlyMap<BufferId, GPUStorage> {
    const made = new Map<BufferId, GPUStorage>();
    const bound = new Map<BufferId, PooledBuffer>();
    for (const id of this.#outside) {
      let storage: GPUStorage;
      if (id.kind === 'node' && this.results.has(id.node)) {
        const recent = this.#recent.get(id) ?? [];
        storage = this.device.allocate(bufferBytes(id), 'result', recent);
        if (!recent.includes(storage.buffer)) this.#recent.set(id, [...recent.slice(-1), storage.buffer]);
        made.set(id, storage);
      } else storage = inputOf(id);
      bound.set(id, storage.buffer);
    }
    this.#writeNumbers(numbers);
    const bufferOf = (id: BufferId): PooledBuffer => bound.get(id) ?? this.#scratch.get(id)!.buffer;
    const groups = this.#groups.map(({ outside, known }, index): GPUBindGroup => {
      let key = '';
      for (const id of outside) key += `${bound.get(id)!.id},`;
      let group = known.get(key);
      if (!group) {
        group = bindStep(this.device, this.#steps[index]!, this.#block, bufferOf);
        known.set(key, group);
        if (known.size > rememberedGroups) known.delete(known.keys().next().value!);
      }
      return group;
    });
    this.device.submit([encodeSteps(this.device, this.#steps, bufferOf, groups)]);
    return made;
  }

  #writeNumbers(numbers: readonly number[]): void {
    if (this.#patches.length === 0) return;
    for (const { at, type, argument } of this.#patches) writeUniform(this.#uniforms, at, type, numbers[argument]!);
    const first = this.#patches[0]!.at;
    const last = this.#patches[this.#patches.length - 1]!.at + 4;
    this.device.gpu.queue.writeBuffer(this.#block.buffer, first, this.#uniforms.buffer, first, last - first);
  }

  /** Gives all memory back. */
  dispose(): void {
    for (const storage of new Set(this.#scratch.values())) storage.release();
    this.#block.buffer.destroy();
  }
}

let nextBlock = 1;
