import type { Host } from '../host.js';
import { nodeCacheStore } from './cacheStore.js';
import { readFile, writeFile } from './files.js';
import { foundGPU, requestGPU } from './gpu.js';

export type { CacheStore, GPUInfo, Host } from '../host.js';

const warned = new Set<string>();

/** This Node process. */
export const host: Host = {
  kind: 'node',
  requestGPU,
  get gpuInfo() {
    return foundGPU();
  },
  env: (name) => process.env[name],
  warn(message) {
    if (warned.has(message)) return;
    warned.add(message);
    process.emitWarning(message, 'ChiaroWarning');
  },
  print(message) {
    process.stderr.write(`${message}\n`);
  },
  cache: nodeCacheStore,
  readFile,
  writeFile,
  onExit(fn) {
    process.on('exit', fn);
  },
  now: () => performance.now(),
};
