// npm run example s2f2 -- [PHOTO ...] [--preset NAME] [--row NAME] [--seed N] [--table] [--frames FOLDER] [--out FOLDER]
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ChiaroError } from '@chiaro/autograd';
import {
  costTable,
  forEachFace,
  photosToLearnFrom,
  predictPhoto,
  refinementTable,
  resultsIn,
  savePhotoFigure,
  saveTestFigure,
  shareLines,
  takeApart,
  type PhotoNotes,
  type Prediction,
} from '@chiaro/example-rich-reflectance';
import { parseFaceEdit } from '@chiaro/faces';
import { photoList } from '@chiaro/faces/node';
import { InterruptedError, progressLines } from '@chiaro/nn/node';
import { hasDetails, presets, rowNames, type PresetName, type Row } from './config.js';
import { s2f2Cost } from './cost.js';
import { naiveEntries, runRow } from './evaluate/entries.js';
import type { Scores } from './evaluate/measures.js';
import { tableText } from './evaluate/tables.js';
import { prepare, variationOf } from './experiment.js';
import { agingPairs, saveAgingFigure } from './uses/agingFigure.js';
import { rebuildFrames } from './uses/frames.js';
import { trainedPredictor } from './uses/predictor.js';
import { aged, edited } from './uses/variations.js';

const usage = `usage: npm run example s2f2 -- [PHOTO ...] [--preset ${Object.keys(presets).join(' | ')}]
  [--row ${rowNames.join(' | ')}]
  [--seed N] [--table] [--out FOLDER] [--imagenet resnet152.pth] [--vgg vgg16_bn.pth]
Without photographs: trains a row of the tables and judges it; --table: all rows with three seeds, or with
that of --seed. What was done is not done again; several processes may fill one folder.
With photographs, or folders of them: takes each apart into a folder, with the networks of that row and seed.
[--light PHOTO] also shows it in that photograph's light, [--albedo PHOTO] with that photograph's skin, [--age PHOTO] with
that photograph's normal map, [--edit NAME.INDEX=NUMBER ...] with other attributes: expression.NAME, identity.INDEX, tint.0,
pose.rotation.1 and so on, with += or *= to change what is there.
[--adapt STEPS]: the networks first go on learning from all of these photographs, without labels: people's photographs are
not what they have learned from.
--figures instead draws what they see in photographs to judge by, beside the truth, and normal maps moved from one face to
another: figures/ROW.jpg, figures/ROW-aging.jpg; or the same of photographs that are given, figures/ROW-photos.jpg,
and with --age figures/ROW-photos-aging.jpg.
--refine N instead fits N photographs that nobody has seen with and without the networks' prediction.
--frames FOLDER instead rebuilds every picture of a folder, one after the other.
--cost instead measures what the preset costs on this machine.`;

