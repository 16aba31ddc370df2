import type { BufferId } from '../../kernel/buffer.js';
import { bufferUsage, mapModeRead } from '../flags.js';
import type { PlanStep } from '../plan.js';

/** What one kernel did while profiling. */
export interface KernelRecord {
  readonly label: string;
  /** GPU time in milliseconds; undefined without timestamp queries. */
  readonly ms: number | undefined;
  /** Bytes of the buffers that it bound. */
  readonly bytes: number;
  readonly workgroups: readonly number[];
  /** The lines of user code that its operations come from; known under CHIARO_DEBUG. */
  readonly sites: readonly string[];
}

/** Collects the kernels that run while it is open. */
export interface Recording {
  /** The kernels since the recording began or since the last call, in order; waits until the GPU has run them. */
  take(): Promise<KernelRecord[]>;
  close(): void;
}

const maxQueries = 2048;

interface Batch {
  readonly steps: PlanStep[];
  readonly bytes: number[];
  readonly queries: GPUQuerySet | undefined;
}

/** Times kernels one by one while there is a recording: each gets a compute pass with timestamps of its own. */
export class Profiler {
  #batch: Batch | undefined;
  readonly #recordings = new Set<Promise<KernelRecord[]>[]>();

  constructor(private readonly device: GPUDevice) {}

  get active(): boolean {
    return this.#recordings.size > 0;
  }

  /** Begins to record; several recordings do not disturb each other. */
  record(): Recording {
    const batches: Promise<KernelRecord[]>[] = [];
    this.#recordings.add(batches);
    return {
      take: async () => (await Promise.all(batches.splice(0))).flat(),
      close: () => this.#recordings.delete(batches),
    };
  }

  #note(batch: Promise<KernelRecord[]>): void {
    for (const batches of this.#recordings) batches.push(batch);
  }

  /** Descriptor of the pass of a step. */
  begin(step: PlanStep, bytesOf: (id: BufferId) => number): GPUComputePassDescriptor | undefined {
    if (!this.active) return undefined;
    const queries = this.device.features.has('timestamp-query');
    this.#batch ??= {
      steps: [],
      bytes: [],
      queries: queries ? this.device.createQuerySet({ type: 'timestamp', count: maxQueries }) : undefined,
    };
    const { steps, bytes, queries: querySet } = this.#batch;
    const at = 2 * (steps.push(step) - 1);
    bytes.push(step.buffers.reduce((sum, { id, window }) => sum + (window?.bytes ?? bytesOf(id)), 0));
    if (!querySet || at + 1 >= maxQueries) return undefined;
    return { timestampWrites: { querySet, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 } };
  }

  /** Ends the recording of a command buffer: its timestamps are read when the GPU has run it. */
  resolve(encoder: GPUCommandEncoder): void {
    const batch = this.#batch;
    if (!batch) return;
    this.#batch = undefined;
    const { steps, queries } = batch;
    if (!queries) {
      this.#note(Promise.resolve(recordsOf(batch, undefined)));
      return;
    }
    const count = Math.min(2 * steps.length, maxQueries);
    const size = count * 8;
    const resolved = this.device.createBuffer({ size, usage: bufferUsage.queryResolve | bufferUsage.copySrc });
    const staging = this.device.createBuffer({ size, usage: bufferUsage.mapRead | bufferUsage.copyDst });
    encoder.resolveQuerySet(queries, 0, count, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
    const read = async (): Promise<KernelRecord[]> => {
      await Promise.resolve(); // the submit comes first
      await staging.mapAsync(mapModeRead);
      const times = new BigInt64Array(staging.getMappedRange().slice(0));
      for (const buffer of [resolved, staging]) buffer.destroy();
      queries.destroy();
      return recordsOf(batch, times);
    };
    this.#note(read());
  }
}

function recordsOf({ steps, bytes }: Batch, times: BigInt64Array | undefined): KernelRecord[] {
  return steps.map(({ dispatch, sites }, i): KernelRecord => {
    const [begin, end] = [times?.[2 * i], times?.[2 * i + 1]];
    const ms = begin === undefined || end === undefined ? undefined : Number(end - begin) / 1e6;
    const { label, workgroups } = dispatch;
    return { label, ms, bytes: bytes[i]!, workgroups: 'indirect' in workgroups ? [] : workgroups, sites };
  });
}
