import { bytesPerElement, type DType, type TypedArray } from '../../dtype.js';
import { DeviceError } from '../../errors.js';
import type { Node, Storage } from '../../graph/node.js';
import type { Schedule } from '../../schedule/schedule.js';
import type { Device, MemoryReport } from '../device.js';
import { planOf } from '../plan.js';
import type { AdapterProfile } from '../profile.js';
import { TuningTable } from '../tuning.js';
import { ErrorDesk } from './errors.js';
import { decode, encode } from './convert.js';
import { PipelineCache } from './pipelines.js';
import { Profiler } from './profiler.js';
import { BufferPool, type PooledBuffer } from './pool.js';
import { Readback } from './readback.js';
import { PlanRunner } from './runner.js';

/** A tensor's elements in a buffer of the pool. */
export class GPUStorage implements Storage {
  /**
   * Weighs on the host's garbage collector what the buffer weighs on the GPU, so that dropped tensors are noticed. New
   * ballast is what makes the collector run, so what is given back in time hands it on to the buffer's next owner.
   */
  #ballast: ArrayBuffer | undefined;
  #owners = 1;

  constructor(
    readonly device: GPUTensorDevice,
    readonly buffer: PooledBuffer,
    readonly bytes: number,
  ) {
    if (bytes >= ballastFrom) this.#ballast = buffer.ballast ?? reserve(ballastWeight * buffer.bytes);
    buffer.ballast = undefined;
  }

  get alive(): boolean {
    return !this.device.lost;
  }

  /** True when a single node owns the storage. */
  get unique(): boolean {
    return this.#owners === 1;
  }

  retain(): void {
    this.#owners++;
  }

  release(collected = false): void {
    if (--this.#owners > 0) return;
    if (!collected) this.buffer.ballast = this.#ballast;
    this.#ballast = undefined;
    this.device.pool.release(this.buffer);
  }
}

const ballastFrom = 65536;
/** The collector runs after every 64 MiB or so of such weight: three times the bytes keep the waste small. */
const ballastWeight = 3;

/** A resizable array buffer: the collector counts its length, but its pages are never touched. */
function reserve(bytes: number): ArrayBuffer {
  const Resizable = ArrayBuffer as unknown as new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
  return new Resizable(bytes, { maxByteLength: bytes });
}

/** Bytes that may be allocated between two turns of the event loop. */
const breathEvery = 32 * 2 ** 20;
/** Bytes that may be written before a submit: Dawn keeps pending writes in host memory until then. */
const uploadFlush = 16 * 2 ** 20;

/** A WebGPU device with its pool, pipelines and queue. */
export class GPUTensorDevice implements Device {
  readonly pool: BufferPool;
  readonly pipelines: PipelineCache;
  readonly errors: ErrorDesk;
  readonly runner: PlanRunner;
  readonly profiler: Profiler;
  readonly profile: AdapterProfile;
  readonly tuning = new TuningTable();
  readonly #readback: Readback;
  #pendingUpload = 0;
  #sinceBreath = 0;

  constructor(
    readonly gpu: GPUDevice,
    profile: AdapterProfile,
  ) {
    this.profile = { ...profile, tuning: this.tuning };
    this.errors = new ErrorDesk(gpu);
    this.pool = new BufferPool(gpu, profile.maxBufferBytes, () => undefined);
    this.pipelines = new PipelineCache(gpu, (outcome) => this.errors.expectKernel(outcome));
    this.runner = new PlanRunner(this);
    this.profiler = new Profiler(gpu);
    this.#readback = new Readback(gpu);
  }

  get lost(): boolean {
    return this.errors.lost;
  }

  upload(data: TypedArray, dtype: DType): GPUStorage {
    const bytes = encode(data, dtype);
    const storage = this.allocate(bytes.byteLength, 'upload');
    this.gpu.queue.writeBuffer(storage.buffer.buffer, 0, bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#pendingUpload += bytes.byteLength;
    if (this.#pendingUpload >= uploadFlush) this.submit([]);
    return storage;
  }

  /** A storage with undefined contents. */
  allocate(bytes: number, label: string, preferred?: readonly PooledBuffer[]): GPUStorage {
    this.#sinceBreath += bytes;
    return new GPUStorage(this, this.pool.acquire(bytes, label, preferred), bytes);
  }

  /** Submits command buffers, and with them everything that was written before. */
  submit(commands: readonly GPUCommandBuffer[]): void {
    this.#pendingUpload = 0;
    this.gpu.queue.submit(commands);
  }

  run(schedule: Schedule, { kept }: { kept: (node: Node) => boolean }): ReadonlyMap<Node, Storage[]> {
    return this.runner.run(planOf(schedule, this.profile), kept);
  }

  async read(storage: Storage, dtype: DType, size: number): Promise<TypedArray> {
    if (!(storage instanceof GPUStorage) || storage.device !== this) {
      throw new DeviceError('this tensor lives on another device; read it before switching devices');
    }
    const elements = this.peek(storage, dtype, size);
    await this.errors.check();
    const result = await elements;
    await this.errors.check();
    return result;
  }

  /** Elements of a storage, whatever the device has to report. */
  async peek(storage: GPUStorage, dtype: DType, size: number): Promise<TypedArray> {
    const bytes = Math.ceil((size * bytesPerElement[dtype]) / 4) * 4;
    if (bytes === 0) return decode(new ArrayBuffer(0), dtype, 0);
    const copy = await this.#readback.copy(storage.buffer.buffer, bytes, (commands) => this.submit([commands]));
    return decode(copy, dtype, size);
  }

  /**
   * Lets the event loop turn once after much was allocated: only then the platform reports which tensors were
   * garbage-collected, and loops that await nothing but submissions would fill the memory.
   */
  async breathe(): Promise<void> {
    if (this.#sinceBreath < breathEvery) return;
    this.#sinceBreath = 0;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  async idle(): Promise<void> {
    await this.gpu.queue.onSubmittedWorkDone();
    await this.errors.check();
  }

  memory(): MemoryReport {
    const { liveBytes, liveBuffers, pooledBytes } = this.pool;
    return { liveBytes, liveBuffers, pooledBytes };
  }
}
