export { parseSafetensors } from './header.js';
export type { SafetensorsFile, SafetensorsType, StoredArray } from './header.js';
export { readSafetensors, storedElements } from './read.js';
export { writeSafetensors } from './write.js';
export type { ArrayToStore } from './write.js';
