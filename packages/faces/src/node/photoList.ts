import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { ChiaroError } from '../engine.js';

/** Names of photographs; those of a kind that cannot be read are listed too, so that a message says so. */
const isPhoto = (name: string): boolean => /\.(jpe?g|png|webp|tiff?|gif|avif|hei[cf])$/i.test(name);

/** A photograph of a list, and the name that its results have there. */
export interface ListedPhoto {
  readonly path: string;
  /** Its file name without the ending, made unique in the list. */
  readonly name: string;
}

/**
 * The photographs that are meant by some paths: files as they are, of folders the images in them (not of folders within),
 * ordered as people count: `2.jpg` before `10.jpg`.
 * @throws ChiaroError for a path that is not there, and where there is no photograph at all.
 */
export async function photoList(paths: readonly string[]): Promise<ListedPhoto[]> {
  const files = (await Promise.all(paths.map(filesOf))).flat();
  if (files.length === 0) {
    throw new ChiaroError(`${paths.join(', ')}: no photograph is in there; give a folder of JPEG or PNG files`);
  }
  const used = new Set<string>();
  return files.map((path) => {
    const short = basename(path, extname(path));
    const candidates = [short, basename(path).replace('.', '-')];
    let name = candidates.find((candidate) => !used.has(candidate.toLowerCase()));
    for (let k = 2; name === undefined; k++) if (!used.has(`${short}-${k}`.toLowerCase())) name = `${short}-${k}`;
    used.add(name.toLowerCase()); // some file systems take A and a for one name
    return { path, name };
  });
}

async function filesOf(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path, { withFileTypes: true })).filter((entry) => !entry.isDirectory());
    const photos = names.map(({ name }) => name).filter((name) => isPhoto(name) && !name.startsWith('.'));
    return photos.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).map((name) => join(path, name));
  } catch (cause) {
    throw new ChiaroError(`cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}
