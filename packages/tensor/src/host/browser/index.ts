import { ChiaroError, DeviceError } from '../../errors.js';
import type { GPUInfo, Host } from '../host.js';
import { indexedDBStore } from './cacheStore.js';

export type { CacheStore, GPUInfo, Host } from '../host.js';

declare global {
  /** A page sets it before its first use of Chiaro to give what environment variables give in Node. */
  var CHIARO_ENV: Readonly<Record<string, string>> | undefined;
}

let gpuInfo: GPUInfo | undefined;
const warned = new Set<string>();

/** The browser that runs this page (or worker). */
export const host: Host = {
  kind: 'browser',

  requestGPU() {
    // The types say that it is always there; browsers without WebGPU and insecure pages have none.
    const gpu = (globalThis.navigator as { gpu?: GPU } | undefined)?.gpu;
    if (!gpu) {
      const why = globalThis.isSecureContext ? 'it has no WebGPU' : 'the page is not a secure context';
      const message = `this browser offers no GPU: ${why}; serve the page by https or from localhost, in a browser with WebGPU`;
      return Promise.reject(new DeviceError(message));
    }
    gpuInfo = { source: 'browser', reason: 'navigator.gpu' };
    return Promise.resolve(gpu);
  },

  get gpuInfo() {
    return gpuInfo;
  },

  env: (name) => globalThis.CHIARO_ENV?.[name],

  warn(message) {
    if (warned.has(message)) return;
    warned.add(message);
    console.warn(`Chiaro: ${message}`);
  },

  print(message) {
    console.log(message);
  },

  cache: indexedDBStore,

  async readFile(path) {
    const response = await fetch(path).catch((cause: unknown) => {
      throw new ChiaroError(`cannot read ${path}: ${String(cause)}`, { cause });
    });
    if (!response.ok) throw new ChiaroError(`cannot read ${path}: the server answered ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  },

  writeFile(path, bytes) {
    if (!globalThis.document) {
      return Promise.reject(
        new ChiaroError(`cannot write ${path}: a worker cannot start a download; send the bytes to the page`),
      );
    }
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([new Uint8Array(bytes)]));
    link.download = path.slice(path.lastIndexOf('/') + 1);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    return Promise.resolve();
  },

  onExit(fn) {
    globalThis.addEventListener('pagehide', fn);
  },

  now: () => performance.now(),
};
