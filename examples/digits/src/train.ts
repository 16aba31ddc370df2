import { join } from 'node:path';
import { compile, Generator, type Tensor } from '@chiaro/autograd';
import { Adam, cosineDecay, crossEntropy, Schedule, Trainer, warmUp, type Sequential } from '@chiaro/nn';
import { trainInFolder, type TextStream } from '@chiaro/nn/node';
import { loadDigits, loaderOf, type Digit, type DigitBatch } from './data.js';
import { network } from './network.js';

/** How much is learned: `small` is the whole data set, `smoke` proves within seconds that everything runs. */
export interface Preset {
  readonly epochs: number;
  readonly batchSize: number;
  /** How many digits of each part are used. */
  readonly train: number;
  readonly held: number;
  readonly test: number;
}

export const presets = {
  small: { epochs: 3, batchSize: 100, train: 55_000, held: 5_000, test: 10_000 },
  smoke: { epochs: 1, batchSize: 50, train: 1_000, held: 200, test: 200 },
} satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

/** What is asked for. */
export interface Job {
  readonly preset: PresetName;
  readonly seed: number;
  /** For checkpoints, logs, report. */
  readonly folder: string;
  /** Begins anew where a run was interrupted. */
  readonly fresh?: boolean;
  /** Shows progress: standard error. */
  readonly stream?: TextStream | false;
}

/** A digit of the test set with what the network takes it for. */
export interface Judged extends Digit {
  readonly guess: number;
}

/** What came of it. */
export interface Result {
  readonly judged: readonly Judged[];
  /** Share of the test set that is right. */
  readonly accuracy: number;
  readonly steps: number;
  /** Seconds of training, validations included. */
  readonly seconds: number;
}

/** Digits per batch where nothing is learned. */
const evaluationBatch = 200;

/** What a network takes digits for. */
async function guesses(forward: (images: Tensor) => Tensor, items: readonly Digit[]): Promise<number[]> {
  const found: number[] = [];
  for await (const { batch } of loaderOf(items, evaluationBatch).batches()) {
    found.push(...(await forward(batch.images).data()));
  }
  return found;
}

const accuracyOf = (judged: readonly Judged[]): number =>
  judged.filter(({ guess, label }) => guess === label).length / judged.length;

function trainer(net: Sequential, judge: (items: readonly Digit[]) => Promise<Judged[]>, job: Job, parts: Parts) {
  const { epochs, batchSize } = presets[job.preset];
  const data = loaderOf(parts.train, batchSize, job.seed);
  const adam = new Adam(net.parameters(), { lr: 2e-3 });
  const steps = epochs * data.length;
  const warm = Math.min(100, Math.ceil(steps / 10));
  const schedule = new Schedule(adam, warmUp({ over: warm, then: cosineDecay({ over: steps - warm }) }));
  return new Trainer<DigitBatch>({
    state: { net, adam, schedule },
    data,
    epochs,
    about: { preset: job.preset, seed: job.seed },
    step: ({ images, labels }) => {
      const loss = crossEntropy(net.forward(images), labels);
      loss.backward();
      adam.step();
      adam.zeroGrad();
      return loss;
    },
    validate: async () => ({ accuracy: accuracyOf(await judge(parts.held)) }),
    watch: { metric: 'accuracy', better: 'higher' },
  });
}

type Parts = Readonly<Record<'train' | 'held' | 'test', readonly Digit[]>>;

/** Trains a network with a seed and judges it by the test set; goes on where an earlier call was interrupted. */
export async function train(job: Job): Promise<Result> {
  const { train, held, test } = presets[job.preset];
  const all = await loadDigits();
  const parts = { train: all.train.slice(0, train), held: all.held.slice(0, held), test: all.test.slice(0, test) };
  const net = network(new Generator(job.seed));
  const forward = compile((images: Tensor) => net.forward(images).argMax(1));
  const judge = async (items: readonly Digit[]): Promise<Judged[]> => {
    const found = await guesses(forward, items);
    return items.map((digit, i) => ({ ...digit, guess: found[i]! }));
  };
  const title = `Handwritten digits, seed ${job.seed}`;
  const run = await trainInFolder(trainer(net, judge, job, parts), job.folder, {
    title,
    resume: job.fresh !== true,
    stream: job.stream,
  });
  await run.loadBest();
  const judged = await judge(parts.test);
  return { judged, accuracy: accuracyOf(judged), steps: run.place.step, seconds: run.seconds };
}

/** Where the run of a seed lies. */
export const folderOf = (out: string, { preset, seed }: Pick<Job, 'preset' | 'seed'>): string =>
  join(out, `${preset}-seed-${seed}`);
