// npm run example s2f2 -- [--preset NAME] [--row NAME] [--seed N] [--table] [--out FOLDER]
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ChiaroError } from '@chiaro/autograd';
import { resultsIn, shareLines } from '@chiaro/example-rich-reflectance';
import { InterruptedError } from '@chiaro/nn/node';
import { presets, rowNames, type PresetName, type Row } from './config.js';
import { naiveEntries, runRow } from './evaluate/entries.js';
import type { Scores } from './evaluate/measures.js';
import { tableText } from './evaluate/tables.js';
import { prepare } from './experiment.js';

const usage = `usage: npm run example s2f2 -- [--preset ${Object.keys(presets).join(' | ')}]
  [--row ${rowNames.join(' | ')}]
  [--seed N] [--table] [--out FOLDER] [--imagenet resnet152.pth] [--vgg vgg16_bn.pth]
Trains a row of the tables and judges it; --table: all rows with three seeds. What was done is not done again.`;

const { values } = parseArgs({
  options: {
    preset: { type: 'string', default: 'small' },
    row: { type: 'string', default: 'fine' },
    seed: { type: 'string', default: '1' },
    table: { type: 'boolean', default: false },
    out: { type: 'string', default: 'out/s2f2' },
    imagenet: { type: 'string' },
    vgg: { type: 'string' },
  },
});
const seed = Number(values.seed);
if (
  !Object.hasOwn(presets, values.preset) ||
  !rowNames.some((row) => row === values.row) ||
  !Number.isSafeInteger(seed) ||
  seed < 1
) {
  console.error(usage);
  process.exit(2);
}
const [name, row] = [values.preset as PresetName, values.row as Row];

try {
  const folder = join(values.out, name);
  const experiment = await prepare(presets[name], folder, {
    onProgress: (what, done, count) => console.error(`${what}: ${done} of ${count}`),
  });
  const seeds = [1, 2, 3];
  const jobs = values.table ? seeds.flatMap((k) => rowNames.map((each) => ({ row: each, seed: k }))) : [{ row, seed }];
  await naiveEntries(experiment);
  for (const job of jobs) {
    const entry = await runRow(experiment, { ...job, imageNet: values.imagenet, vgg: values.vgg });
    for (const line of shareLines(entry)) console.log(line);
  }
  console.log(tableText(await resultsIn<Row, Scores>(folder).read()));
} catch (error) {
  if (!(error instanceof ChiaroError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof InterruptedError ? 130 : 1;
}
