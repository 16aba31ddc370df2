import { mkdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChiaroError } from '../engine.js';

/** Where files are written before they are put in place; what an ended process leaves there the next run removes. */
const staging = (folder: string): string => join(folder, '.unfinished');

const cannot = (folder: string, cause: unknown): ChiaroError =>
  new ChiaroError(`cannot write to ${folder}: ${(cause as Error).message}; choose another folder with --out`, {
    cause,
  });

/**
 * Makes sure, before long work, that a folder can be written to.
 * @returns a function that removes the folder again if this call made it and nothing came in.
 * @throws ChiaroError that says what to do.
 */
export async function claimFolder(folder: string): Promise<() => Promise<void>> {
  try {
    const made = await mkdir(folder, { recursive: true });
    await rm(staging(folder), { recursive: true, force: true });
    await mkdir(staging(folder));
    await rmdir(staging(folder));
    return async () => {
      if (made !== undefined) await rmdir(folder).catch(() => undefined); // not empty: something is worth keeping
    };
  } catch (cause) {
    throw cannot(folder, cause);
  }
}

/**
 * Puts files into a folder, all or none: they are written beside their places first, then renamed, the last of the map
 * at last. Of the `known` names those that are not among the files are removed, so that no two results mix.
 * @throws ChiaroError that says what to do.
 */
export async function writeFolder(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
  known: readonly string[],
): Promise<void> {
  const place = staging(folder);
  try {
    await rm(place, { recursive: true, force: true });
    await mkdir(place, { recursive: true });
    for (const [name, bytes] of files) await writeFile(join(place, name), bytes);
    for (const name of known) if (!files.has(name)) await rm(join(folder, name), { force: true });
    for (const name of files.keys()) await rename(join(place, name), join(folder, name));
  } catch (cause) {
    throw cannot(folder, cause);
  } finally {
    await rm(place, { recursive: true, force: true }).catch(() => undefined);
  }
}
