// npm run example lighting-adaptation -- [--preset NAME] [--row NAME | --table] [--seed N] [--subject N | --frames FOLDER]
//   [--focal PIXELS] [--out FOLDER]
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ChiaroError } from '@chiaro/autograd';
import { InterruptedError, progressLines, ResultsFile } from '@chiaro/nn/node';
import { presets, type PresetName } from './config.js';
import { learn, learnOther, prepare, type Learned } from './experiment.js';
import { saveStageFigure } from './figures/stageFigure.js';
import { trackFrames } from './rows/trackFrames.js';
import { rows, type RowName } from './rows/rows.js';
import { keyOf, runRow, tablesOf, type Entry } from './rows/runRow.js';
import { firstShares } from './training/phase.js';

const rowNames = Object.keys(rows) as RowName[];
const usage = `usage: npm run example lighting-adaptation -- [--preset ${Object.keys(presets).join(' | ')}]
  [--row ${rowNames.join(' | ')} | --table] [--seed N]
  [--subject N | --frames FOLDER [--focal PIXELS]] [--out FOLDER]
Renders the light stage and the clips that are missing, trains the avatar and its lighting model, draws what they learned, and
tracks the clips as the row does. What was done is not done again.
--table: all rows with three seeds, or with the one that is given, of which only the judged frames are tracked.
--subject: another person than the stage's, 2 or more, with an avatar of their own; G is the first person's.
--frames: pictures of your own, in the order of their names, by the stage's avatar; --focal: of their camera, in pixels.`;

const { values } = parseArgs({
  options: {
    preset: { type: 'string', default: 'small' },
    row: { type: 'string', default: 'k-12' },
    table: { type: 'boolean', default: false },
    seed: { type: 'string' },
    subject: { type: 'string', default: '1' },
    frames: { type: 'string' },
    focal: { type: 'string' },
    out: { type: 'string', default: 'out/lighting-adaptation' },
  },
});
const [seed, person] = [Number(values.seed ?? 1), Number(values.subject)];
const focal = values.focal === undefined ? undefined : Number(values.focal);
const whole = (n: number): boolean => Number.isSafeInteger(n) && n >= 1;
if (
  !Object.hasOwn(presets, values.preset) ||
  !Object.hasOwn(rows, values.row) ||
  ![seed, person].every(whole) ||
  (values.frames !== undefined && (values.table || person !== 1)) ||
  (focal !== undefined && (!(focal > 0) || values.frames === undefined))
) {
  console.error(usage);
  process.exit(2);
}
const name = values.preset as PresetName;
const row = values.row as RowName;
const folder = join(values.out, name);

/** Each term's share of the losses that phases began with. */
async function printShares({ phases }: Learned): Promise<void> {
  for (const phase of phases) {
    const shares = Object.entries(await firstShares(phase));
    const list = shares.map(([term, share]) => `${term} ${(100 * share).toFixed(1)} %`);
    console.log(`${phase}, first step: ${list.join(', ')}`);
  }
}

type Tell = (what: string, done: number, total: number) => void;

/** Registration's progress under a name. */
const told =
  (progress: Tell, what: string) =>
  ({ step, done, total }: { step: string; done: number; total: number }): void => {
    progress(`${what}: ${step}`, done, total);
  };

/** Trains and tracks what is asked for, and prints the tables. */
async function run(): Promise<void> {
  const progress = progressLines(process.stderr);
  const following = { onProgress: progress };
  const first = await prepare(presets[name], folder, following);
  const experiment = person === 1 ? first : await prepare(presets[name], folder, { ...following, subject: person });
  const results = new ResultsFile<Entry>(join(values.out, 'results.json'), keyOf);
  for (const of of values.table && values.seed === undefined ? [1, 2, 3] : [seed]) {
    const taught = await learn(first, of);
    await printShares(taught);
    const figure = join(folder, `seed-${of}`, 'stage.png');
    await saveStageFigure(figure, first, taught);
    console.log(`see ${figure}`);
    if (values.frames !== undefined) {
      const { frames } = values;
      const to = join(folder, `seed-${of}`, row, `frames-${basename(resolve(frames))}`);
      const onFrame = (done: number, count: number): void => {
        progress('faces', done, count);
      };
      const job = { frames, focal, row, seed: of, folder: to, onFrame, onProgress: told(progress, row) };
      await trackFrames(first, taught, job);
      console.log(`see ${join(to, 'relighting.png')} and tracked.webp beside it`);
      return;
    }
    const learned = person === 1 ? taught : await learnOther(experiment, taught, of);
    for (const each of values.table ? rowNames : [row])
      for (const { name: clip } of experiment.clips) {
        const job = { preset: name, row: each, seed: of, subject: person, clip };
        if (values.table && (await results.read()).some((entry) => keyOf(entry) === keyOf(job))) continue;
        const onProgress = told(progress, `${each}, seed ${of}, ${clip}`);
        await results.put([await runRow(experiment, learned, { ...job, everyFrame: !values.table, onProgress })]);
        console.log(`see ${join(experiment.folder, `seed-${of}`, each, clip, 'relighting.png')}`);
      }
  }
  const entries = await results.read();
  console.log(tablesOf(entries.filter(({ preset }) => preset === name)));
}

try {
  await run();
} catch (error) {
  if (!(error instanceof ChiaroError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof InterruptedError ? 130 : 1;
}
