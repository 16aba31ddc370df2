import { randomBytes } from 'node:crypto';
import { mkdir, readFile as read, rename, rm, writeFile as write } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ChiaroError } from '../../errors.js';

const toPath = (path: string): string => (path.startsWith('file:') ? fileURLToPath(path) : path);

/** A name beside `path` that no other process uses. */
export const temporaryName = (path: string): string => `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;

/** A file's bytes, from a path or a file: URL. */
export async function readFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await read(toPath(path)));
  } catch (cause) {
    throw new ChiaroError(`cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** Writes under a temporary name, then renames: nobody ever sees half a file. Missing folders are made. */
export async function writeFile(path: string, bytes: Uint8Array): Promise<void> {
  const target = toPath(path);
  const temporary = temporaryName(target);
  try {
    await mkdir(dirname(target), { recursive: true });
    await write(temporary, bytes);
    await rename(temporary, target);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new ChiaroError(`cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}
