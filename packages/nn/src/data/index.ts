export * from './augment/index.js';
export * from './worker/index.js';
export { DataLoader } from './loader.js';
export type { Batched, DataLoaderOptions, Dataset } from './loader.js';
export { shuffledOrder } from './order.js';
