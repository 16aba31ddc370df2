import { baseRows, rowNames, type Row } from './config.js';
import { judgeNaive, naiveRows, once, type RowEntry } from './entries.js';
import { measures, measureTitles, score, type Measure, type Scores } from './evaluate.js';
import type { Experiment } from './experiment.js';
import { facesIn, saveNetworks } from './network.js';
import { batchOf } from './training/photoBatch.js';
import type { EncoderStart } from './training/startEncoder.js';
import { trainRow, type Job } from './training/trainRow.js';

/** What a row of the table says. */
export type Entry = RowEntry<Row, Scores>;

/** What has to be beaten. */
export const naiveEntries = (experiment: Experiment, start: Omit<EncoderStart, 'weights'> = {}): Promise<Entry[]> =>
  judgeNaive(experiment, { ...start, weights: baseRows.rays.weights }, (faceOf) => score(experiment, faceOf));

/** Trains a row and judges it. What was done is not done again. */
export function runRow(experiment: Experiment, job: Job): Promise<Entry> {
  const { folder, preset, test } = experiment;
  const { row, seed } = job;
  return once(folder, row, seed, async () => {
    const trained = await trainRow(experiment, job);
    const { encoder, decoders, of, seconds, shares } = trained;
    await saveNetworks(folder, row, seed, { encoder, decoders });
    const scores = await score(experiment, facesIn(of, trained, batchOf(test, preset.size).images));
    return { seconds, scores, shares };
  });
}

const names: Readonly<Record<Entry['row'], string>> = {
  mean: 'mean face, even light',
  light: 'mean face, light refitted',
  start: 'E before all rows',
  rays: 'ray traced, 9 bands, 8 samples',
  vertices: 'vertex-based',
  both: 'vertex-based and ray traced',
  bands7: '7 bands',
  bands3: '3 bands',
  spp16: '16 samples',
  spp32: '32 samples',
  bounce: 'one bounce more',
  noPriors: 'without priors and box',
  dual: 'all stages, two decoders',
  single: 'one decoder',
  noRegularisers: 'without symmetry and consistency',
  separate: 'without joint training',
};

/** Means over photographs, averaged over seeds, with the least and the largest of them: two tables, of the rows there are. */
export function table(entries: readonly Entry[]): string {
  return [measures.shape, measures.reflectance].map((columns) => tableOf(entries, columns)).join('\n\n');
}

function tableOf(entries: readonly Entry[], columns: readonly Measure[]): string {
  const average = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
  const lines = [...naiveRows, ...rowNames].flatMap((row) => {
    const of = entries.filter((entry) => entry.row === row);
    if (of.length === 0) return [];
    const cells = columns.map((name) => {
      const means = of.flatMap(({ scores }) => scores[name]?.mean ?? []);
      if (means.length === 0) return '-';
      const spread = means.length > 1 ? ` (${Math.min(...means).toFixed(3)} to ${Math.max(...means).toFixed(3)})` : '';
      return `${average(means).toFixed(3)}${spread}`;
    });
    const minutes = average(of.map(({ seconds }) => seconds)) / 60;
    return [`| ${[names[row], of.length, minutes.toFixed(1), ...cells].join(' | ')} |`];
  });
  const heads = ['row', 'seeds', 'minutes', ...columns.map((name) => measureTitles[name])];
  return [
    `| ${heads.join(' | ')} |`,
    `|${heads.map((_, k) => (k === 0 ? ' --- ' : ' ---: ')).join('|')}|`,
    ...lines,
  ].join('\n');
}
