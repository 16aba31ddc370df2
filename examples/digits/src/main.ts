// npm run example digits -- [--preset small | smoke] [--seed N] [--out FOLDER] [--fresh]
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { deviceInfo } from '@chiaro/autograd';
import { InterruptedError, readJsonl, stepsChart } from '@chiaro/nn/node';
import { saveImage } from '@chiaro/render';
import { digitGrid } from './picture.js';
import { folderOf, presets, train, type PresetName } from './train.js';

const { values } = parseArgs({
  options: {
    preset: { type: 'string', default: 'small' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: 'out/digits' },
    fresh: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
if (!Object.hasOwn(presets, values.preset) || !Number.isSafeInteger(seed) || seed < 0) {
  throw new Error('usage: npm run example digits -- [--preset small | smoke] [--seed N] [--out FOLDER] [--fresh]');
}
const job = { preset: values.preset as PresetName, seed };
const folder = folderOf(values.out, job);
const { judged, accuracy, steps, seconds } = await train({ ...job, folder, fresh: values.fresh }).catch(
  (error: unknown) => {
    if (!(error instanceof InterruptedError)) throw error;
    console.error(error.message);
    process.exit(130);
  },
);
await mkdir(folder, { recursive: true });
await saveImage(join(folder, 'digits.png'), digitGrid(judged));
await writeFile(join(folder, 'loss.svg'), stepsChart(await readJsonl(join(folder, 'log.jsonl')), 'loss'));

/** All runs that were made here, one entry each. */
const file = join(values.out, 'results.json');
type Entry = typeof job & Record<string, unknown>;
const entries = existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Entry[]) : [];
const others = entries.filter((entry) => entry.seed !== seed || entry.preset !== job.preset);
const { name: adapter } = await deviceInfo();
const wrong = judged.filter(({ guess, label }) => guess !== label).length;
const mine = { ...job, accuracy, wrong, tested: judged.length, steps, seconds: Math.round(seconds), adapter };
await writeFile(`${file}.tmp`, `${JSON.stringify([...others, mine], undefined, 2)}\n`);
await rename(`${file}.tmp`, file);
console.log(
  `seed ${seed}: ${(100 * accuracy).toFixed(2)} % of ${judged.length} test digits right (${wrong} wrong) ` +
    `after ${steps} steps, ${seconds.toFixed(0)} s; see ${folder}`,
);
