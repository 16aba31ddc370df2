import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { host } from '@chiaro/tensor/host';
import type { CheckpointStore } from '../train/index.js';

/** Checkpoints as files of a folder, which is made when it is needed. Each is written beside its place, then renamed. */
export function folderStore(folder: string): CheckpointStore {
  const path = (name: string): string => join(folder, name);
  return {
    read: async (name) => (existsSync(path(name)) ? host.readFile(path(name)) : undefined),
    write: (name, bytes) => host.writeFile(path(name), bytes),
    list: async () => (existsSync(folder) ? readdir(folder) : []),
    remove: (name) => rm(path(name), { force: true }),
  };
}
