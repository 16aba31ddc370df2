import { host } from '@chiaro/tensor/host';

/** The folder `assets` of this package, as seen from both `src/assets` and `dist/assets`. */
const folder = new URL('../../assets/', import.meta.url);

/** The address of a file that ships with this package: a file: URL in Node, http(s) on a page. */
export const assetURL = (path: string): string => new URL(path, folder).href;

/**
 * Reads a file that ships with this package.
 * @param path below the package's `assets` folder, with forward slashes.
 */
export const readAsset = (path: string): Promise<Uint8Array<ArrayBuffer>> => host.readFile(assetURL(path));
