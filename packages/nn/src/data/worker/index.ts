export { openWorkerDataset } from './openWorkerDataset.js';
export type { DatasetModule, ServedDataset } from './serve.js';
export { WorkerDataset } from './workerDataset.js';
export type { WorkerDatasetOptions } from './workerDataset.js';
