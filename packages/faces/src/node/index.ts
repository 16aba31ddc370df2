/**
 * @chiaro/faces/node: what data of faces need in Node and a browser does not have: folders of samples,
 * and benchmarks in the layout that their users have.
 * @packageDocumentation
 */
export { nowEntries, nowPrediction, nowScan, nowScore } from './nowBenchmark.js';
export type { NowEntry, NowScore } from './nowBenchmark.js';
export { readPhotofaceSession } from './photofaceBenchmark.js';
export type { PhotofaceSession } from './photofaceBenchmark.js';
export { photoList } from './photoList.js';
export type { ListedPhoto } from './photoList.js';
export { queuedSamples, workSamples } from './sampleQueue.js';
export type { QueuedSamples, SampleQueueOptions, WorkSamplesOptions } from './sampleQueue.js';
export { openDataset, writeDataset } from './dataset.js';
export type { Dataset, DatasetManifest, DatasetSample, DatasetShard, WriteDatasetOptions } from './dataset.js';
export { writeFaces } from './faceDataset.js';
export type { WriteFacesOptions } from './faceDataset.js';
