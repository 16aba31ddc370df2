import type { NamedArray } from '../../layers/module.js';
import { readArchive, writeArchive } from '../archive.js';
import { readNpy, writeNpy, type NumpyArray } from './npy.js';

const ending = '.npy';

/**
 * Reads numpy's NPZ format: arrays by name. See `readNpy`.
 * @param wanted which arrays are read: all unless given. Others may hold anything, Python objects too.
 * @throws FormatError for broken archives and for arrays that cannot be read.
 */
export async function readNpz(
  bytes: Uint8Array,
  wanted: (name: string) => boolean = () => true,
): Promise<Record<string, NumpyArray>> {
  const nameOf = (file: string): string => file.slice(0, -ending.length);
  const files = await readArchive(bytes, (file) => file.endsWith(ending) && wanted(nameOf(file)));
  return Object.fromEntries([...files].map(([file, content]) => [nameOf(file), readNpy(content)]));
}

/** Writes arrays as NPZ, uncompressed, as `numpy.savez` does. */
export function writeNpz(arrays: Readonly<Record<string, NamedArray>>): Promise<Uint8Array<ArrayBuffer>> {
  return writeArchive(Object.fromEntries(Object.entries(arrays).map(([name, a]) => [`${name}${ending}`, writeNpy(a)])));
}
