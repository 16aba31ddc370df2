/** How the GPU of this process was found: `driver` is a software Vulkan driver that was already installed. */
export interface GPUInfo {
  readonly source: 'hardware' | 'driver' | 'lavapipe' | 'swiftshader' | 'browser';
  /** One sentence for people: why this one and not a better one. */
  readonly reason: string;
}

/** A key-value store of bytes that outlives the process: tuning results, prepared data. Losing it costs time only. */
export interface CacheStore {
  /** Where it is, for people. */
  readonly location: string;
  /** The bytes under `key`, or undefined. */
  get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Stores bytes under `key`; readers see the old value or the new one, never a part. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Forgets `key`; no error if it is not there. */
  remove(key: string): Promise<void>;
}

/** The platform, as far as Chiaro needs it. Everything outside this folder is the same in Node and in browsers. */
export interface Host {
  readonly kind: 'node' | 'browser';

  /**
   * The object with `requestAdapter`, always the same one. On a machine without any GPU the Node host prepares a
   * software one, once (about ten seconds); `onProgress` is told what it does.
   */
  requestGPU(onProgress?: (message: string) => void): Promise<GPU>;

  /** How the GPU was found; undefined before `requestGPU` has resolved. */
  readonly gpuInfo: GPUInfo | undefined;

  /** An environment variable; in browsers the property of the same name of `globalThis.CHIARO_ENV`. */
  env(name: string): string | undefined;

  /** Shows a warning to the developer, once per message. */
  warn(message: string): void;

  /** Shows what the developer asked to see (CHIARO_DEBUG): standard error, or the browser's console. */
  print(message: string): void;

  readonly cache: CacheStore;

  /** Reads a file (Node: a path or file: URL; browser: anything `fetch` takes). */
  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;

  /** Writes a file whole or not at all. A browser offers it to the user as a download. */
  writeFile(path: string, bytes: Uint8Array): Promise<void>;

  /** Calls `fn` synchronously when the process or page ends. */
  onExit(fn: () => void): void;

  /** Milliseconds on a monotonic clock. */
  now(): number;
}
