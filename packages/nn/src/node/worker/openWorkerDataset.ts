import { Worker } from 'node:worker_threads';
import type { Reply, StartWorker } from '../../data/worker/protocol.js';
import { WorkerDataset, type WorkerDatasetOptions } from '../../data/worker/workerDataset.js';

const startThread: StartWorker = ({ reply, died }) => {
  const worker = new Worker(new URL('./thread.js', import.meta.url));
  worker.on('message', (data: Reply) => reply(data));
  worker.on('messageerror', (error) => died(`its answer could not be read: ${error.message}`));
  worker.on('error', (error) => died(String(error)));
  worker.on('exit', (code) => died(`exit code ${code}`));
  return {
    post: (request) => worker.postMessage(request),
    hold: (busy) => (busy ? worker.ref() : worker.unref()),
    close: () => {
      worker.removeAllListeners('exit');
      void worker.terminate();
    },
  };
};

/**
 * Opens a dataset in worker threads, each of which imports a module that exports `dataset(options)`. The module is what Node
 * itself can import; it runs in a thread without the main one's flags and transforms. Threads without work do not keep the
 * process alive.
 * @throws ChiaroError where a worker, the module or its dataset does not come up; the signal's reason.
 *
 * @example
 * // faces.js: export const dataset = ({ folder }) => ({ length: 1000, item: (index, epoch) => readFace(folder, index) });
 * const faces = await openWorkerDataset({ module: new URL('./faces.js', import.meta.url), options: { folder }, workers: 3 });
 * const loader = new DataLoader(faces, { batchSize: 16, collate });
 */
export function openWorkerDataset<Item>(options: WorkerDatasetOptions): Promise<WorkerDataset<Item>> {
  return WorkerDataset.open(startThread, options);
}
