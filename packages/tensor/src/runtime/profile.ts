import type { KernelRecord } from '../device/gpu/profiler.js';
import type { MemoryReport } from '../device/device.js';
import { acquireDevice, currentDevice } from './devices.js';
import { kernelTable } from './kernelTable.js';
import { idle } from './realize.js';

export type { KernelRecord, MemoryReport };

/** What `profile` found. */
export interface Profile<T> {
  readonly result: T;
  readonly kernels: readonly KernelRecord[];
  /** Distinct kernels compiled while it ran. */
  readonly compiled: number;
  /** Wall-clock milliseconds from the call to the end of all GPU work. */
  readonly totalMs: number;
  /** A table for people: time, bandwidth, workgroups and name of every kernel. */
  toString(): string;
}

/**
 * Runs an asynchronous function and times every kernel that it submits (timestamp queries, where the adapter has them;
 * kernels run in passes of their own, a little slower than usual).
 *
 * @example console.log(String(await profile(() => y.data())));
 */
export async function profile<T>(fn: () => T | Promise<T>): Promise<Profile<T>> {
  const device = await acquireDevice();
  await idle();
  const before = device.pipelines.size;
  const start = performance.now();
  const recording = device.profiler.record();
  try {
    const result = await fn();
    await idle();
    const totalMs = performance.now() - start;
    const kernels = await recording.take();
    const compiled = device.pipelines.size - before;
    return {
      result,
      kernels,
      compiled,
      totalMs,
      toString: () => kernelTable(kernels, `${totalMs.toFixed(1)} ms in all`),
    };
  } finally {
    recording.close();
  }
}

/** Memory of the device: bytes and buffers in use, and bytes kept for reuse. */
export function memory(): MemoryReport {
  return currentDevice()?.memory() ?? { liveBytes: 0, liveBuffers: 0, pooledBytes: 0 };
}

/** Name and kind of the adapter that tensors are computed on, and whether its kernels read float16 as it is stored. */
export async function deviceInfo(): Promise<{
  readonly name: string;
  readonly kind: 'hardware' | 'software';
  readonly kernels: number;
  readonly float16: boolean;
}> {
  const { profile: adapter, pipelines } = await acquireDevice();
  return { name: adapter.name, kind: adapter.kind, kernels: pipelines.size, float16: adapter.shaderF16 };
}
