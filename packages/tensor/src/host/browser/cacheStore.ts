import type { CacheStore } from '../host.js';

const table = 'store';

const finished = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB request failed'));
  });

let opened: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  opened ??= (() => {
    const request = indexedDB.open('chiaro', 1);
    request.onupgradeneeded = () => request.result.createObjectStore(table);
    return finished(request);
  })();
  return opened;
}

async function inTable<T>(mode: IDBTransactionMode, run: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  return finished(run(database.transaction(table, mode).objectStore(table)));
}

/** One IndexedDB record per key. A page that may not use IndexedDB (private windows) simply caches nothing. */
export const indexedDBStore: CacheStore = {
  location: 'IndexedDB "chiaro"',

  async get(key) {
    try {
      return (await inTable('readonly', (store) => store.get(key))) as Uint8Array<ArrayBuffer> | undefined;
    } catch {
      return undefined;
    }
  },

  async put(key, bytes) {
    try {
      await inTable('readwrite', (store) => store.put(new Uint8Array(bytes), key));
    } catch {
      // No storage on this page: the next visit does the work again.
    }
  },

  async remove(key) {
    try {
      await inTable('readwrite', (store) => store.delete(key));
    } catch {
      // Nothing was stored.
    }
  },
};
