import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryName } from './files.js';

const pollMilliseconds = 100;
const longestWaitMilliseconds = 300_000;
const abandonedAfterMilliseconds = 3_600_000;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Takes the lock file, or says why not. A lock whose owner is gone is removed. */
async function tryLock(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, 'wx');
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const owner = Number(await readFile(lock, 'utf8').catch(() => ''));
  if (owner > 0 && !isAlive(owner)) await rm(lock, { force: true });
  return false;
}

/** Removes what processes that were killed left beside `target`. */
async function removeAbandoned(target: string): Promise<void> {
  const folder = dirname(target);
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${basename(target)}.`) || !name.endsWith('.tmp')) continue;
    const path = join(folder, name);
    const age = Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    if (age > abandonedAfterMilliseconds) await rm(path, { recursive: true, force: true });
  }
}

/**
 * Makes the folder `target` by letting `fill` fill a temporary one, which is then renamed: the folder exists whole or
 * not at all. A second process waits for the first instead of doing the work again; should the lock fail to hold it
 * off (another machine, a lost lock), both work and the first rename wins.
 */
export async function prepareFolder(target: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const lock = `${target}.lock`;
  const deadline = Date.now() + longestWaitMilliseconds;
  await mkdir(dirname(target), { recursive: true });
  while (!existsSync(target)) {
    if (!(await tryLock(lock)) && Date.now() < deadline) {
      await sleep(pollMilliseconds);
      continue;
    }
    const temporary = temporaryName(target);
    try {
      if (existsSync(target)) return; // the last owner finished between our look and our lock
      await removeAbandoned(target);
      await mkdir(temporary);
      await fill(temporary);
      await rename(temporary, target).catch((error: unknown) => {
        if (!existsSync(target)) throw error;
      });
    } finally {
      await rm(temporary, { recursive: true, force: true });
      await rm(lock, { force: true });
    }
  }
}
