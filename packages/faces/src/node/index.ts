/**
 * @chiaro/faces/node: what data of faces need in Node and a browser does not have: folders of samples.
 * @packageDocumentation
 */
export { openDataset, writeDataset } from './dataset.js';
export type { Dataset, DatasetManifest, DatasetSample, DatasetShard, WriteDatasetOptions } from './dataset.js';
