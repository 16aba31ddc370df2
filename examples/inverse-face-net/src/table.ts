import { join } from 'node:path';
import { deviceInfo } from '@chiaro/autograd';
import type { ErrorSummary } from '@chiaro/faces';
import type { TextStream } from '@chiaro/nn/node';
import type { PresetName, Row } from './config.js';
import type { Corpus } from './corpus.js';
import { refitLight, score, type Scores } from './evaluate.js';
import { cropsOf, type Experiment } from './experiment.js';
import { breedingFigures, saveHeatMaps, type Distances } from './figures.js';
import { trainRow, type Trained } from './training.js';
import { saveNetwork } from './weights.js';

/** What a row of the table says. */
export interface Entry extends Scores {
  readonly preset: PresetName;
  /** A trained row; or `mean`, the mean of the corpus, or `light`, the same with refitted light. */
  readonly row: Row | 'mean' | 'light';
  readonly seed: number;
  readonly iterations: number;
  readonly seconds: number;
  /** One forward pass of one crop, in batches of 32. */
  readonly msPerImage: number;
  readonly adapter: string;
  /** Of a bred row: distances between corpus and world, for the first corpus and after each round. */
  readonly corpora?: readonly Distances[];
}

/** Mean of theta over a corpus: [m]. */
function meanParameters({ theta }: Corpus, m: number): Float32Array {
  const mean = new Float32Array(m);
  theta.forEach((x, i) => (mean[i % m] += (x * m) / theta.length));
  return mean;
}

/** The rows that nothing is learned for. */
export async function baselines({ renderer, corpus, test }: Experiment, preset: PresetName): Promise<Entry[]> {
  const m = renderer.model.layout.size;
  const mean = meanParameters(corpus, m);
  const repeated = Float32Array.from({ length: m * test.length }, (_, i) => mean[i % m]);
  const none = { preset, seed: 0, iterations: 0, seconds: 0, msPerImage: 0, adapter: (await deviceInfo()).name };
  return [
    { ...none, row: 'mean', ...(await score(renderer, repeated, test)) },
    { ...none, row: 'light', ...(await score(renderer, await refitLight(renderer, mean, test), test)) },
  ];
}

/** Trains a row and judges it. */
export async function runRow(
  experiment: Experiment,
  {
    name,
    row,
    seed,
    imageNet,
    stream,
    signal,
  }: {
    readonly name: PresetName;
    readonly row: Row;
    readonly seed: number;
    readonly imageNet?: string | undefined;
    readonly stream?: TextStream | false;
    readonly signal?: AbortSignal;
  },
): Promise<{ readonly entry: Entry; readonly trained: Trained }> {
  const { preset, folder, renderer, corpus, pool, test } = experiment;
  const crops = cropsOf(pool);
  const trained = await trainRow(
    { renderer, corpus, pool: crops },
    { preset, row, seed, out: folder, imageNet, stream, signal },
  );
  const photos = cropsOf(test);
  await trained.predict(photos.subarray(0, photos.length / test.length)); // compiles
  const begun = performance.now();
  const theta = await trained.predict(photos);
  const msPerImage = (performance.now() - begun) / test.length;
  await saveNetwork(networkFile(folder, row, seed), trained.network, preset.architecture);
  const { seconds, iterations } = trained;
  const scores = await score(renderer, theta, test);
  const figures = join(folder, `seed-${seed}`, 'figures');
  await saveHeatMaps(join(figures, `${row}-heat.png`), experiment, theta, 16);
  const corpora = row === 'breeding' ? await breedingFigures(experiment, seed, figures) : undefined;
  const entry = {
    preset: name,
    row,
    seed,
    iterations,
    seconds,
    msPerImage,
    adapter: (await deviceInfo()).name,
    ...scores,
    ...(corpora && { corpora }),
  };
  return { entry, trained };
}

const names: Readonly<Record<Entry['row'], string>> = {
  mean: 'mean of the corpus',
  light: 'mean face, light refitted',
  euclidean: 'Euclidean loss',
  'model-space': '+ model-space loss (eq. 6)',
  breeding: '+ breeding (InverseFaceNet)',
};

/** Table 1 of the paper from entries: means over photographs +- their deviation, averaged over seeds, and the spread of the means over seeds. */
export function table(entries: readonly Entry[]): string {
  const columns = ['photometric', 'geometric', 'aligned', 'overlap'] as const;
  const average = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
  const cell = (of: readonly ErrorSummary[]): string => {
    const means = of.map(({ mean }) => mean);
    const spread =
      means.length > 1 ? ` (seeds ${Math.min(...means).toFixed(2)} to ${Math.max(...means).toFixed(2)})` : '';
    return `${average(means).toFixed(2)} ±${average(of.map(({ deviation }) => deviation)).toFixed(2)}${spread}`;
  };
  const lines = (Object.keys(names) as Entry['row'][]).flatMap((row) => {
    const of = entries.filter((entry) => entry.row === row);
    if (of.length === 0) return [];
    const cells = columns.map((column) => cell(of.map((entry) => entry[column])));
    const [iterations, minutes, ms] = [
      of[0].iterations,
      average(of.map((e) => e.seconds)) / 60,
      average(of.map((e) => e.msPerImage)),
    ];
    return [`| ${[names[row], of.length, iterations, minutes.toFixed(1), ms.toFixed(2), ...cells].join(' | ')} |`];
  });
  const head = [
    'row',
    'seeds',
    'iterations',
    'minutes',
    'ms per image',
    'photometric [8 bit]',
    'geometric [mm]',
    'aligned [mm]',
    'IoU [%]',
  ];
  return [
    `| ${head.join(' | ')} |`,
    `|${head.map((_, k) => (k === 0 ? ' --- ' : ' ---: ')).join('|')}|`,
    ...lines,
  ].join('\n');
}

/** Where the network of a row lies once it is trained. */
export const networkFile = (folder: string, row: Row, seed: number): string =>
  join(folder, `seed-${seed}`, `${row}.safetensors`);
