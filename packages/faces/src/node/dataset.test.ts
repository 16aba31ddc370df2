import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mutations, survive } from '../../../render/src/testing/hostileFiles.testing.js';
import { openDataset, writeDataset } from './dataset.js';
import type { DatasetSample } from './dataset.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'chiaro-dataset-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const make = (index: number): Promise<DatasetSample> =>
  Promise.resolve({ value: { type: 'F32', shape: [2], data: [index, 0.5] } });
const options = { count: 5, shardSize: 2, settings: { seed: 1 }, make };

it('samples come back; a set is resumed, and only with the same settings', async () => {
  const control = new AbortController();
  const told: number[] = [];
  const stop = writeDataset(folder, {
    ...options,
    signal: control.signal,
    onProgress: (samples) => {
      told.push(samples);
      if (samples === 4) control.abort(new Error('enough'));
    },
  });
  await expect(stop).rejects.toThrow('enough');
  expect((await openDataset(folder)).length).toBe(4);
  const made: number[] = [];
  const manifest = await writeDataset(folder, { ...options, make: (k) => (made.push(k), make(k)) });
  expect([told, made, manifest.shards.length]).toEqual([[2, 4], [4], 3]);
  const set = await openDataset(folder);
  expect(await set.sample(3)).toEqual({ value: { shape: [2], data: Float32Array.of(3, 0.5) } });
  await expect(set.sample(5)).rejects.toThrow(/no sample 5 among 5/);
  await expect(writeDataset(folder, { ...options, settings: { seed: 2 } })).rejects.toThrow(
    /other settings.*another folder/,
  );
});

it('a folder of version 1 opens, and is finished as one of version 2', async () => {
  const [whole, old] = ['whole', 'old'].map((name) => join(folder, name));
  const manifest = await writeDataset(whole, options);
  await writeDataset(old, { ...options, count: 2 });
  const { kind, ...rest } = manifest;
  expect(kind).toBe('samples');
  writeFileSync(
    join(old, 'manifest.json'),
    JSON.stringify({ ...rest, formatVersion: 1, shards: manifest.shards.slice(0, 1) }),
  );
  const set = await openDataset(old);
  expect([set.length, set.has(1), set.has(2), set.manifest.formatVersion]).toEqual([2, true, false, 2]);
  const made: number[] = [];
  expect(await writeDataset(old, { ...options, make: (k) => (made.push(k), make(k)) })).toEqual(manifest);
  expect(made).toEqual([2, 3, 4]);
  for (const name of readdirSync(whole)) expect(readFileSync(join(old, name))).toEqual(readFileSync(join(whole, name)));
  for (const path of [whole, old]) rmSync(path, { recursive: true });
});

it('a damaged manifest or shard is a FormatError, or the folder as it was', async () => {
  const read = async (): Promise<number> => {
    const set = await openDataset(folder);
    for (let k = 0; k < set.length; k++) await set.sample(k);
    return set.length;
  };
  for (const name of ['manifest.json', 'shard-000001.safetensors']) {
    const path = join(folder, name);
    const whole = new Uint8Array(readFileSync(path));
    const attempt = (bytes: Uint8Array): Promise<number> => {
      writeFileSync(path, bytes);
      return read();
    };
    expect(await survive(mutations(whole, 200, 3), attempt)).toBeGreaterThan(100);
    writeFileSync(path, whole);
  }
  expect(await read()).toBe(5);
});
