export { DataLoader } from './loader.js';
export type { Batched, DataLoaderOptions, Dataset } from './loader.js';
export { shuffledOrder } from './order.js';
