import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSafetensors, storedElements, writeSafetensors } from '@chiaro/nn';
import type { ArrayToStore, Elements, NamedArray } from '@chiaro/nn';
import { ChiaroError, FormatError } from '../engine.js';
import { placeNew, removeIfThere, ShardClaims, unlessMissing } from './shardClaims.js';
import { writeWhole } from './wholeFile.js';

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
  /** Version 1 had no kinds, and entered shards one by one; it is still read. */
  readonly formatVersion: 2;
  /** What the samples are: `samples`, or the kind of a `SynthesisPlan`. */
  readonly kind: string;
  /** Samples of the whole set; it is complete when the shards hold as many. */
  readonly count: number;
  readonly shardSize: number;
  /** Whatever the samples depend on: a set is only ever resumed with the same. */
  readonly settings: unknown;
  /**
   * In the order of their samples; those that are finished. In the file they stand once the set is whole; before that
   * each finished shard has a file of its own beside it.
   */
  readonly shards: readonly DatasetShard[];
}

/** How a dataset is written. */
export interface WriteDatasetOptions {
  /** Samples of the set. */
  readonly count: number;
  /** What the samples are (default `samples`). */
  readonly kind?: string;
  /** Samples in a file (default 64). */
  readonly shardSize?: number;
  /** JSON value that says what the samples depend on: model, seed, sizes. */
  readonly settings: unknown;
  /** Sample `index`: the same arrays at every call, so that a set resumed is a set made at once. */
  readonly make: (index: number) => Promise<DatasetSample>;
  /** Stops between two samples; what is finished stays. */
  readonly signal?: AbortSignal;
  /** Told after each shard: samples that are on disk, whoever made them. */
  readonly onProgress?: (samples: number, count: number) => void;
}

const manifestName = 'manifest.json';
const formatVersion = 2;
const shardStem = (number: number): string => `shard-${String(number).padStart(6, '0')}`;
const shardName = (number: number): string => `${shardStem(number)}.safetensors`;

/** Which shard a file is the record of. */
function recordNumber(name: string): number | undefined {
  const number = /^shard-(\d{6,})\.json$/.exec(name)?.[1];
  return number === undefined ? undefined : Number(number);
}

const fail = (folder: string, why: string): never => {
  throw new FormatError(`dataset ${folder}: ${why}`);
};

