// npm run example illures-sfsnet -- [PHOTO ...] [--preset NAME] [--row NAME | --table] [--seed N] ...
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ChiaroError } from '@chiaro/autograd';
import { summarize } from '@chiaro/nn';
import { InterruptedError, progressLines, ResultsFile } from '@chiaro/nn/node';
import { presets, rows, type PresetName, type RowName } from './config.js';
import { readVideo } from './data/videoFolder.js';
import { table, type Entry } from './evaluate/table.js';
import { prepare } from './experiment.js';
import { figuresOf } from './figuresOf.js';
import { trainedNetwork } from './networks/trained.js';
import { naiveEntries, runRow } from './runRow.js';
import { firstShares } from './training/phase.js';
import { makeAlignNets, makeNetwork } from './training/trainRow.js';
import { regions, type Region } from './uses/edit.js';
import { decomposePhotos, editPhotos, relightPhotos } from './uses/photos.js';

const rowNames = Object.keys(rows) as RowName[];
const usage = `usage: npm run example illures-sfsnet -- [PHOTO ...] [--preset ${Object.keys(presets).join(' | ')}]
  [--row ${rowNames.join(' | ')}] [--seed N] [--table] [--video FOLDER] [--out FOLDER]
Without photographs: renders what is missing, trains a row of the ablation and judges it; --table: all rows with three seeds. What was done is not done again.
[--video FOLDER] trains on the frames in it (or in its folders, one for each clip) in place of the rendered stand-in.
With photographs: takes them apart with the network of that row and seed; or
[--light PHOTO] shows them in that photograph's light,
[--paint ${regions.join(' | ')}] [--colour R,G,B] [--strength S] paints their albedo (linear, 0 to 1),
[--figures] makes the paper's figures of them and of rendered faces, with all rows of that seed that were trained.`;

const { values, positionals: photos } = parseArgs({
  allowPositionals: true,
  options: {
    preset: { type: 'string', default: 'small' },
    row: { type: 'string', default: 'illures-align' },
    seed: { type: 'string', default: '1' },
    table: { type: 'boolean', default: false },
    video: { type: 'string' },
    light: { type: 'string' },
    paint: { type: 'string' },
    colour: { type: 'string', default: '0.05,0.03,0.02' },
    strength: { type: 'string', default: '0.8' },
    figures: { type: 'boolean', default: false },
    out: { type: 'string', default: 'out/illures-sfsnet' },
  },
});
const seed = Number(values.seed);
const colour = values.colour.split(',').map(Number);
const isKnown =
  Object.hasOwn(presets, values.preset) &&
  Object.hasOwn(rows, values.row) &&
  (values.paint === undefined || regions.includes(values.paint as Region)) &&
  [...colour, Number(values.strength)].every((x) => x >= 0 && x <= 1) &&
  colour.length === 3;
if (!isKnown || !Number.isSafeInteger(seed) || seed < 1) {
  console.error(usage);
  process.exit(2);
}
const [name, row] = [values.preset as PresetName, values.row as RowName];
const preset = presets[name];
const folder = join(values.out, name);

/** Says how large the networks are. */
function printSizes(): void {
  const { size } = preset;
  const align = makeAlignNets(preset, 1).albedo;
  for (const [what, network, channels] of [
    ['SfSNet', makeNetwork(preset, 'sfs', 1).network, 3],
    ['IlluRes-SfSNet', makeNetwork(preset, 'illures-align', 1).network, 3],
    ['AlignNet (two of them)', align, 5],
  ] as const) {
    const { parameters, multiplyAdds } = summarize(network, [1, channels, size, size]);
    console.log(`${what}: ${parameters} parameters, ${(multiplyAdds / 1e9).toFixed(3)} G multiply-adds for an image`);
  }
}

/** Each term's share of the losses that phases began with. */
async function printShares(phases: readonly string[]): Promise<void> {
  for (const phase of phases) {
    const shares = Object.entries(await firstShares(phase));
    const list = shares.map(([term, share]) => `${term} ${(100 * share).toFixed(1)} %`);
    console.log(`${phase}, first step: ${list.join(', ')}`);
  }
}

/** Uses a trained row on photographs; those without a face are told of. */
async function usePhotos(): Promise<void> {
  const network = await trainedNetwork({ preset, folder, row, seed });
  const use = { network, size: preset.size, out: join(values.out, 'photos') };
  const paint = values.paint as Region | undefined;
  const [red, green, blue] = colour;
  const { files, notes } =
    values.light !== undefined
      ? await relightPhotos(photos, values.light, use)
      : paint !== undefined
        ? await editPhotos(
            photos,
            { region: paint, colour: [red, green, blue], strength: Number(values.strength) },
            use,
          )
        : await decomposePhotos(photos, use);
  for (const note of notes) console.log(note);
  for (const file of files) console.log(`see ${file}`);
  if (files.length === 0) process.exitCode = 1;
}

/** Makes figures of photographs and of the test set with all trained rows of the seed. */
async function makeFigures(): Promise<void> {
  const onProgress = progressLines(process.stderr);
  const experiment = await prepare(preset, folder, { onProgress });
  const files = await figuresOf(experiment, seed, photos, join(folder, `seed-${seed}`, 'figures'));
  for (const file of files) console.log(`see ${file}`);
}

/** Trains what is asked for and prints the table. */
async function train(): Promise<void> {
  printSizes();
  const onProgress = progressLines(process.stderr);
  let clips;
  if (values.video !== undefined) {
    const video = await readVideo(values.video, preset.size, {
      onProgress: (done, count) => onProgress('frames', done, count),
    });
    for (const note of video.notes) console.log(note);
    ({ clips } = video);
  }
  const experiment = await prepare(preset, folder, { clips, onProgress });
  const results = new ResultsFile(
    join(values.out, 'results.json'),
    (entry: Entry) => `${entry.preset} ${entry.row} ${entry.seed}`,
  );
  const isDone = async (what: string, of: number): Promise<boolean> =>
    (await results.read()).some((entry) => entry.preset === name && entry.row === what && entry.seed === of);
  if (!(await isDone('mean', 0))) await results.put(await naiveEntries(experiment, name));
  const jobs = values.table
    ? [1, 2, 3].flatMap((k) => rowNames.map((each) => ({ row: each, seed: k })))
    : [{ row, seed }];
  for (const job of jobs) {
    if (await isDone(job.row, job.seed)) continue;
    const { entry, trained } = await runRow(experiment, { name, ...job });
    await printShares(trained.phases);
    await results.put([entry]);
  }
  console.log(table((await results.read()).filter((entry) => entry.preset === name)));
}

try {
  await (values.figures ? makeFigures() : photos.length > 0 ? usePhotos() : train());
} catch (error) {
  if (!(error instanceof ChiaroError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof InterruptedError ? 130 : 1;
}
