// npm run example inverse-face-net -- [PHOTO ...] [--preset NAME] [--row NAME] [--seed N] [--table] [--out FOLDER]
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ChiaroError } from '@chiaro/autograd';
import { photoList } from '@chiaro/faces/node';
import { InterruptedError, progressLines, ResultsFile } from '@chiaro/nn/node';
import { presets, rows, type PresetName, type Row } from './config.js';
import { initialShares, prepare, rendererOf } from './experiment.js';
import { FaceRenderer } from './model/faceRenderer.js';
import { lightOf, reconstruct, saveReconstruction, shownSize } from './reconstruct.js';
import { refinementTable } from './refine.js';
import { predictor, type Trained } from './training.js';
import { baselines, networkFile, runRow, table, type Entry } from './table.js';
import { loadNetwork } from './weights.js';

const usage = `usage: npm run example inverse-face-net -- [PHOTO ...] [--preset ${Object.keys(presets).join(' | ')}]
  [--row ${rows.join(' | ')}] [--seed N] [--table] [--out FOLDER]
Without photographs: trains a row of the table and judges it; --table: all rows with three seeds. What was done is not done again.
[--imagenet FILE.pth] begins from the weights of ImageNet.
With photographs, or folders of photographs or frames: reconstructs them with the network of that row and seed.
[--refine N] instead fits N of the held-out photographs with and without the network's prediction.
[--light PHOTO] also shows them in that photograph's light, [--reflectance FACTOR] with exaggerated or evened skin.`;

const { values, positionals: photos } = parseArgs({
  allowPositionals: true,
  options: {
    preset: { type: 'string', default: 'small' },
    row: { type: 'string', default: 'breeding' },
    seed: { type: 'string', default: '1' },
    table: { type: 'boolean', default: false },
    out: { type: 'string', default: 'out/inverse-face-net' },
    imagenet: { type: 'string' },
    refine: { type: 'string' },
    light: { type: 'string' },
    reflectance: { type: 'string' },
  },
});
const seed = Number(values.seed);
const isKnown =
  Object.hasOwn(presets, values.preset) &&
  rows.includes(values.row as Row) &&
  Number.isFinite(Number(values.reflectance ?? 1)) &&
  (values.refine === undefined || Number(values.refine) >= 1);
if (!isKnown || !Number.isSafeInteger(seed) || seed < 1) {
  console.error(usage);
  process.exit(2);
}
const [name, row] = [values.preset as PresetName, values.row as Row];
const preset = presets[name];
const folder = join(values.out, name);

/** Trains what is asked for and prints the table. */
async function train(): Promise<void> {
  const results = new ResultsFile(
    join(values.out, 'results.json'),
    (entry: Entry) => `${entry.preset} ${entry.row} ${entry.seed}`,
  );
  // breeding last: it begins with the first iterations of the model-space loss
  const jobs = values.table ? [1, 2, 3].flatMap((k) => rows.map((each) => ({ row: each, seed: k }))) : [{ row, seed }];
  const experiment = await prepare(preset, folder, { onProgress: progressLines(process.stderr) });
  for (const [of, parts] of Object.entries(initialShares(experiment))) {
    const list = Object.entries(parts).map(([group, share]) => `${group} ${(100 * share).toFixed(1)} %`);
    console.log(`loss of ${of} at the beginning: ${list.join(', ')}`);
  }
  const done = await results.read();
  const isDone = (what: string, of: number): boolean =>
    done.some((entry) => entry.preset === name && entry.row === what && entry.seed === of);
  if (!isDone('mean', 0)) await results.put(await baselines(experiment, name));
  for (const job of jobs) {
    if (isDone(job.row, job.seed)) continue;
    const { entry } = await runRow(experiment, { name, ...job, imageNet: values.imagenet });
    await results.put([entry]);
  }
  console.log(table((await results.read()).filter((entry) => entry.preset === name)));
}

/** The network of the row and seed. */
async function trained(): Promise<{
  model: FaceRenderer['model'];
  renderer: FaceRenderer;
  predict: Trained['predict'];
}> {
  const renderer = await rendererOf(preset);
  const { model } = renderer;
  const network = await loadNetwork(networkFile(folder, row, seed), preset, model.layout.size);
  return { model, renderer, predict: predictor(network, preset.size, model.layout.size) };
}

/** Fits photographs of the world with and without the network. */
async function refine(count: number): Promise<void> {
  const { renderer, predict } = await trained();
  console.log(await refinementTable(renderer, predict, count, { onProgress: progressLines(process.stderr) }));
}

/** Reconstructs photographs; one that cannot be is told of, and the next one follows. */
async function reconstructAll(): Promise<void> {
  const { model, predict } = await trained();
  const renderer = new FaceRenderer(model, shownSize, 1);
  const light =
    values.light === undefined ? undefined : lightOf(renderer, await reconstruct(values.light, preset.size, predict));
  const reflectance = values.reflectance === undefined ? undefined : Number(values.reflectance);
  const edit =
    light || reflectance !== undefined
      ? { ...(light && { light }), ...(reflectance !== undefined && { reflectance }) }
      : undefined;
  let failed = 0;
  for (const { path: photo, name: title } of await photoList(photos)) {
    try {
      const found = await reconstruct(photo, preset.size, predict);
      await saveReconstruction(join(values.out, 'photos'), renderer, title, found, edit);
      for (const note of found.notes) console.log(`${photo}: ${note}`);
      console.log(
        `${photo}: ${found.milliseconds.network.toFixed(1)} ms; see ${join(values.out, 'photos', `${title}.png`)}`,
      );
    } catch (error) {
      if (!(error instanceof ChiaroError)) throw error;
      failed++;
      console.error(error.message);
    }
  }
  if (failed > 0) process.exitCode = 1;
}

try {
  await (values.refine ? refine(Number(values.refine)) : photos.length > 0 ? reconstructAll() : train());
} catch (error) {
  if (!(error instanceof ChiaroError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof InterruptedError ? 130 : 1;
}