const { values, positionals: photos } = parseArgs({
  allowPositionals: true,
  options: {
    preset: { type: 'string', default: 'small' },
    row: { type: 'string', default: 'fine' },
    seed: { type: 'string' },
    table: { type: 'boolean', default: false },
    out: { type: 'string', default: 'out/s2f2' },
    imagenet: { type: 'string' },
    vgg: { type: 'string' },
    light: { type: 'string' },
    albedo: { type: 'string' },
    age: { type: 'string' },
    edit: { type: 'string', multiple: true, default: [] },
    adapt: { type: 'string' },
    figures: { type: 'boolean', default: false },
    refine: { type: 'string' },
    frames: { type: 'string' },
    cost: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed ?? 1);
const usesPhotos =
  [values.light, values.albedo, values.age, values.adapt].some((x) => x !== undefined) || values.edit.length > 0;
if (
  !Object.hasOwn(presets, values.preset) ||
  !rowNames.some((row) => row === values.row) ||
  ![seed, Number(values.adapt ?? 1), Number(values.refine ?? 1)].every((n) => Number.isSafeInteger(n) && n >= 1) ||
  (usesPhotos && photos.length === 0) ||
  (values.frames !== undefined && photos.length > 0)
) {
  console.error(usage);
  process.exit(2);
}
const [name, row] = [values.preset as PresetName, values.row as Row];
const folder = join(values.out, name);
const onProgress = progressLines(process.stderr);
const note = (text: string): void => console.log(text);

/** Trains what is asked for and prints the tables. */
async function train(): Promise<void> {
  const experiment = await prepare(presets[name], folder, { onProgress });
  const seeds = values.seed === undefined ? [1, 2, 3] : [seed];
  const jobs = values.table ? seeds.flatMap((k) => rowNames.map((each) => ({ row: each, seed: k }))) : [{ row, seed }];
  await naiveEntries(experiment, { imageNet: values.imagenet });
  for (const job of jobs) {
    const entry = await runRow(experiment, { ...job, imageNet: values.imagenet, vgg: values.vgg });
    for (const line of shareLines(entry)) console.log(line);
  }
  console.log(tableText(await resultsIn<Row, Scores>(folder).read()));
}

/** What people should know of photographs. */
const notes: PhotoNotes = {
  note,
  failed: (text) => {
    process.exitCode = 1;
    console.error(text);
  },
};

/** The photographs, and the networks: as they are, or gone on learning from these photographs. */
async function photosAndPredictor() {
  const listed = await photoList(photos);
  const steps = Number(values.adapt ?? 0);
  const own = steps > 0 ? { photographs: await photosToLearnFrom(listed, note), steps } : undefined;
  return { listed, predictor: await trainedPredictor(presets[name], folder, row, seed, own) };
}

/** Takes photographs apart. */
async function takeAllApart(): Promise<void> {
  const edits = values.edit.map(parseFaceEdit);
  const { listed, predictor } = await photosAndPredictor();
  const other = (path?: string) => (path === undefined ? undefined : predictPhoto(predictor, path, note));
  const [light, albedo, old] = [await other(values.light), await other(values.albedo), await other(values.age)];
  await forEachFace(predictor, listed, notes, async (seen, path) => {
    const to = join(values.out, 'photos', seen.name);
    const others = [
      ...(old ? aged(seen, old) : []),
      ...(edits.length > 0 ? [await edited(predictor, seen, edits)] : []),
    ];
    await takeApart(predictor, seen, to, { light, albedo, others });
    console.log(`${path}: ${seen.milliseconds.toFixed(1)} ms for the networks; see ${join(to, 'report.html')}`);
  });
}

/** Draws what the networks see in photographs. */
async function drawPhotos(): Promise<void> {
  const { listed, predictor } = await photosAndPredictor();
  const list: Prediction[] = [];
  await forEachFace(predictor, listed, notes, (seen) => Promise.resolve(void list.push(seen)));
  const path = join(values.out, 'figures', `${row}-photos`);
  await savePhotoFigure(`${path}.jpg`, predictor, list);
  console.log(`${path}.jpg`);
  if (values.age === undefined) return;
  const old = await predictPhoto(predictor, values.age, note);
  await saveAgingFigure(
    `${path}-aging.jpg`,
    predictor,
    list.map((seen) => [seen, old]),
  );
  console.log(`${path}-aging.jpg`);
}

/** Draws what the networks see in photographs to judge by. */
async function drawTest(): Promise<void> {
  const { test } = await prepare(presets[name], folder, { onProgress });
  const predictor = await trainedPredictor(presets[name], folder, row, seed);
  const path = join(values.out, 'figures', row);
  await saveTestFigure(`${path}.jpg`, predictor, test.slice(0, 6));
  console.log(`${path}.jpg`);
  if (!hasDetails(row)) return;
  await saveAgingFigure(`${path}-aging.jpg`, predictor, await agingPairs(predictor, test, 3));
  console.log(`${path}-aging.jpg`);
}

/** Fits photographs of the world with and without the networks. */
async function refine(count: number): Promise<void> {
  const predictor = await trainedPredictor(presets[name], folder, row, seed);
  console.log(await refinementTable(predictor, folder, count, { onProgress, variation: variationOf(30_000) }));
}

/** Rebuilds the faces of a folder of frames. */
async function allFrames(frames: string): Promise<void> {
  const predictor = await trainedPredictor(presets[name], folder, row, seed);
  const see = (path: string) => predictPhoto(predictor, path, note);
  const to = join(values.out, 'frames', basename(resolve(frames)));
  const run = JSON.stringify({ preset: presets[name], row, seed });
  const { found, missing, known } = await rebuildFrames(predictor.setting.model, see, frames, to, run, {
    ...{ onProgress, note },
  });
  console.log(`${found.length} frames with a face, ${missing.length} without, ${known} of them done before; see ${to}`);
  if (found.length === 0) process.exitCode = 1;
}

try {
  if (values.cost) console.log(await costTable(presets[name], s2f2Cost(presets[name])));
  else if (values.figures) await (photos.length > 0 ? drawPhotos() : drawTest());
  else if (values.refine !== undefined) await refine(Number(values.refine));
  else if (values.frames !== undefined) await allFrames(values.frames);
  else await (photos.length > 0 ? takeAllApart() : train());
} catch (error) {
  if (!(error instanceof ChiaroError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof InterruptedError ? 130 : 1;
}
