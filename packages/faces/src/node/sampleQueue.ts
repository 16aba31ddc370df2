import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSafetensors, storedElements, writeSafetensors } from '@chiaro/nn';
import type { ArrayToStore } from '@chiaro/nn';
import { ChiaroError } from '../engine.js';
import { connectionOf, loadBullMQ } from './bullmq.js';
import type { JobQueue } from './bullmq.js';
import type { DatasetSample } from './dataset.js';

/** Which queue, and where its samples pass. */
export interface SampleQueueOptions {
  /** Address of a Redis (6.2 and later) or Valkey server: redis://host:port. */
  readonly url: string;
  /** Folder of the dataset, which all machines see; finished samples wait in `.samples` of it until their shard is written. */
  readonly folder: string;
  /** What the samples depend on, as `writeDataset` takes it: sets of other settings have queues of their own. */
  readonly settings: unknown;
  readonly signal?: AbortSignal;
}

const hashOf = (settings: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(settings ?? null))
    .digest('hex')
    .slice(0, 16);

const queueName = (settings: unknown): string => `chiaro-samples-${hashOf(settings)}`;
const partsOf = ({ folder, settings }: SampleQueueOptions): string => join(folder, '.samples', hashOf(settings));
const partOf = (parts: string, index: number): string => join(parts, `${index}.safetensors`);
const jobId = (index: number): string => `sample-${index}`;

/** Milliseconds between looks for a sample. */
const lookEvery = 200;

const wait = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal!.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });

/** Samples that others make. */
export interface QueuedSamples {
  /** For `writeDataset`: puts sample `index` and those after it into the queue, and waits until it is made. */
  make(index: number): Promise<DatasetSample>;
  /** For `writeDataset`'s onProgress: forgets the samples that are in finished shards. */
  written(samples: number): Promise<void>;
  /** Takes the queue and what is left of its samples away, once the set is whole. */
  finish(): Promise<void>;
  /** Leaves the queue as it is. */
  close(): Promise<void>;
}

/**
 * A dataset's samples made by any number of workers (`workSamples`) on any number of machines, which share a server of Redis or
 * Valkey (through BullMQ, an optional peer) and the dataset's folder. The caller writes the set: it puts samples into the
 * queue in their order, a number of them ahead, and takes finished ones. Whatever process is killed, at the next start the
 * set goes on: what a worker was at is given to another one, what it had finished is not made again, and no sample stands in
 * the set twice. The set is that of one process, bit for bit. One process writes at a time.
 *
 * @param options `count` of the set; `ahead` samples (default 64) are in the queue at once.
 * @throws ChiaroError without bullmq; from `make`, for a sample that failed three times.
 *
 * @example
 * const samples = await queuedSamples({ url: 'redis://localhost:6379', folder, settings, count });
 * await writeDataset(folder, { count, settings, make: samples.make, onProgress: (n) => void samples.written(n) });
 * await samples.finish();
 */
export async function queuedSamples(
  options: SampleQueueOptions & { readonly count: number; readonly ahead?: number },
): Promise<QueuedSamples> {
  const { url, settings, count, ahead = 64, signal } = options;
  const { Queue } = await loadBullMQ();
  const queue: JobQueue = new Queue(queueName(settings), { connection: connectionOf(url) });
  queue.on('error', () => undefined); // the client tries again by itself
  const parts = partsOf(options);
  await mkdir(parts, { recursive: true });
  const asked = new Set<number>();

  /** Puts a sample into the queue, where it is known by its number: a second time changes nothing. */
  const ask = async (index: number): Promise<void> => {
    if (asked.has(index) || existsSync(partOf(parts, index))) return;
    asked.add(index);
    const old = await queue.getJob(jobId(index));
    // finished or failed for an earlier start, and its sample is not there any more
    if (old && ['completed', 'failed'].includes(await old.getState())) await old.remove();
    const again = { type: 'fixed', delay: 1000 };
    await queue.add('sample', { index }, { jobId: jobId(index), attempts: 3, backoff: again, removeOnFail: false });
  };

  return {
    async make(index) {
      for (let k = index; k < Math.min(count, index + ahead); k++) await ask(k);
      for (;;) {
        const bytes = await readFile(partOf(parts, index)).catch(() => undefined);
        if (bytes) return sampleOf(new Uint8Array(bytes));
        const job = await queue.getJob(jobId(index));
        if (job && (await job.getState()) === 'failed')
          throw new ChiaroError(`sample ${index} failed three times: ${job.failedReason ?? 'without a reason'}`);
        await wait(lookEvery, signal);
      }
    },
    async written(samples) {
      for (const name of await readdir(parts))
        if (Number.parseInt(name, 10) < samples) await rm(join(parts, name), { force: true });
    },
    async finish() {
      await queue.obliterate({ force: true });
      await queue.close();
      await rm(parts, { recursive: true, force: true });
    },
    close: () => queue.close(),
  };
}

function sampleOf(bytes: Uint8Array): DatasetSample {
  const { arrays } = parseSafetensors(bytes);
  return Object.fromEntries([...arrays].map(([name, a]) => [name, { shape: a.shape, data: storedElements(a) }]));
}

/** How a worker works. */
export interface WorkSamplesOptions extends SampleQueueOptions {
  /** Sample `index`, as `writeDataset` takes it. */
  readonly make: (index: number) => Promise<DatasetSample>;
  /** Told of each sample that this worker made. */
  readonly onSample?: (index: number) => void;
  /** Ends after so many seconds without a sample to make; goes on until the signal by default. */
  readonly idleSeconds?: number;
  /** Seconds after which the sample of a worker that is not heard of goes to another one (default 30). */
  readonly lockSeconds?: number;
}

/**
 * Makes samples that `queuedSamples` asks for, one at a time, until the signal or for want of work.
 * @returns how many it made.
 * @throws ChiaroError without bullmq, and for an address that is none.
 */
export async function workSamples(options: WorkSamplesOptions): Promise<number> {
  const { url, settings, make, signal, onSample, idleSeconds = Infinity, lockSeconds = 30 } = options;
  const { Worker } = await loadBullMQ();
  const parts = partsOf(options);
  await mkdir(parts, { recursive: true });
  let made = 0;
  let busySince: number | undefined;
  let last = performance.now();
  const worker = new Worker(
    queueName(settings),
    async ({ data: { index } }) => {
      busySince = performance.now();
      try {
        const file = partOf(parts, index);
        if (existsSync(file)) return; // made by a worker that ended before it could say so
        const arrays: Record<string, ArrayToStore> = { ...(await make(index)) };
        const temporary = `${file}.${process.pid}.tmp`;
        await writeFile(temporary, writeSafetensors(arrays, { format: 'chiaro-sample', index: String(index) }));
        await rename(temporary, file);
        made++;
        onSample?.(index);
      } finally {
        busySince = undefined;
        last = performance.now();
      }
    },
    {
      connection: connectionOf(url),
      concurrency: 1,
      lockDuration: 1000 * lockSeconds,
      stalledInterval: 500 * lockSeconds,
      maxStalledCount: 1_000_000, // a worker that was killed is no fault of its sample
    },
  );
  worker.on('error', () => undefined); // the client tries again by itself
  try {
    while (busySince !== undefined || performance.now() - last < 1000 * idleSeconds) await wait(lookEvery, signal);
  } catch (error) {
    if (!signal?.aborted) throw error;
  } finally {
    await worker.close();
  }
  return made;
}
