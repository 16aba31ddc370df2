export type { PlacedArray, SafetensorsHeader, SafetensorsType } from './header.js';
export { parseSafetensors, readSafetensors, storedElements } from './read.js';
export type { SafetensorsFile, StoredArray } from './read.js';
export { writeSafetensors } from './write.js';
export type { ArrayToStore } from './write.js';
