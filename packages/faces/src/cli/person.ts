import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { host } from '@chiaro/tensor/host';
import { ChiaroError } from '../engine.js';
import { loadPhoto } from '../photo/photo.js';
import { batchHTML, batchMarkdown } from '../report/batch.js';
import type { BatchEntry } from '../report/batch.js';
import { duration } from '../report/format.js';
import { resultFileNames, resultFiles } from '../report/resultFiles.js';
import { entryOf } from './batch.js';
import { claimed, fitHooks } from './claimed.js';
import { writeFolder } from './folder.js';
import type { CLIOptions } from './options.js';
import { photoList } from '../node/photoList.js';
import { defaultSeed, hashOf, reported, summary } from './run.js';
import type { RunEnvironment } from './run.js';
import { removeState, stateOf } from './stateFile.js';

const tables = ['index.html', 'person.md'];

/** Fits and writes; `saved` is told of every checkpoint. */
async function fitAndWrite(
  { photos: paths, out: folder, budgetSeconds, model, seed = defaultSeed }: CLIOptions,
  { fitPerson, log, out, signal }: RunEnvironment,
  saved: () => void,
): Promise<void> {
  const listed = await photoList(paths);
  if (listed.length < 2) throw new ChiaroError(`--same-person needs several photographs, ${paths.join(', ')} is one`);
  const files = await Promise.all(listed.map(({ path }) => host.readFile(path)));
  const photos = await Promise.all(
    files.map((bytes, k) => loadPhoto(bytes, { name: listed[k].path.split(/[/\\]/).at(-1) })),
  );
  const photoHash = hashOf(new TextEncoder().encode(files.map(hashOf).join()));
  const run = { photoPath: listed.map(({ path }) => resolve(path)).join(', '), photoHash, model, seed };
  const place = { folder, log, signal };
  await claimed(place, async (display) => {
    const state = await stateOf(folder, run);
    for (const { name, originalWidth, originalHeight } of photos)
      display.note(`photograph  ${name}, ${originalWidth} x ${originalHeight} pixels`);
    display.note(`result      ${folder}, planned for ${duration(budgetSeconds * photos.length)}`);
    if (state) {
      saved();
      display.note(`resuming    at ${state.checkpoint.stage}, step ${state.checkpoint.step}`);
    }
    const results = await fitPerson(photos, {
      model,
      seed,
      budgetSeconds: budgetSeconds * photos.length,
      resume: state?.checkpoint,
      ...fitHooks(place, display, run, saved),
    });
    const entries: BatchEntry[] = [];
    for (const [k, result] of results.entries()) {
      signal.throwIfAborted();
      const { name, path } = listed[k];
      await writeFolder(join(folder, name), await resultFiles(photos[k], result), resultFileNames);
      entries.push({ photo: path, fingerprint: photoHash, folder: name, ...entryOf(result) });
    }
    const title = `${photos.length} photographs of one person`;
    const text = new TextEncoder();
    await writeFolder(
      folder,
      new Map([
        ['person.md', text.encode(batchMarkdown(entries))],
        ['index.html', text.encode(batchHTML(entries, { title, files: 'person.md' }, new Date()))],
      ]),
      tables,
    );
    await removeState(folder);
    display.stop();
    results.forEach((result, k) => out.write(`${photos[k].name}: ${summary(result)}\n`));
    out.write(`look at ${resolve(folder, 'index.html')}\n`);
  });
}

/**
 * Fits the photographs of one person together, with one shape, albedo and texture for all, into a folder with a result
 * folder for each and a table. The same command goes on where an earlier one of the same photographs and options was ended.
 * The budget counts for each photograph. @returns the exit code, see `reported`.
 */
export function runPerson(options: CLIOptions, environment: RunEnvironment): Promise<number> {
  let resumable = false;
  return reported(
    environment,
    async () => {
      await fitAndWrite(options, environment, () => (resumable = true));
      return 0;
    },
    () => (resumable && existsSync(options.out) ? 'the same command' : undefined),
  );
}
