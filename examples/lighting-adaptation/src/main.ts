// npm run example lighting-adaptation -- [--preset NAME] [--row NAME | --table] [--seed N] [--out FOLDER]
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ChiaroError } from '@chiaro/autograd';
import { InterruptedError, progressLines, ResultsFile } from '@chiaro/nn/node';
import { presets, type PresetName } from './config.js';
import { learn, prepare, type Learned } from './experiment.js';
import { saveStageFigure } from './figures/stageFigure.js';
import { rows, type RowName } from './rows/rows.js';
import { keyOf, runRow, tablesOf, type Entry } from './rows/runRow.js';
import { firstShares } from './training/phase.js';

const rowNames = Object.keys(rows) as RowName[];
const usage = `usage: npm run example lighting-adaptation -- [--preset ${Object.keys(presets).join(' | ')}]
  [--row ${rowNames.join(' | ')} | --table] [--seed N] [--out FOLDER]
Renders the light stage and the clips that are missing, trains the avatar and its lighting model, draws what they learned, and
tracks the clips as the row does; --table: all rows with three seeds. What was done is not done again.`;

const { values } = parseArgs({
  options: {
    preset: { type: 'string', default: 'small' },
    row: { type: 'string', default: 'k-12' },
    table: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: 'out/lighting-adaptation' },
  },
});
const seed = Number(values.seed);
if (
  !Object.hasOwn(presets, values.preset) ||
  !Object.hasOwn(rows, values.row) ||
  !Number.isSafeInteger(seed) ||
  seed < 1
) {
  console.error(usage);
  process.exit(2);
}
const name = values.preset as PresetName;
const folder = join(values.out, name);

/** Each term's share of the losses that phases began with. */
async function printShares({ phases }: Learned): Promise<void> {
  for (const phase of phases) {
    const shares = Object.entries(await firstShares(phase));
    const list = shares.map(([term, share]) => `${term} ${(100 * share).toFixed(1)} %`);
    console.log(`${phase}, first step: ${list.join(', ')}`);
  }
}

/** Trains and tracks what is asked for, and prints the tables. */
async function run(): Promise<void> {
  const progress = progressLines(process.stderr);
  const experiment = await prepare(presets[name], folder, { onProgress: progress });
  const results = new ResultsFile<Entry>(join(values.out, 'results.json'), keyOf);
  for (const of of values.table ? [1, 2, 3] : [seed]) {
    const learned = await learn(experiment, of);
    await printShares(learned);
    const figure = join(folder, `seed-${of}`, 'stage.png');
    await saveStageFigure(figure, experiment, learned);
    console.log(`see ${figure}`);
    for (const row of values.table ? rowNames : [values.row as RowName])
      for (const { name: clip } of experiment.clips) {
        const job = { preset: name, row, seed: of, clip };
        if ((await results.read()).some((entry) => keyOf(entry) === keyOf(job))) continue;
        const onProgress = ({ step, done, total }: { step: string; done: number; total: number }): void => {
          progress(`${row}, seed ${of}, ${clip}: ${step}`, done, total);
        };
        await results.put([await runRow(experiment, learned, { ...job, onProgress })]);
        console.log(`see ${join(folder, `seed-${of}`, row, clip, 'relighting.png')}`);
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
