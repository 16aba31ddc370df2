import type { Reply, StartWorker } from './protocol.js';
import { WorkerDataset, type WorkerDatasetOptions } from './workerDataset.js';

/** A worker of a browser. */
const startWebWorker: StartWorker = ({ reply, died }) => {
  const worker = new Worker(new URL('./webWorker.js', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }: MessageEvent<Reply>) => reply(data);
  worker.onmessageerror = () => died('its answer could not be read');
  worker.onerror = ({ message }) => died(message || 'it did not start');
  return {
    post: (request) => worker.postMessage(request),
    hold: () => undefined, // pages do not end by themselves
    close: () => worker.terminate(),
  };
};

/**
 * Opens a dataset in Web Workers, each of which imports a module that exports `dataset(options)`: decoding and the like then
 * leave the page's thread alone. In Node take the function of this name from `@chiaro/nn/node`. The module is loaded by its
 * URL and is no part of the page's bundle.
 * @throws ChiaroError where a worker, the module or its dataset does not come up; the signal's reason.
 *
 * @example
 * // faces.js: export const dataset = ({ size }) => ({ length: 1000, item: (index, epoch) => makeFace(index, size) });
 * const faces = await openWorkerDataset({ module: new URL('./faces.js', import.meta.url), options: { size: 64 }, workers: 3 });
 * const loader = new DataLoader(faces, { batchSize: 16, collate });
 */
export function openWorkerDataset<Item>(options: WorkerDatasetOptions): Promise<WorkerDataset<Item>> {
  return WorkerDataset.open(startWebWorker, options);
}
