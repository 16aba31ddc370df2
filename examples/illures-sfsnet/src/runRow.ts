import { deviceInfo } from '@chiaro/autograd';
import type { PresetName, RowName } from './config.js';
import { takeApart } from './evaluate/decompose.js';
import { score } from './evaluate/measures.js';
import { meanFace, refitLights } from './evaluate/naive.js';
import type { Entry } from './evaluate/table.js';
import type { Experiment } from './experiment.js';
import { saveTrained } from './networks/trained.js';
import type { Following } from './training/phase.js';
import { trainRow, type TrainedRow } from './training/trainRow.js';
import { relightingScores } from './uses/relight.js';

/** The rows that nothing is learned for. */
export async function naiveEntries({ training, test }: Experiment, preset: PresetName): Promise<Entry[]> {
  const mean = meanFace(training);
  const truth = test.map(({ maps }) => maps);
  const none = { preset, seed: 0, steps: 0, seconds: 0, msPerImage: 0, adapter: (await deviceInfo()).name };
  return [
    {
      ...none,
      row: 'mean',
      scores: score(
        truth.map(() => mean),
        truth,
      ),
    },
    { ...none, row: 'light', scores: score(await refitLights(mean, truth), truth) },
  ];
}

/** A row of the table to be trained and judged. */
export interface RunOptions extends Following {
  readonly name: PresetName;
  readonly row: RowName;
  readonly seed: number;
}

/** Trains a row, keeps its network, and judges it on the stand-in's test set. */
export async function runRow(
  { preset, folder, sources, test, relit }: Experiment,
  { name, row, seed, ...following }: RunOptions,
): Promise<{ readonly entry: Entry; readonly trained: TrainedRow }> {
  const trained = await trainRow(sources, { preset, row, seed, out: folder, ...following });
  await saveTrained({ preset, folder, row, seed }, trained);
  const truth = test.map(({ maps }) => maps);
  const images = truth.map(({ image }) => image);
  await takeApart(trained.network, images.slice(0, 1), preset.size); // compiles
  const begun = performance.now();
  const found = await takeApart(trained.network, images, preset.size);
  const msPerImage = (performance.now() - begun) / images.length;
  const { seconds, steps } = trained;
  const adapter = (await deviceInfo()).name;
  const relighting = relightingScores(
    found,
    truth,
    relit.map(({ maps }) => maps),
  );
  const scores = score(found, truth);
  const entry: Entry = { preset: name, row, seed, steps, seconds, msPerImage, adapter, scores, relighting };
  return { entry, trained };
}
