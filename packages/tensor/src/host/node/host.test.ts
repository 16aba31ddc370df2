import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ChiaroError } from '../../errors.js';
import { host } from './index.js';

describe('the Node host', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chiaro-host-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('the cache keeps, overwrites and forgets', async () => {
    const key = `host.test ${process.pid}`;
    expect(await host.cache.get(key)).toBeUndefined();
    await host.cache.put(key, new Uint8Array([1, 2]));
    await host.cache.put(key, new Uint8Array([3, 4, 5]));
    expect(await host.cache.get(key)).toEqual(new Uint8Array([3, 4, 5]));
    await host.cache.remove(key);
    await host.cache.remove(key);
    expect(await host.cache.get(key)).toBeUndefined();
  });

  test('files are read from paths and URLs, and written whole, folders included', async () => {
    const path = join(folder, 'deep/er/file.bin');
    await host.writeFile(path, new Uint8Array([7, 8]));
    expect(await host.readFile(path)).toEqual(new Uint8Array([7, 8]));
    expect(await host.readFile(pathToFileURL(path).href)).toEqual(new Uint8Array([7, 8]));
    expect(await readdir(join(folder, 'deep/er'))).toEqual(['file.bin']);
  });

  test('what cannot be read or written is named in the error', async () => {
    await writeFile(join(folder, 'plain'), '');
    const inside = join(folder, 'plain', 'file');
    await expect(host.readFile(join(folder, 'nowhere'))).rejects.toThrow(ChiaroError);
    await expect(host.readFile(join(folder, 'nowhere'))).rejects.toThrow(/cannot read .*nowhere/);
    await expect(host.writeFile(inside, new Uint8Array(1))).rejects.toThrow(/cannot write .*plain/);
  });

  test('a warning is given once', () => {
    const emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    host.warn('a warning of host.test');
    host.warn('a warning of host.test');
    expect(emitted).toHaveBeenCalledOnce();
    emitted.mockRestore();
  });

  test('the GPU is always the same one, and says where it comes from', async () => {
    const gpu = await host.requestGPU();
    expect(await host.requestGPU()).toBe(gpu);
    expect(host.gpuInfo?.reason).not.toBe('');
  });
});
