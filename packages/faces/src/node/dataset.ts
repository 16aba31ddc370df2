import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSafetensors, storedElements, writeSafetensors } from '@chiaro/nn';
import type { ArrayToStore, Elements, NamedArray } from '@chiaro/nn';
import { ChiaroError, FormatError } from '../engine.js';

/** Arrays of a sample by their names. */
export type DatasetSample = Readonly<Record<string, ArrayToStore>>;

/** A file of samples. */
export interface DatasetShard {
  readonly file: string;
  /** Number of the first sample, and how many there are. */
  readonly first: number;
  readonly count: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** What `manifest.json` of a dataset's folder says. */
export interface DatasetManifest {
  readonly format: 'chiaro-dataset';
  readonly formatVersion: 1;
  /** Samples of the whole set; it is complete when the shards hold as many. */
  readonly count: number;
  readonly shardSize: number;
  /** Whatever the samples depend on: a set is only ever resumed with the same. */
  readonly settings: unknown;
  /** In the order of their samples; those that are finished. */
  readonly shards: readonly DatasetShard[];
}

/** How a dataset is written. */
export interface WriteDatasetOptions {
  /** Samples of the set. */
  readonly count: number;
  /** Samples in a file (default 64). */
  readonly shardSize?: number;
  /** JSON value that says what the samples depend on: model, seed, sizes. */
  readonly settings: unknown;
  /** Sample `index`: the same arrays at every call, so that a set resumed is a set made at once. */
  readonly make: (index: number) => Promise<DatasetSample>;
  /** Stops between two samples; what is finished stays. */
  readonly signal?: AbortSignal;
  /** Told after each shard: samples that are on disk. */
  readonly onProgress?: (samples: number, count: number) => void;
}

const manifestName = 'manifest.json';
const formatVersion = 1;
const shardName = (number: number): string => `shard-${String(number).padStart(6, '0')}.safetensors`;

const fail = (folder: string, why: string): never => {
  throw new FormatError(`dataset ${folder}: ${why}`);
};

/** Writes beside the file's place, waits for the disk, then renames: the file is whole or not there. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;

/** The manifest of a folder, or undefined where there is none. @throws FormatError for one that makes no sense. */
async function manifestOf(folder: string): Promise<DatasetManifest | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, manifestName), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ChiaroError(`dataset ${folder}: ${(error as Error).message}`, { cause: error });
  }
  let manifest: Partial<DatasetManifest>;
  try {
    manifest = (JSON.parse(text) ?? {}) as Partial<DatasetManifest>;
  } catch (error) {
    throw new FormatError(`dataset ${folder}: ${manifestName} is no JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const { format, formatVersion: version, count, shardSize, shards } = manifest;
  if (format !== 'chiaro-dataset' || version !== formatVersion)
    return fail(
      folder,
      `format ${JSON.stringify(format ?? null)} version ${JSON.stringify(version ?? null)}; known is "chiaro-dataset" 1`,
    );
  if (!isCount(count) || !isCount(shardSize) || shardSize === 0 || !Array.isArray(shards))
    return fail(folder, `${manifestName} does not say how many samples there are`);
  shards.forEach((shard: Partial<DatasetShard> | null, k) => {
    const first = k * shardSize;
    const fits =
      shard?.file === shardName(k) &&
      shard.first === first &&
      shard.count === Math.min(shardSize, count - first) &&
      shard.count > 0 &&
      isCount(shard.bytes) &&
      typeof shard.sha256 === 'string';
    if (!fits) fail(folder, `shard ${k} of ${manifestName} makes no sense`);
  });
  return manifest as DatasetManifest;
}

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The bytes of a shard. @throws FormatError where they are not those that were written. */
async function shardBytes(folder: string, { file, bytes, sha256 }: DatasetShard): Promise<Uint8Array> {
  const content = await readFile(join(folder, file)).catch((error: unknown) =>
    fail(folder, `${file} cannot be read: ${(error as Error).message}`),
  );
  if (content.length !== bytes || hashOf(content) !== sha256) return fail(folder, `${file} is not what was written`);
  return new Uint8Array(content);
}

/** What an ended process has left behind. */
async function removeUnfinished(folder: string, known: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder))
    if (name.endsWith('.tmp') || (/^shard-\d{6,}\.safetensors$/.test(name) && !known.has(name)))
      await rm(join(folder, name), { force: true });
}

/**
 * Writes samples into a folder, in shards of safetensors with `manifest.json` beside them, or goes on where an ended
 * process stopped. A shard is written whole, then entered in the manifest: whenever a process is killed, the folder opens
 * and holds no half sample, and the next call makes the rest; the set is the same bit for bit. One process at a time.
 * @returns the manifest of the whole set.
 * @throws FormatError where the folder holds a set of other settings, or a finished shard is damaged; the signal's reason
 *   where it stops.
 *
 * @example
 * await writeDataset('out/faces', {
 *   count: 1000,
 *   settings: { model: model.data.name, seed: 1, size: 128 },
 *   make: async (k) => sampleArrays(await synthesize(model, await drawFaceScene(model, 1 + k, { size: 128 }))),
 * });
 */
export async function writeDataset(folder: string, options: WriteDatasetOptions): Promise<DatasetManifest> {
  const { count, shardSize = 64, settings, make, signal, onProgress } = options;
  if (!isCount(count) || !isCount(shardSize) || shardSize === 0)
    throw new ChiaroError(
      `a dataset needs whole numbers of samples and of samples in a shard, got ${count}, ${shardSize}`,
    );
  await mkdir(folder, { recursive: true });
  const found = await manifestOf(folder);
  const head = { format: 'chiaro-dataset', formatVersion, count, shardSize, settings } as const;
  if (found) {
    const same = (m: Omit<DatasetManifest, 'shards'>): string =>
      JSON.stringify([m.count, m.shardSize, m.settings ?? null]);
    if (same(found) !== same(head))
      fail(folder, `holds a set of other settings: ${same(found)} instead of ${same(head)}; choose another folder`);
    for (const shard of found.shards) await shardBytes(folder, shard);
  }
  const shards: DatasetShard[] = [...(found?.shards ?? [])];
  await removeUnfinished(folder, new Set(shards.map(({ file }) => file)));
  const save = (): Promise<void> =>
    writeWhole(
      join(folder, manifestName),
      new TextEncoder().encode(`${JSON.stringify({ ...head, shards }, null, 1)}\n`),
    );
  if (!found) await save();
  for (let first = shards.length * shardSize; first < count; first += shardSize) {
    const tensors: Record<string, ArrayToStore> = {};
    const inShard = Math.min(shardSize, count - first);
    for (let k = 0; k < inShard; k++) {
      signal?.throwIfAborted();
      for (const [name, array] of Object.entries(await make(first + k))) tensors[`${k}.${name}`] = array;
    }
    const bytes = writeSafetensors(tensors, { format: 'chiaro-dataset-shard', first: String(first) });
    const file = shardName(shards.length);
    await writeWhole(join(folder, file), bytes);
    shards.push({ file, first, count: inShard, bytes: bytes.length, sha256: hashOf(bytes) });
    await save();
    onProgress?.(first + inShard, count);
  }
  return { ...head, shards };
}

/** A folder of samples that can be read. */
export interface Dataset {
  readonly manifest: DatasetManifest;
  /** Samples that are there: fewer than `manifest.count` while the set is being written. */
  readonly length: number;
  /**
   * The arrays of a sample. The shard's checksum is compared once.
   * @throws FormatError for a sample that is not there, or a damaged shard.
   */
  sample(index: number): Promise<Record<string, NamedArray & { readonly data: Elements }>>;
}

/** Opens a folder that `writeDataset` wrote, finished or not. @throws FormatError where it is none. */
export async function openDataset(folder: string): Promise<Dataset> {
  const manifest = (await manifestOf(folder)) ?? fail(folder, `there is no ${manifestName}`);
  const length = manifest.shards.reduce((sum, shard) => sum + shard.count, 0);
  let open: { readonly file: string; readonly bytes: Uint8Array } | undefined;
  return {
    manifest,
    length,
    sample: async (index) => {
      const shard = manifest.shards.find(({ first, count }) => index >= first && index < first + count);
      if (!shard || !Number.isInteger(index)) return fail(folder, `there is no sample ${index} among ${length}`);
      if (open?.file !== shard.file) open = { file: shard.file, bytes: await shardBytes(folder, shard) };
      const prefix = `${index - shard.first}.`;
      const { arrays } = parseSafetensors(open.bytes);
      return Object.fromEntries(
        [...arrays]
          .filter(([name]) => name.startsWith(prefix))
          .map(([name, stored]) => [name.slice(prefix.length), { shape: stored.shape, data: storedElements(stored) }]),
      );
    },
  };
}
