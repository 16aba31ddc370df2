// npm run example s2f2 -- [PHOTO ...] [--preset NAME] [--row NAME] [--seed N] [--table] [--frames FOLDER] [--out FOLDER]
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ChiaroError } from '@chiaro/autograd';
import { costTable, predictPhoto, resultsIn, shareLines, takeApart } from '@chiaro/example-rich-reflectance';
import { parseFaceEdit } from '@chiaro/faces';
import { photoList } from '@chiaro/faces/node';
import { InterruptedError, progressLines } from '@chiaro/nn/node';
import { presets, rowNames, type PresetName, type Row } from './config.js';
import { s2f2Cost } from './cost.js';
import { naiveEntries, runRow } from './evaluate/entries.js';
import type { Scores } from './evaluate/measures.js';
import { tableText } from './evaluate/tables.js';
import { prepare } from './experiment.js';
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
    frames: { type: 'string' },
    cost: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed ?? 1);
const usesPhotos = [values.light, values.albedo, values.age].some((x) => x !== undefined) || values.edit.length > 0;
if (
  !Object.hasOwn(presets, values.preset) ||
  !rowNames.some((row) => row === values.row) ||
  !Number.isSafeInteger(seed) ||
  seed < 1 ||
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

/** Takes photographs apart; one that cannot be is told of, and the next one follows. */
async function takeAllApart(): Promise<void> {
  const edits = values.edit.map(parseFaceEdit);
  const predictor = await trainedPredictor(presets[name], folder, row, seed);
  const other = (path: string | undefined) => (path === undefined ? undefined : predictPhoto(predictor, path, note));
  const [light, albedo, old] = [await other(values.light), await other(values.albedo), await other(values.age)];
  for (const { path, name: title } of await photoList(photos))
    try {
      const to = join(values.out, 'photos', title);
      const seen = await predictPhoto(predictor, path, note);
      const others = [
        ...(old ? aged(seen, old) : []),
        ...(edits.length > 0 ? [await edited(predictor, seen, edits)] : []),
      ];
      await takeApart(predictor, seen, to, { light, albedo, others });
      console.log(`${path}: ${seen.milliseconds.toFixed(1)} ms for the networks; see ${join(to, 'report.html')}`);
    } catch (error) {
      if (!(error instanceof ChiaroError)) throw error;
      process.exitCode = 1;
      console.error(error.message);
    }
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
  else if (values.frames !== undefined) await allFrames(values.frames);
  else await (photos.length > 0 ? takeAllApart() : train());
} catch (error) {
  if (!(error instanceof ChiaroError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof InterruptedError ? 130 : 1;
}
