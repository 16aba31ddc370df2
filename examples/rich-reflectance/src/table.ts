import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deviceInfo, noGrad, zeros } from '@chiaro/autograd';
import { writeSafetensors } from '@chiaro/nn';
import { host } from '@chiaro/tensor/host';
import { rows, type Row } from './config.js';
import { measures, score, type Scores } from './evaluate.js';
import { attributeModel, type Experiment } from './experiment.js';
import { batchOf, rowFolder, trainRow, type Job, type Trained } from './training.js';

/** What a row of the table says. */
export interface Entry {
  /** A trained row, or `mean`: the mean face in even light for everybody. */
  readonly row: Row | 'mean';
  readonly seed: number;
  /** Of training. */
  readonly seconds: number;
  readonly adapter: string;
  readonly scores: Scores;
  /** Of a trained row: each term's share of the loss of the first step. */
  readonly shares?: Trained['shares'];
}

const entryFile = (folder: string, row: Entry['row'], seed: number): string =>
  join(folder, `seed-${seed}`, `${row}.json`);

/** What was measured earlier, or undefined. */
export async function readEntry(folder: string, row: Entry['row'], seed: number): Promise<Entry | undefined> {
  const file = entryFile(folder, row, seed);
  return existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Entry) : undefined;
}

/** Measures an entry once, and keeps it. */
async function keep(folder: string, entry: Entry): Promise<Entry> {
  const text = `${JSON.stringify(entry, undefined, 2)}\n`;
  await host.writeFile(entryFile(folder, entry.row, entry.seed), new TextEncoder().encode(text));
  return entry;
}

/** What has to be beaten: the vector of zeros for every photograph. */
export async function meanRow(experiment: Experiment): Promise<Entry> {
  const { folder, test } = experiment;
  const done = await readEntry(folder, 'mean', 0);
  if (done) return done;
  const of = attributeModel(experiment, 9);
  const scores = await score(experiment, of, zeros([test.length, of.layout.size]));
  return keep(folder, { row: 'mean', seed: 0, seconds: 0, adapter: (await deviceInfo()).name, scores });
}

/** Trains a row and judges it. What was done is not done again. */
export async function runRow(experiment: Experiment, job: Job): Promise<Entry> {
  const { folder, preset, test } = experiment;
  const { row, seed } = job;
  const done = await readEntry(folder, row, seed);
  if (done) return done;
  const { encoder, of, seconds, shares } = await trainRow(experiment, job);
  encoder.eval();
  const vectors = noGrad(() => encoder.forward(batchOf(test, preset.size).images));
  const scores = await score(experiment, of, vectors);
  const file = join(rowFolder(folder, row, seed), 'encoder.safetensors');
  await host.writeFile(file, writeSafetensors(await encoder.stateDict(), { row }));
  return keep(folder, { row, seed, seconds, adapter: (await deviceInfo()).name, scores, shares });
}

const names: Readonly<Record<Entry['row'], string>> = {
  mean: 'mean face, even light',
  rays: 'ray traced, 9 bands, 8 samples',
  vertices: 'vertex-based',
  both: 'vertex-based and ray traced',
  bands7: '7 bands',
  bands3: '3 bands',
  spp16: '16 samples',
  spp32: '32 samples',
  bounce: 'one bounce more',
  noPriors: 'without priors and box',
};

/** The rows that there are: means over photographs, averaged over seeds, with the least and the largest of them. */
export function table(entries: readonly Entry[]): string {
  const average = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
  const lines = (['mean', ...Object.keys(rows)] as Entry['row'][]).flatMap((row) => {
    const of = entries.filter((entry) => entry.row === row);
    if (of.length === 0) return [];
    const cells = measures.map((name) => {
      const means = of.flatMap(({ scores }) => scores[name]?.mean ?? []);
      if (means.length === 0) return '-';
      const spread = means.length > 1 ? ` (${Math.min(...means).toFixed(3)} to ${Math.max(...means).toFixed(3)})` : '';
      return `${average(means).toFixed(3)}${spread}`;
    });
    const minutes = average(of.map(({ seconds }) => seconds)) / 60;
    return [`| ${[names[row], of.length, minutes.toFixed(1), ...cells].join(' | ')} |`];
  });
  const columns = [
    ...['row', 'seeds', 'minutes', 'vertices [mm]', 'normals [deg]', 'SSIM', 'PSNR [dB]'],
    ...['albedo [log]', 'shadow leak [log]', 'relit PSNR [dB]'],
  ];
  return [
    `| ${columns.join(' | ')} |`,
    `|${columns.map((_, k) => (k === 0 ? ' --- ' : ' ---: ')).join('|')}|`,
    ...lines,
  ].join('\n');
}