const jsonBytes = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 1)}\n`);

const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;

/** What a JSON file of the folder holds, or undefined where there is none. */
async function jsonOf(folder: string, name: string): Promise<object | undefined> {
  const text = await unlessMissing(readFile(join(folder, name), 'utf8')).catch((error: unknown) => {
    throw new ChiaroError(`dataset ${folder}: ${(error as Error).message}`, { cause: error });
  });
  if (text === undefined) return undefined;
  try {
    return (JSON.parse(text) ?? {}) as object;
  } catch (error) {
    throw new FormatError(`dataset ${folder}: ${name} is no JSON: ${(error as Error).message}`, { cause: error });
  }
}

/** What all manifests of a set say, finished or not. */
type Head = Omit<DatasetManifest, 'shards'>;

/** @throws FormatError unless it is shard k of the set. */
function checkShard(folder: string, { count, shardSize }: Head, k: number, shard: Partial<DatasetShard> | null): void {
  const first = k * shardSize;
  const fits =
    shard?.file === shardName(k) &&
    shard.first === first &&
    shard.count === Math.min(shardSize, count - first) &&
    shard.count > 0 &&
    isCount(shard.bytes) &&
    typeof shard.sha256 === 'string';
  if (!fits) fail(folder, `what is said of shard ${k} makes no sense`);
}

/** What manifest.json says, or undefined where there is none. @throws FormatError for one that makes no sense. */
async function storedManifest(folder: string): Promise<DatasetManifest | undefined> {
  const manifest: Partial<Record<keyof DatasetManifest, unknown>> | undefined = await jsonOf(folder, manifestName);
  if (!manifest) return undefined;
  const { format, formatVersion: version, kind = 'samples', count, shardSize, settings, shards } = manifest;
  if (format !== 'chiaro-dataset' || (version !== 1 && version !== formatVersion))
    return fail(
      folder,
      `format ${JSON.stringify(format ?? null)} version ${JSON.stringify(version ?? null)}; known is "chiaro-dataset" 1, 2`,
    );
  if (typeof kind !== 'string' || !isCount(count) || !isCount(shardSize) || shardSize === 0 || !Array.isArray(shards))
    return fail(folder, `${manifestName} does not say how many samples there are of what`);
  const head = { format, formatVersion, kind, count, shardSize, settings } as const;
  shards.forEach((shard: Partial<DatasetShard> | null, k) => {
    checkShard(folder, head, k, shard);
  });
  return { ...head, shards: shards as readonly DatasetShard[] };
}

/** The manifest with all shards that are finished; undefined where there is none. */
async function manifestOf(folder: string): Promise<DatasetManifest | undefined> {
  // the records first: whoever removes them has written them into the manifest before
  const names = (await unlessMissing(readdir(folder))) ?? [];
  const records = new Map<number, object>();
  for (const name of names) {
    const number = recordNumber(name);
    const record = number === undefined ? undefined : await jsonOf(folder, name);
    if (number !== undefined && record) records.set(number, record);
  }
  const manifest = await storedManifest(folder);
  if (!manifest) return undefined;
  manifest.shards.forEach((_, k) => records.delete(k));
  for (const [k, record] of records) checkShard(folder, manifest, k, record);
  const shards = [...manifest.shards, ...([...records.values()] as DatasetShard[])];
  return { ...manifest, shards: shards.sort((a, b) => a.first - b.first) };
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

/** Milliseconds between looks at what other processes have finished. */
const patience = 100;

/**
 * Writes samples into a folder, in shards of safetensors with `manifest.json` beside them, or goes on where ended
 * processes stopped. Any number of processes, on any number of machines that share the folder, may write one set at
 * once, each with the same options: they share the shards out among them by lock files. A shard is written whole,
 * then a record of it: whenever a process is killed, the folder opens and holds no half sample, and the others, or
 * the next call, make the rest; the set is the same bit for bit.
 * @returns the manifest of the whole set, when it is whole, whoever made it.
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
  const { kind = 'samples', count, shardSize = 64, settings, signal, onProgress } = options;
  if (!isCount(count) || !isCount(shardSize) || shardSize === 0)
    throw new ChiaroError(
      `a dataset needs whole numbers of samples and of samples in a shard, got ${count}, ${shardSize}`,
    );
  await mkdir(folder, { recursive: true });
  const head = { format: 'chiaro-dataset', formatVersion, kind, count, shardSize, settings } as const;
  const claims = await ShardClaims.open(folder);
  try {
    await claims.sweep();
    let manifest = (await manifestOf(folder)) ?? (await firstManifest(folder, head, claims.suffix));
    const same = (m: Head): string => JSON.stringify([m.kind, m.count, m.shardSize, m.settings ?? null]);
    if (same(manifest) !== same(head))
      fail(folder, `holds a set of other settings: ${same(manifest)} instead of ${same(head)}; choose another folder`);
    for (const shard of manifest.shards) await shardBytes(folder, shard);
    const shardCount = Math.ceil(count / shardSize);
    while (manifest.shards.length < shardCount) {
      const there = new Set(manifest.shards.map(({ first }) => first / shardSize));
      let made = 0;
      for (let k = 0; k < shardCount; k++) {
        if (there.has(k) || !(await makeShard(folder, k, { ...options, shardSize }, claims))) continue;
        made++;
        onProgress?.(await samplesThere(folder, manifest), count);
      }
      signal?.throwIfAborted();
      if (made === 0) await new Promise((resolve) => setTimeout(resolve, patience));
      manifest = (await manifestOf(folder)) ?? manifest;
    }
    await writeWhole(join(folder, manifestName), jsonBytes({ ...head, shards: manifest.shards }), claims.suffix);
    for (let k = 0; k < shardCount; k++) await removeIfThere(join(folder, `${shardStem(k)}.json`));
    await claims.sweep();
    return { ...head, shards: manifest.shards };
  } finally {
    await claims.close();
  }
}

const samplesOf = ({ shards }: DatasetManifest): number => shards.reduce((sum, shard) => sum + shard.count, 0);

/** Samples that are on disk now, by the names of the records; `manifest` says what was there at some time before. */
async function samplesThere(folder: string, { shards, shardSize, count }: DatasetManifest): Promise<number> {
  const numbers = new Set(shards.map(({ first }) => first / shardSize));
  for (const name of await readdir(folder)) {
    const number = recordNumber(name);
    if (number !== undefined) numbers.add(number);
  }
  return [...numbers].reduce((sum, k) => sum + Math.min(shardSize, count - k * shardSize), 0);
}

/** Writes the manifest of a set without shards, unless another process has written one just before. */
async function firstManifest(folder: string, head: Head, suffix: string): Promise<DatasetManifest> {
  const own = join(folder, `first${suffix}`);
  await writeFile(own, jsonBytes({ ...head, shards: [] }), { flush: true });
  await placeNew(own, join(folder, manifestName));
  await removeIfThere(own);
  return (await manifestOf(folder)) ?? fail(folder, `${manifestName} has vanished`);
}

/** Makes shard k unless it is finished or another process is at it; says whether it was made. */
async function makeShard(
  folder: string,
  k: number,
  { count, shardSize, make, signal }: WriteDatasetOptions & { readonly shardSize: number },
  claims: ShardClaims,
): Promise<boolean> {
  signal?.throwIfAborted();
  const [stem, record] = [shardStem(k), join(folder, `${shardStem(k)}.json`)];
  if (!(await claims.claim(stem))) return false;
  try {
    const [found, manifest] = [await jsonOf(folder, `${stem}.json`), await storedManifest(folder)];
    if (found || (manifest && manifest.shards.length > k)) return false; // finished since we looked
    const first = k * shardSize;
    const inShard = Math.min(shardSize, count - first);
    const tensors: Record<string, ArrayToStore> = {};
    for (let i = 0; i < inShard; i++) {
      signal?.throwIfAborted();
      for (const [name, array] of Object.entries(await make(first + i))) tensors[`${i}.${name}`] = array;
    }
    const bytes = writeSafetensors(tensors, { format: 'chiaro-dataset-shard', first: String(first) });
    const file = shardName(k);
    await writeWhole(join(folder, file), bytes, claims.suffix);
    const shard: DatasetShard = { file, first, count: inShard, bytes: bytes.length, sha256: hashOf(bytes) };
    await writeWhole(record, jsonBytes(shard), claims.suffix);
    return true;
  } finally {
    await claims.release(stem);
  }
}

/** A folder of samples that can be read. */
export interface Dataset {
  readonly manifest: DatasetManifest;
  /**
   * How many samples are there: fewer than `manifest.count` while the set is being written, and where several
   * processes write, not always the first ones.
   */
  readonly length: number;
  /** Whether a sample is there. */
  has(index: number): boolean;
  /**
   * The arrays of a sample. The shard's checksum is compared once.
   * @throws FormatError for a sample that is not there, or a damaged shard.
   */
  sample(index: number): Promise<Record<string, NamedArray & { readonly data: Elements }>>;
}

/** Opens a folder that `writeDataset` wrote, finished or not. @throws FormatError where it is none. */
export async function openDataset(folder: string): Promise<Dataset> {
  const manifest = (await manifestOf(folder)) ?? fail(folder, `there is no ${manifestName}`);
  const length = samplesOf(manifest);
  const shardOf = (index: number): DatasetShard | undefined =>
    manifest.shards.find(({ first, count }) => Number.isInteger(index) && index >= first && index < first + count);
  let open: { readonly file: string; readonly bytes: Uint8Array } | undefined;
  return {
    manifest,
    length,
    has: (index) => shardOf(index) !== undefined,
    sample: async (index) => {
      const shard = shardOf(index);
      if (!shard) return fail(folder, `there is no sample ${index} among ${length}`);
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
