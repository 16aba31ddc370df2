export { readNpy, writeNpy } from './npy.js';
export type { NumpyArray } from './npy.js';
export { readNpz, writeNpz } from './npz.js';
export { readPickle } from './pickle.js';
export type { PickledValue, ReadPickleOptions } from './pickle.js';
