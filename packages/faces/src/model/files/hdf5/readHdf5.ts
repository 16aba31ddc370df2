import { arrayAt } from './dataset.js';
import type { Hdf5Array } from './dataset.js';
import { membersOf, rootHeader } from './objects.js';

/**
 * Opens an HDF5 file for reading arrays of numbers (HDF5 File Format Specification 3.0). What libraries write for the
 * earliest version is read, which is their default: groups with symbol tables or a few links, layouts of version 3. An own
 * reader, because the C library compiled to WebAssembly does not survive damaged files.
 * @returns a function from a path such as `shape/model/mean` to the array, or undefined where the file has no such path.
 * @throws FormatError for other files; every size and address is checked before it is used.
 */
export function openHdf5(bytes: Uint8Array): (path: string) => Promise<Hdf5Array | undefined> {
  const { file, root } = rootHeader(bytes);
  return async (path) => {
    let address: number | undefined = root;
    for (const name of path.split('/')) {
      address = membersOf(file, address).get(name);
      if (address === undefined) return undefined;
    }
    return arrayAt(file, address, path);
  };
}
