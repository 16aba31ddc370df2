import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { host } from '@chiaro/tensor/host';
import { ChiaroError, DeviceError, FormatError } from '../engine.js';
import type { FitResult } from '../fit/types.js';
import { loadPhoto } from '../photo/photo.js';
import { batchHTML, batchMarkdown } from '../report/batch.js';
import type { BatchEntry } from '../report/batch.js';
import { duration } from '../report/format.js';
import { claimFolder } from './folder.js';
import type { CLIOptions } from './options.js';
import { photoList } from '../node/photoList.js';
import type { ListedPhoto } from '../node/photoList.js';
import { defaultSeed, failed, fitToFolder, hashOf, reported } from './run.js';
import type { RunEnvironment } from './run.js';
import { stateOf } from './stateFile.js';

const fileName = 'batch.json';

interface BatchFile {
  readonly format: 'chiaro-batch';
  readonly formatVersion: 1;
  readonly entries: readonly BatchEntry[];
}

/** The entries of an earlier run in a folder. @throws FormatError for a file that is none of ours. */
async function earlierEntries(folder: string): Promise<readonly BatchEntry[]> {
  const path = join(folder, fileName);
  if (!existsSync(path)) return [];
  let file: Partial<BatchFile> | null;
  try {
    file = JSON.parse(new TextDecoder().decode(await host.readFile(path))) as typeof file;
  } catch (cause) {
    throw new FormatError(`${path} is no JSON: ${(cause as Error).message}; remove it, or choose another folder`, {
      cause,
    });
  }
  const { format, formatVersion, entries } = file ?? {};
  const isEntry = (entry: Partial<BatchEntry> | null): boolean =>
    typeof entry?.photo === 'string' && typeof entry.fingerprint === 'string';
  if (format === 'chiaro-batch' && formatVersion === 1 && Array.isArray(entries) && entries.every(isEntry))
    return entries;
  throw new FormatError(`${path} is no list of a batch that this version reads; remove it, or choose another folder`);
}

/** The list of a batch: what is done, and the files that say so. */
class BatchList {
  readonly #entries: BatchEntry[];

  constructor(
    readonly folder: string,
    private readonly photos: readonly ListedPhoto[],
    earlier: readonly BatchEntry[],
  ) {
    const paths = new Set(photos.map(({ path }) => path));
    this.#entries = earlier.filter(({ photo }) => paths.has(photo));
  }

  /** Entries in the order of the photographs and their faces. */
  get entries(): readonly BatchEntry[] {
    const place = new Map(this.photos.map(({ path }, k) => [path, k]));
    return [...this.#entries].sort(
      (a, b) => place.get(a.photo)! - place.get(b.photo)! || (a.face ?? 0) - (b.face ?? 0),
    );
  }

  /** Results of a photograph that stand; what it had under another fingerprint, and failures, are forgotten. */
  done(path: string, fingerprint: string): readonly BatchEntry[] {
    const stands = (entry: BatchEntry): boolean =>
      entry.fingerprint === fingerprint &&
      entry.folder !== undefined &&
      entry.failure === undefined &&
      existsSync(join(this.folder, entry.folder, 'fit.json'));
    const kept = this.#entries.filter((entry) => entry.photo !== path || stands(entry));
    this.#entries.splice(0, Infinity, ...kept);
    return kept.filter((entry) => entry.photo === path);
  }

  async add(entry: BatchEntry): Promise<void> {
    this.#entries.push(entry);
    await this.#write(
      fileName,
      JSON.stringify({ format: 'chiaro-batch', formatVersion: 1, entries: this.entries }, null, 1),
    );
  }

  async writeTables(title: string): Promise<string> {
    await this.#write('batch.md', batchMarkdown(this.entries));
    await this.#write('index.html', batchHTML(this.entries, { title, files: 'batch.json and batch.md' }, new Date()));
    return resolve(this.folder, 'index.html');
  }

  #write(name: string, text: string): Promise<void> {
    return host.writeFile(join(this.folder, name), new TextEncoder().encode(`${text.trimEnd()}\n`));
  }
}

/** What a table says of a result. */
export const entryOf = ({ metrics, totalSeconds, notes }: FitResult): Partial<BatchEntry> => ({
  metrics,
  seconds: totalSeconds,
  notes,
});

/** The fit of a batch's photographs, one after the other. */
class Batch {
  /** Seconds of the fits of this run, for the time to go. */
  readonly #took: number[] = [];

