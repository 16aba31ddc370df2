import type { Dataset } from '../loader.js';
import type { Reply, Request } from './protocol.js';

/** What a module for `openWorkerDataset` exports. It runs in every worker; `dataset` may be a promise of one. */
export interface DatasetModule<Item = unknown, Options = unknown> {
  readonly dataset: (options: Options) => ServedDataset<Item> | Promise<ServedDataset<Item>>;
}

/** A dataset in a worker. An item travels as `postMessage` carries it: typed arrays and plain objects, no functions. */
export interface ServedDataset<Item> extends Dataset<Item> {
  /** Memory of an item that is given away instead of copied; the dataset must not use it again. */
  readonly transfer?: (item: Item) => ArrayBuffer[];
}

/**
 * Answers requests inside of a worker. It imports nothing of the engine, so that workers start fast.
 * @param post sends an answer to the pool, and throws for what cannot be copied.
 */
export function serve(post: (reply: Reply, transfer: ArrayBuffer[]) => void): (request: Request) => Promise<void> {
  let served: ServedDataset<unknown> | undefined;
  return async (request) => {
    const { id } = request;
    try {
      if (request.kind === 'open') {
        served = await open(request.module, request.options);
        post({ kind: 'opened', id, length: served.length }, []);
      } else {
        const item = await served!.item(request.index, request.epoch);
        post({ kind: 'item', id, item }, served!.transfer?.(item) ?? []);
      }
    } catch (error) {
      const stack = error instanceof Error ? error.stack : undefined;
      post({ kind: 'failed', id, message: String(error), stack }, []);
    }
  };
}

async function open(url: string, options: unknown): Promise<ServedDataset<unknown>> {
  const module = (await import(/* @vite-ignore */ /* webpackIgnore: true */ url)) as Partial<DatasetModule>;
  if (typeof module.dataset !== 'function') {
    throw new TypeError(`it exports ${Object.keys(module).join(', ') || 'nothing'}, but no function dataset(options)`);
  }
  const dataset: Partial<ServedDataset<unknown>> | undefined = await module.dataset(options);
  if (typeof dataset?.item !== 'function' || !Number.isSafeInteger(dataset.length)) {
    throw new TypeError('its dataset(options) did not give { length, item(index, epoch) }');
  }
  return dataset as ServedDataset<unknown>;
}
