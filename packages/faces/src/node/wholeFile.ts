import { open, rename } from 'node:fs/promises';

/**
 * Writes beside the file's place, waits for the disk, then renames: the file is whole or not there.
 * @param suffix of the name it is written to first; different in every process.
 */
export async function writeWhole(path: string, bytes: Uint8Array, suffix: string): Promise<void> {
  const temporary = `${path}${suffix}`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