  constructor(
    private readonly options: CLIOptions,
    private readonly environment: RunEnvironment,
    private readonly list: BatchList,
  ) {}

  /** All that is to be done for a photograph. */
  async photo({ path, name }: ListedPhoto, place: string, left: number): Promise<void> {
    const { log, signal, countFaces } = this.environment;
    const { face, model, seed, budgetSeconds, out } = this.options;
    let fingerprint = '';
    try {
      const bytes = await host.readFile(path);
      const photoHash = hashOf(bytes);
      fingerprint = hashOf(
        new TextEncoder().encode(
          JSON.stringify([photoHash, model ?? null, seed ?? defaultSeed, budgetSeconds, face ?? null]),
        ),
      );
      const done = this.list.done(path, fingerprint);
      if (done.length > 0 && done.length === (done[0].faces ?? 1)) {
        log.write(`${place} ${path}: done before\n`);
        return;
      }
      const per = this.#took.length > 0 ? this.#took.reduce((a, b) => a + b, 0) / this.#took.length : budgetSeconds;
      log.write(`\n${place} ${path}  ${this.#took.length > 0 ? '' : 'at most '}${duration(per * left)} to go\n`);
      const faces = face === 'all' ? await countFaces(await loadPhoto(bytes, { name: path.split(/[/\\]/).at(-1) })) : 1;
      for (let number = 1; number <= Math.max(1, faces); number++) {
        const of = face === 'all' && faces > 0 ? { face: number, faces } : undefined;
        if (done.some((entry) => entry.face === number)) continue;
        const folder = of && faces > 1 ? `${name}-face-${number}` : name;
        const run = {
          photo: path,
          out: join(out, folder),
          budgetSeconds,
          model,
          seed,
          face: of?.face ?? (face === 'all' ? undefined : face),
        };
        const identity = { photoHash, model, seed: seed ?? defaultSeed, face: run.face };
        const resume = (await stateOf(run.out, identity)) !== undefined; // else a fit from the start replaces what is there
        const started = performance.now();
        const result = await fitToFolder({ ...run, resume }, this.environment, () => undefined);
        this.#took.push((performance.now() - started) / 1000);
        await this.list.add({ photo: path, fingerprint, ...of, folder, ...entryOf(result) });
      }
    } catch (error) {
      // one photograph's fault is no reason to leave out the others; a GPU that is gone is
      if (signal.aborted || !(error instanceof ChiaroError) || error instanceof DeviceError) throw error;
      log.write(`not fitted: ${error.message}\n`);
      await this.list.add({ photo: path, fingerprint, failure: error.message });
    }
  }
}

/**
 * Fits many photographs, or all faces of some, one after the other into a folder of result folders, with a table as page
 * (`index.html`), markdown (`batch.md`) and JSON (`batch.json`). A photograph that cannot be fitted is told and entered,
 * and the batch goes on. The same command goes on where an earlier one was ended: what is done is known by a fingerprint
 * of the photograph's bytes and the options, what was interrupted goes on from its state, and what failed is tried again.
 * @returns the exit code: 0 if all were fitted, 1 if not, 130 if it was interrupted.
 */
export function runBatch(options: CLIOptions, environment: RunEnvironment): Promise<number> {
  const { log, out, signal } = environment;
  const { out: folder } = options;
  return reported(
    environment,
    async () => {
      const photos = await photoList(options.photos);
      const release = await claimFolder(folder);
      try {
        const list = new BatchList(folder, photos, await earlierEntries(folder));
        const batch = new Batch(options, environment, list);
        for (const [k, photo] of photos.entries()) {
          signal.throwIfAborted();
          await batch.photo(photo, `[${k + 1}/${photos.length}]`, photos.length - k);
        }
        const failures = list.entries.filter(({ failure }) => failure !== undefined);
        const page = await list.writeTables(
          options.photos.length === 1 ? options.photos[0] : `${photos.length} photographs`,
        );
        for (const { photo, failure } of failures) log.write(`not fitted: ${photo}: ${failure}\n`);
        out.write(`fitted ${list.entries.length - failures.length} of ${list.entries.length}; look at ${page}\n`);
        return failures.length === 0 ? 0 : failed;
      } finally {
        await release();
      }
    },
    () => (signal.aborted && existsSync(folder) ? 'the same command' : undefined),
  );
}
