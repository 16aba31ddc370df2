import { join } from 'node:path';
import { deviceInfo } from '@chiaro/autograd';
import { meanFace, meanFaceRelit } from '@chiaro/example-rich-reflectance';
import { ResultsFile } from '@chiaro/nn/node';
import type { Row } from '../config.js';
import type { Experiment } from '../experiment.js';
import { trainRow, type Job, type Trained } from '../training/trainRow.js';
import { scoreFaces, scoreNetworks, type Scores } from './measures.js';

/** What a row of the tables says. */
export interface Entry {
  /** A trained row; the mean face in even light for everybody; or that in the light that fits each photograph best. */
  readonly row: Row | 'mean' | 'light';
  /** 0 of rows that nothing is trained for. */
  readonly seed: number;
  /** Of training. */
  readonly seconds: number;
  readonly adapter: string;
  readonly scores: Scores;
  /** Of a trained row: each term's share of the loss of each stage's first step. */
  readonly shares?: Trained['shares'];
}

/** `results.json` of a folder. */
export const resultsOf = (folder: string): ResultsFile<Entry> =>
  new ResultsFile(join(folder, 'results.json'), ({ row, seed }) => `${row} ${seed}`);

/** What was measured earlier, or what `measure` finds now. */
async function once(
  { folder }: Experiment,
  row: Entry['row'],
  seed: number,
  measure: () => Promise<Pick<Entry, 'seconds' | 'scores' | 'shares'>>,
): Promise<Entry> {
  const results = resultsOf(folder);
  const done = (await results.read()).find((entry) => entry.row === row && entry.seed === seed);
  if (done) return done;
  const entry = { row, seed, adapter: (await deviceInfo()).name, ...(await measure()) };
  await results.put([entry]);
  return entry;
}

/** What has to be beaten. */
export async function naiveRows(experiment: Experiment): Promise<Entry[]> {
  const all = experiment.test.map((_, n) => n);
  return [
    await once(experiment, 'mean', 0, async () => {
      const face = meanFace(experiment);
      return {
        seconds: 0,
        scores: await scoreFaces(
          experiment,
          all.map(() => face),
        ),
      };
    }),
    await once(experiment, 'light', 0, async () => {
      const faceOf = await meanFaceRelit(experiment);
      return { seconds: 0, scores: await scoreFaces(experiment, all.map(faceOf)) };
    }),
  ];
}

/** Trains a row and judges it. What was done is not done again. */
export const runRow = (experiment: Experiment, job: Job): Promise<Entry> =>
  once(experiment, job.row, job.seed, async () => {
    const trained = await trainRow(experiment, job);
    const { seconds, shares } = trained;
    return { seconds, shares, scores: await scoreNetworks(experiment, trained) };
  });
