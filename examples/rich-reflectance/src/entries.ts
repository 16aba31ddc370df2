import { join } from 'node:path';
import { deviceInfo } from '@chiaro/autograd';
import type { AttributeFace } from '@chiaro/faces';
import { ResultsFile } from '@chiaro/nn/node';
import { attributeModel, type Experiment } from './experiment.js';
import { meanFace, meanFaceRelit } from './naive.js';
import { facesIn } from './network.js';
import { batchOf } from './training/photoBatch.js';
import { startEncoder, type EncoderStart } from './training/startEncoder.js';
import type { TrainedStage } from './training/trainStage.js';

/**
 * What has to be beaten: the mean face in even light for everybody, and in the light that fits each photograph best; and
 * what all rows begin from (`startEncoder`).
 */
export const naiveRows = ['mean', 'light', 'start'] as const;
export type NaiveRow = (typeof naiveRows)[number];

/** What a row of a table says. */
export interface RowEntry<Row extends string, Scores> {
  readonly row: Row | NaiveRow;
  /** 0 of rows that nothing is trained for. */
  readonly seed: number;
  /** Of training. */
  readonly seconds: number;
  readonly adapter: string;
  readonly scores: Scores;
  /** Of a trained row: each term's share of the loss of each stage's first step. */
  readonly shares?: Readonly<Record<string, TrainedStage['shares']>>;
}

/** `results.json` of a folder. */
export const resultsIn = <Row extends string, Scores>(folder: string): ResultsFile<RowEntry<Row, Scores>> =>
  new ResultsFile(join(folder, 'results.json'), ({ row, seed }) => `${row} ${seed}`);

/** What was measured earlier, or what `measure` finds now. */
export async function once<Row extends string, Scores>(
  folder: string,
  row: Row | NaiveRow,
  seed: number,
  measure: () => Promise<Pick<RowEntry<Row, Scores>, 'seconds' | 'scores' | 'shares'>>,
): Promise<RowEntry<Row, Scores>> {
  const results = resultsIn<Row, Scores>(folder);
  const done = (await results.read()).find((entry) => entry.row === row && entry.seed === seed);
  if (done) return done;
  const entry = { row, seed, adapter: (await deviceInfo()).name, ...(await measure()) };
  await results.put([entry]);
  return entry;
}

/**
 * Judges what has to be beaten; the start where the preset trains one.
 * @param scoresOf judges the faces of the test's photographs, by their numbers.
 */
export async function judgeNaive<Row extends string, Scores>(
  experiment: Experiment,
  start: EncoderStart,
  scoresOf: (faceOf: (n: number) => AttributeFace) => Promise<Scores>,
): Promise<RowEntry<Row, Scores>[]> {
  const faces = {
    mean: () => {
      const face = meanFace(experiment);
      return () => face;
    },
    light: () => meanFaceRelit(experiment),
    start: async () => {
      const of = attributeModel(experiment, 9);
      const { encoder } = await startEncoder(experiment, of, start);
      return facesIn(of, { encoder: encoder.eval() }, batchOf(experiment.test, experiment.preset.size).images);
    },
  };
  const { landmarks, light } = experiment.preset.start.epochs;
  const entries = [];
  for (const row of naiveRows.filter((name) => name !== 'start' || landmarks + light > 0))
    entries.push(
      await once<Row, Scores>(experiment.folder, row, 0, async () => ({
        seconds: 0,
        scores: await scoresOf(await faces[row]()),
      })),
    );
  return entries;
}

/** Lines that say what each term's share of the loss of each stage's first step was. */
export const shareLines = ({ row, seed, shares = {} }: RowEntry<string, unknown>): string[] =>
  Object.entries(shares).map(([stage, terms]) => {
    const list = Object.entries(terms).map(([term, share]) => `${term} ${(100 * share).toFixed(1)} %`);
    return `loss of ${row}, seed ${seed}, at the first step of stage ${stage}: ${list.join(', ')}`;
  });
