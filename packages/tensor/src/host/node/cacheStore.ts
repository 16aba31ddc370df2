import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CacheStore } from '../host.js';
import { writeFile } from './files.js';
import { cacheRoot } from './paths.js';

const fileOf = (key: string): string => join(nodeCacheStore.location, createHash('sha256').update(key).digest('hex'));

/** One file per key, named by the key's hash. */
export const nodeCacheStore: CacheStore = {
  get location() {
    return join(cacheRoot(), 'store');
  },

  async get(key) {
    try {
      return new Uint8Array(await readFile(fileOf(key)));
    } catch {
      return undefined; // not there, or not readable: both mean that the work is done again
    }
  },

  put: (key, bytes) => writeFile(fileOf(key), bytes),

  remove: (key) => rm(fileOf(key), { force: true }),
};
