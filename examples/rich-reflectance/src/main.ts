// npm run example rich-reflectance -- [PHOTO ...] [--preset NAME] [--row NAME] [--seed N] [--table] [--out FOLDER]
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ChiaroError } from '@chiaro/autograd';
import { photoList } from '@chiaro/faces/node';
import { InterruptedError, progressLines } from '@chiaro/nn/node';
import { presets, rowNames, type PresetName, type Row } from './config.js';
import { costTable, richCost } from './cost.js';
import { resultsIn, shareLines } from './entries.js';
import type { Scores } from './evaluate.js';
import { prepare } from './experiment.js';
import { naiveEntries, runRow, table } from './table.js';
import { savePhotoFigure, saveTestFigure } from './uses/figure.js';
import { forEachFace, predictPhoto, takeApart, type PhotoNotes } from './uses/photos.js';
import { photosToLearnFrom, trainedPredictor, type Prediction } from './uses/predictor.js';
import { refinementTable } from './uses/refine.js';

const usage = `usage: npm run example rich-reflectance -- [PHOTO ...] [--preset ${Object.keys(presets).join(' | ')}]
  [--row ${rowNames.join(' | ')}] [--seed N] [--table] [--out FOLDER] [--imagenet FILE.pth]
Without photographs: trains a row of the table and judges it; --table: all rows with three seeds, or with
that of --seed. What was done is not done again; several processes may fill one folder.
With photographs, or folders of them: takes each apart into a folder, with the networks of that row and seed.
[--remove-shadows] also shows it without the shadows that the face casts on itself, [--light PHOTO] in that photograph's
light, [--albedo PHOTO] with that photograph's skin. [--adapt STEPS]: the networks first go on learning from all of
these photographs, without labels: people's photographs are not what they have learned from.
--figures instead draws what they see in photographs to judge by, beside the truth, figures/ROW.jpg; or in those
that are given, figures/ROW-photos.jpg.
--refine N instead fits N photographs that nobody has seen with and without the networks' prediction.
--cost instead measures what the preset costs on this machine.`;

const { values, positionals: photos } = parseArgs({
  allowPositionals: true,
  options: {
    preset: { type: 'string', default: 'small' },
    row: { type: 'string', default: 'dual' },
    seed: { type: 'string' },
    table: { type: 'boolean', default: false },
    out: { type: 'string', default: 'out/rich-reflectance' },
    imagenet: { type: 'string' },
    'remove-shadows': { type: 'boolean', default: false },
    light: { type: 'string' },
    albedo: { type: 'string' },
    adapt: { type: 'string' },
    figures: { type: 'boolean', default: false },
    refine: { type: 'string' },
    cost: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed ?? 1);
const usesPhotos = [values.light, values.albedo, values.adapt].some((x) => x !== undefined) || values['remove-shadows'];
if (
  !Object.hasOwn(presets, values.preset) ||
  !rowNames.some((row) => row === values.row) ||
  (usesPhotos && photos.length === 0) ||
  ![seed, Number(values.refine ?? 1), Number(values.adapt ?? 1)].every((n) => Number.isSafeInteger(n) && n >= 1)
) {
  console.error(usage);
  process.exit(2);
}
const [name, row] = [values.preset as PresetName, values.row as Row];
const folder = join(values.out, name);

/** Seeds of the table: three, or the one that is given, so that processes can share it. */
const tableSeeds = values.seed === undefined ? [1, 2, 3] : [seed];

/** Trains what is asked for and prints the table. */
async function train(): Promise<void> {
  const experiment = await prepare(presets[name], folder, { onProgress: progressLines(process.stderr) });
  const jobs = values.table
    ? tableSeeds.flatMap((k) => rowNames.map((each) => ({ row: each, seed: k })))
    : [{ row, seed }];
  await naiveEntries(experiment, { imageNet: values.imagenet });
  for (const job of jobs) {
    for (const line of shareLines(await runRow(experiment, { ...job, imageNet: values.imagenet }))) console.log(line);
  }
  console.log(table(await resultsIn<Row, Scores>(folder).read()));
}

/** Fits photographs of the world with and without the networks. */
async function refine(count: number): Promise<void> {
  const predictor = await trainedPredictor(presets[name], folder, row, seed);
  console.log(await refinementTable(predictor, folder, count, { onProgress: progressLines(process.stderr) }));
}

/** What people should know of photographs. */
const notes: PhotoNotes = {
  note: (text) => console.log(text),
  failed: (text) => {
    process.exitCode = 1;
    console.error(text);
  },
};

/** The photographs, and the networks: as they are, or gone on learning from these photographs. */
async function photosAndPredictor() {
  const listed = await photoList(photos);
  const steps = Number(values.adapt ?? 0);
  const own = steps > 0 ? { photographs: await photosToLearnFrom(listed, notes.note), steps } : undefined;
  return { listed, predictor: await trainedPredictor(presets[name], folder, row, seed, own) };
}

/** Takes photographs apart. */
async function takeAllApart(): Promise<void> {
  const { listed, predictor } = await photosAndPredictor();
  const other = (path?: string) => (path === undefined ? undefined : predictPhoto(predictor, path, notes.note));
  const [light, albedo] = [await other(values.light), await other(values.albedo)];
  await forEachFace(predictor, listed, notes, async (seen, path) => {
    const to = join(values.out, 'photos', seen.name);
    await takeApart(predictor, seen, to, { removeShadows: values['remove-shadows'], light, albedo });
    console.log(`${path}: ${seen.milliseconds.toFixed(1)} ms for the networks; see ${join(to, 'report.html')}`);
  });
}

/** Draws what the networks see in photographs. */
async function drawPhotos(): Promise<void> {
  const { listed, predictor } = await photosAndPredictor();
  const list: Prediction[] = [];
  await forEachFace(predictor, listed, notes, (seen) => Promise.resolve(void list.push(seen)));
  const path = join(values.out, 'figures', `${row}-photos.jpg`);
  await savePhotoFigure(path, predictor, list);
  console.log(path);
}

/** Draws what the networks see in photographs to judge by. */
async function drawTest(): Promise<void> {
  const { test } = await prepare(presets[name], folder, { onProgress: progressLines(process.stderr) });
  const predictor = await trainedPredictor(presets[name], folder, row, seed);
  const path = join(values.out, 'figures', `${row}.jpg`);
  await saveTestFigure(path, predictor, test.slice(0, 6));
  console.log(path);
}

try {
  if (values.cost) console.log(await costTable(presets[name], richCost(presets[name])));
  else if (values.figures) await (photos.length > 0 ? drawPhotos() : drawTest());
  else if (values.refine !== undefined) await refine(Number(values.refine));
  else await (photos.length > 0 ? takeAllApart() : train());
} catch (error) {
  if (!(error instanceof ChiaroError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof InterruptedError ? 130 : 1;
}
