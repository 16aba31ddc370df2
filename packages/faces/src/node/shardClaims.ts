import { createHash, randomBytes } from 'node:crypto';
import { link, readdir, readFile, rename, stat, unlink, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { writeWhole } from './wholeFile.js';

/** A writer that cannot be asked (another machine's) is taken for dead when it has shown no life for so long, ms. */
const lease = 120_000;

/** This machine by a short name that file names can hold. */
const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

/** Names of unfinished files end with a writer's token: its machine, its process, a random number. */
const tokenPattern = /\.(([0-9a-f]{8})-(\d+)-[0-9a-f]{8})\.tmp$/;

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** What a file system gives, or undefined where the file is not there. */
export async function unlessMissing<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes a file, which another process may have done already. */
export const removeIfThere = async (path: string): Promise<void> => unlessMissing(unlink(path));

/**
 * Gives a file another name unless that is taken; false where it is. Never half: a reader sees all of the file or
 * none.
 */
export async function placeNew(path: string, as: string): Promise<boolean> {
  try {
    await link(path, as);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Claims on shards by lock files, so that several processes that write one folder make each shard once. A process
 * that is killed leaves its locks behind; they are taken over when its process is gone, or, from another machine,
 * when it has shown no life for two minutes. Should two processes make a shard after all, they make the same bits,
 * and each file comes into place whole: claims save work, the folder is right without them.
 */
export class ShardClaims {
  /** What this process's unfinished files end with. */
  readonly suffix: string;

  readonly #folder: string;
  readonly #token: string;
  readonly #file: string;
  readonly #pulse: ReturnType<typeof setInterval>;

  private constructor(folder: string, token: string) {
    this.#folder = folder;
    this.#token = token;
    this.suffix = `.${token}.tmp`;
    this.#file = join(folder, `writer${this.suffix}`);
    // locks are further names of this file, so that one sign of life serves all
    this.#pulse = setInterval(() => {
      const now = new Date();
      void unlessMissing(utimes(this.#file, now, now)).catch(() => undefined);
    }, lease / 6).unref();
  }

  /** Enters this process among the folder's writers. */
  static async open(folder: string): Promise<ShardClaims> {
    const claims = new ShardClaims(folder, `${machine}-${process.pid}-${randomBytes(4).toString('hex')}`);
    await writeWhole(claims.#file, new TextEncoder().encode(claims.suffix), claims.suffix);
    return claims;
  }

  #lock(shard: string): string {
    return join(this.#folder, `${shard}.lock`);
  }

  /** Claims a shard; false where a living process has it. */
  async claim(shard: string): Promise<boolean> {
    const path = this.#lock(shard);
    for (let attempt = 0; attempt < 3; attempt++) {
      if (await placeNew(this.#file, path)) return true;
      const writer = await writerOf(path);
      if (writer?.alive) return false;
      if (!writer) continue; // given back meanwhile
      const aside = `${path}.dead${this.suffix}`;
      await unlessMissing(rename(path, aside));
      await removeIfThere(aside);
    }
    return false;
  }

  /** Gives a claim back. */
  async release(shard: string): Promise<void> {
    const path = this.#lock(shard);
    if ((await writerOf(path))?.token === this.#token) await removeIfThere(path);
  }

  /** Removes what dead writers have left: their files, unfinished files, locks. */
  async sweep(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      if (name.endsWith('.lock')) {
        const writer = await writerOf(path);
        if (writer && !writer.alive) await removeIfThere(path);
      } else if (name.endsWith('.tmp')) {
        const info = await unlessMissing(stat(path));
        if (info && !isAlive(name, info.mtimeMs)) await removeIfThere(path);
      }
    }
  }

  /** Leaves the folder's writers. */
  async close(): Promise<void> {
    clearInterval(this.#pulse);
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      if (name.endsWith('.lock') && (await writerOf(path))?.token === this.#token) await removeIfThere(path);
    }
    await removeIfThere(this.#file);
  }
}

/** Whose a lock is; undefined where it is not there. */
async function writerOf(path: string): Promise<{ readonly token: string; readonly alive: boolean } | undefined> {
  const [text, info] = await Promise.all([unlessMissing(readFile(path, 'utf8')), unlessMissing(stat(path))]);
  if (text === undefined || info === undefined) return undefined;
  return { token: tokenPattern.exec(text)?.[1] ?? '', alive: isAlive(text, info.mtimeMs) };
}

/**
 * Whether the writer that a name ends with lives, as far as can be told. @param seen when it last gave a sign of
 * life.
 */
function isAlive(name: string, seen: number): boolean {
  const [, , host, pid] = tokenPattern.exec(name) ?? [];
  if (host === undefined || Date.now() - seen > lease) return false;
  if (host !== machine) return true;
  try {
    process.kill(Number(pid), 0); // asks only
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM'; // there, but another user's
  }
}
