import { judgeNaive, once, saveNetworks, type EncoderStart, type RowEntry } from '@chiaro/example-rich-reflectance';
import { firstWeights, type Row } from '../config.js';
import type { Experiment } from '../experiment.js';
import { trainRow, type Job } from '../training/trainRow.js';
import { scoreFaces, scoreNetworks, type Scores } from './measures.js';

/** What a row of the tables says. */
export type Entry = RowEntry<Row, Scores>;

/** What has to be beaten. */
export const naiveEntries = (experiment: Experiment, start: Omit<EncoderStart, 'weights'> = {}): Promise<Entry[]> =>
  judgeNaive(experiment, { ...start, weights: firstWeights }, (faceOf) =>
    scoreFaces(
      experiment,
      experiment.test.map((_, n) => faceOf(n)),
    ),
  );

/** Trains a row and judges it. What was done is not done again. */
export const runRow = (experiment: Experiment, job: Job): Promise<Entry> =>
  once(experiment.folder, job.row, job.seed, async () => {
    const trained = await trainRow(experiment, job);
    const { seconds, shares, encoder, decoders, details } = trained;
    await saveNetworks(experiment.folder, job.row, job.seed, { encoder, decoders, details });
    return { seconds, shares, scores: await scoreNetworks(experiment, trained) };
  });
