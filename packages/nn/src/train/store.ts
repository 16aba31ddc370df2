/** Where a run keeps its files: a folder (`folderStore` of `@chiaro/nn/node`), memory, a page's database. */
export interface CheckpointStore {
  /** The bytes of a name, or undefined. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Replaces the bytes of a name, whole or not at all. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** The names that there are. */
  list(): Promise<readonly string[]>;
  /** Forgets a name; no error if it is not there. */
  remove(name: string): Promise<void>;
}

/** Files in memory: what a run uses that is given no store. */
export function memoryStore(): CheckpointStore {
  const files = new Map<string, Uint8Array>();
  return {
    read: (name) => Promise.resolve(files.get(name)),
    write: (name, bytes) => Promise.resolve(void files.set(name, bytes)),
    list: () => Promise.resolve([...files.keys()]),
    remove: (name) => Promise.resolve(void files.delete(name)),
  };
}
