import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import type { QueueJob } from './bullmq.js';
import { connectionOf, loadBullMQ } from './bullmq.js';
import { writeDataset } from './dataset.js';
import type { DatasetSample } from './dataset.js';
import { queuedSamples, workSamples } from './sampleQueue.js';

/** What the code takes of BullMQ, in memory. The real one, with processes that are killed: tools/prove-queue.mjs. */
vi.mock('./bullmq.js', async (original) => {
  interface Job extends QueueJob {
    state: string;
    attempts: number;
    failedReason?: string;
  }
  const servers = new Map<string, Map<string, Job>>();
  const jobsOf = (name: string): Map<string, Job> => servers.get(name) ?? servers.set(name, new Map()).get(name)!;
  class Queue {
    readonly #jobs: Map<string, Job>;
    constructor(name: string) {
      this.#jobs = jobsOf(name);
    }
    on = (): void => undefined;
    close = (): Promise<void> => Promise.resolve();
    obliterate = (): Promise<void> => Promise.resolve(this.#jobs.clear());
    getJob = (id: string): Promise<Job | undefined> => Promise.resolve(this.#jobs.get(id));
    add(_: string, data: { index: number }, { jobId, attempts }: { jobId: string; attempts: number }): Promise<Job> {
      const known = this.#jobs.get(jobId);
      if (known) return Promise.resolve(known); // as BullMQ does with an id that it has
      const job: Job = {
        ...{ data, state: 'waiting', attempts },
        getState: () => Promise.resolve(job.state),
        remove: () => Promise.resolve(void this.#jobs.delete(jobId)),
      };
      this.#jobs.set(jobId, job);
      return Promise.resolve(job);
    }
  }
  class Worker {
    #on = true;
    readonly #ended: Promise<void>;
    constructor(name: string, work: (job: Job) => Promise<void>) {
      this.#ended = this.#run(jobsOf(name), work);
    }
    async #run(jobs: Map<string, Job>, work: (job: Job) => Promise<void>): Promise<void> {
      while (this.#on) {
        const job = [...jobs.values()].find(({ state }) => state === 'waiting');
        if (job) {
          job.state = 'active';
          try {
            await work(job);
            job.state = 'completed';
          } catch (error) {
            job.failedReason = (error as Error).message;
            job.state = --job.attempts > 0 ? 'waiting' : 'failed';
          }
        } else await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    on = (): void => undefined;
    close(): Promise<void> {
      this.#on = false;
      return this.#ended;
    }
  }
  return { ...(await original<object>()), loadBullMQ: () => Promise.resolve({ Queue, Worker }) };
});

const root = mkdtempSync(join(tmpdir(), 'chiaro-queue-'));
afterAll(() => rmSync(root, { recursive: true }));
const url = 'redis://localhost';
const sampleOf = (index: number): DatasetSample => ({
  values: { shape: [3], data: Float32Array.of(index, 2 * index, -1) },
  labels: { shape: [2], data: Uint8Array.of(index, 7) },
});

it('workers make the set of one process, each sample once, and leave nothing behind', async () => {
  const [folder, alone] = [join(root, 'set'), join(root, 'alone')];
  const set = { count: 11, shardSize: 4, settings: { a: 1 } };
  const made: number[] = [];
  const make = (index: number): Promise<DatasetSample> => {
    made.push(index);
    return Promise.resolve(sampleOf(index));
  };
  const samples = await queuedSamples({ url, folder, ...set, ahead: 5 });
  const workers = [1, 2].map(() => workSamples({ url, folder, settings: set.settings, make, idleSeconds: 1 }));
  await writeDataset(folder, { ...set, make: samples.make, onProgress: (n) => void samples.written(n) });
  await samples.finish();
  expect((await Promise.all(workers)).reduce((a, b) => a + b)).toBe(11);
  expect([...made].sort((a, b) => a - b)).toEqual(Array.from({ length: 11 }, (_, k) => k));
  await writeDataset(alone, { ...set, make: (k) => Promise.resolve(sampleOf(k)) });
  for (const name of readdirSync(alone))
    expect(readFileSync(join(folder, name))).toEqual(readFileSync(join(alone, name)));
  expect(readdirSync(join(folder, '.samples'))).toEqual([]);
});

it('a sample that is there is not made again; one that was made and is gone is', async () => {
  const options = { url, folder: join(root, 'again'), settings: { b: 1 } };
  const made: number[] = [];
  const control = new AbortController();
  const work = workSamples({
    ...options,
    make: (index) => Promise.resolve(sampleOf(made[made.push(index) - 1])),
    signal: control.signal,
  });
  const first = await queuedSamples({ ...options, count: 3, ahead: 1 });
  await first.make(0);
  await first.make(1);
  await first.written(1); // of a shard that was never written: sample 0 is gone, its job is done
  const second = await queuedSamples({ ...options, count: 3, ahead: 1 });
  expect(Array.from((await second.make(0))['values'].data as Float32Array)).toEqual([0, 0, -1]);
  await second.make(1);
  await second.make(2);
  expect(made).toEqual([0, 1, 0, 2]);
  control.abort();
  expect(await work).toBe(4);
  await second.finish();
  expect(existsSync(join(root, 'again/.samples'))).toBe(true);
});

it('a sample that fails is tried three times, then says why; waiting can be stopped', async () => {
  const options = { url, folder: join(root, 'fails'), settings: { c: 1 } };
  let tries = 0;
  const control = new AbortController();
  const make = (): Promise<DatasetSample> => Promise.reject(new Error(`try ${++tries}`));
  const work = workSamples({ ...options, make, signal: control.signal });
  const samples = await queuedSamples({ ...options, count: 2, ahead: 1 });
  await expect(samples.make(0)).rejects.toThrow(/sample 0 failed three times: try 3/);
  control.abort(new Error('stopped'));
  expect(await work).toBe(0);
  const stopped = await queuedSamples({ ...options, count: 2, ahead: 1, signal: control.signal });
  await expect(stopped.make(1)).rejects.toThrow(/stopped/);
});

it('addresses are read, and what is missing is said', async () => {
  expect(connectionOf('rediss://me:p%40ss@host:7000/2')).toMatchObject({
    ...{ host: 'host', port: 7000, username: 'me', password: 'p@ss', db: 2, tls: {} },
  });
  expect(connectionOf(url)).toMatchObject({ host: 'localhost', port: 6379 });
  for (const wrong of ['localhost', 'http://localhost', 'redis://'])
    expect(() => connectionOf(wrong)).toThrow(/give redis:\/\/host:port/);
  const { loadBullMQ: real } = await vi.importActual<{ loadBullMQ: typeof loadBullMQ }>('./bullmq.js');
  await expect(real('no-such-package-of-queues')).rejects.toThrow(/npm install bullmq/);
});
