import { OutOfMemoryError } from '../../errors.js';
import { bufferUsage } from '../flags.js';

/** A GPU buffer of the pool, with a number that names it in caches. */
export interface PooledBuffer {
  readonly id: number;
  readonly buffer: GPUBuffer;
  /** Capacity in bytes, at least what was asked for. */
  readonly bytes: number;
  /** Waits with a free buffer for its next owner; see GPUStorage. */
  ballast?: ArrayBuffer | undefined;
}

/** Capacity classes: 256 byte steps, then eighths of a power of two, so that at most an eighth is wasted. */
function capacityFor(bytes: number): number {
  const step = Math.max(256, 2 ** (Math.floor(Math.log2(Math.max(bytes, 1))) - 3));
  return Math.max(Math.ceil(bytes / step) * step, step);
}

const usage = bufferUsage.storage | bufferUsage.copySrc | bufferUsage.copyDst | bufferUsage.indirect;

/**
 * Whole buffers, reused by capacity. WebGPU forbids reading and writing one buffer in a dispatch, so tensors never
 * share one. Buffers that were idle longest are destroyed once the pool holds more than its budget.
 */
export class BufferPool {
  /** Bytes of buffers that are in use. */
  liveBytes = 0;
  /** Bytes of buffers that wait for reuse. */
  pooledBytes = 0;
  liveBuffers = 0;
  #free = new Map<number, PooledBuffer[]>();
  /** Free buffers, longest idle first. */
  #idle = new Set<PooledBuffer>();
  #nextId = 1;
  /** How many command buffers are being encoded: what they use must live until they are submitted. */
  #encoding = 0;

  constructor(
    private readonly device: GPUDevice,
    private readonly maxBufferBytes: number,
    private readonly onDestroy: (buffer: PooledBuffer) => void,
  ) {}

  /**
   * A buffer of at least `bytes`, with undefined contents.
   * @param preferred buffers of this size that bind groups exist for already: the first free one is taken.
   */
  acquire(bytes: number, label: string, preferred: readonly PooledBuffer[] = []): PooledBuffer {
    const capacity = Math.min(capacityFor(bytes), Math.max(this.maxBufferBytes, bytes));
    const list = this.#free.get(capacity);
    const known = preferred.find((b) => b.bytes === capacity && this.#idle.has(b));
    const found = known && list ? list.splice(list.indexOf(known), 1)[0] : list?.pop();
    if (found) {
      this.#idle.delete(found);
      this.pooledBytes -= capacity;
    }
    this.liveBytes += capacity;
    this.liveBuffers++;
    return found ?? this.#create(capacity, label);
  }

  #create(bytes: number, label: string): PooledBuffer {
    if (bytes > this.maxBufferBytes) {
      throw new OutOfMemoryError(
        `${label} needs a buffer of ${bytes} bytes, this adapter allows ${this.maxBufferBytes}; split the tensor`,
      );
    }
    return { id: this.#nextId++, bytes, buffer: this.device.createBuffer({ size: bytes, usage }) };
  }

  /**
   * Runs a function that encodes commands and submits them. What is released meanwhile may be taken again, since the
   * queue runs in order, but is not destroyed before the commands are submitted.
   */
  encode<T>(body: () => T): T {
    this.#encoding++;
    try {
      return body();
    } finally {
      this.#encoding--;
      this.#trim();
    }
  }

  /** Takes a buffer back. Work already submitted may still use it: the queue runs in order. */
  release(buffer: PooledBuffer): void {
    this.liveBytes -= buffer.bytes;
    this.liveBuffers--;
    this.pooledBytes += buffer.bytes;
    const list = this.#free.get(buffer.bytes);
    if (list) list.push(buffer);
    else this.#free.set(buffer.bytes, [buffer]);
    this.#idle.add(buffer);
    this.#trim();
  }

  #trim(budget = Math.max(256 * 2 ** 20, this.liveBytes / 2)): void {
    if (this.#encoding > 0) return;
    for (const buffer of this.#idle) {
      if (this.pooledBytes <= budget) return;
      this.#idle.delete(buffer);
      const list = this.#free.get(buffer.bytes)!;
      list.splice(list.indexOf(buffer), 1);
      this.pooledBytes -= buffer.bytes;
      this.onDestroy(buffer);
      buffer.buffer.destroy();
    }
  }

  /** Destroys all buffers that are not in use. */
  clear(): void {
    this.#trim(0);
  }
}
