// npm run example rich-reflectance -- [--preset NAME] [--row NAME] [--seed N] [--table] [--out FOLDER]
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ChiaroError } from '@chiaro/autograd';
import { InterruptedError } from '@chiaro/nn/node';
import { presets, rows, type PresetName, type Row } from './config.js';
import { prepare } from './experiment.js';
import { meanRow, readEntry, runRow, table } from './table.js';

const usage = `usage: npm run example rich-reflectance -- [--preset ${Object.keys(presets).join(' | ')}]
  [--row ${Object.keys(rows).join(' | ')}] [--seed N] [--table] [--out FOLDER] [--imagenet FILE.pth]
Trains a row of the table and judges it; --table: all rows with three seeds. What was done is not done again.`;

const { values } = parseArgs({
  options: {
    preset: { type: 'string', default: 'small' },
    row: { type: 'string', default: 'rays' },
    seed: { type: 'string', default: '1' },
    table: { type: 'boolean', default: false },
    out: { type: 'string', default: 'out/rich-reflectance' },
    imagenet: { type: 'string' },
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
const [name, row] = [values.preset as PresetName, values.row as Row];

try {
  const folder = join(values.out, name);
  const experiment = await prepare(presets[name], folder, {
    onProgress: (what, done, count) => console.error(`${what}: ${done} of ${count}`),
  });
  const all = Object.keys(rows) as Row[];
  const jobs = values.table ? [1, 2, 3].flatMap((k) => all.map((each) => ({ row: each, seed: k }))) : [{ row, seed }];
  await meanRow(experiment);
  for (const job of jobs) {
    const { shares = {} } = await runRow(experiment, { ...job, imageNet: values.imagenet });
    const list = Object.entries<number>(shares).map(([term, share]) => `${term} ${(100 * share).toFixed(1)} %`);
    console.log(`loss of ${job.row}, seed ${job.seed}, at step 0: ${list.join(', ')}`);
  }
  const found = await Promise.all([
    readEntry(folder, 'mean', 0),
    ...all.flatMap((each) => [1, 2, 3].map((k) => readEntry(folder, each, k))),
    ...(seed > 3 ? [readEntry(folder, row, seed)] : []),
  ]);
  console.log(table(found.flatMap((entry) => entry ?? [])));
} catch (error) {
  if (!(error instanceof ChiaroError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof InterruptedError ? 130 : 1;
}
