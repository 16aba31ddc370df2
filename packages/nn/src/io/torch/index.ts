export { readTorch, stateDictOf } from './readTorch.js';
export type { TorchArray, TorchValue } from './readTorch.js';
