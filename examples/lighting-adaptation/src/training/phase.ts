import type { Generator, Tensor } from '@chiaro/autograd';
import { Adam, Schedule, Trainer, type BatchSource, type Module, type RateFactor } from '@chiaro/nn';
import { readJsonl, trainInFolder, type TextStream } from '@chiaro/nn/node';
import { join } from 'node:path';

/** How a phase is followed. */
export interface TrainFollowing {
  /** Where progress is shown: standard error. False shows none. */
  readonly stream?: TextStream | false | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One phase of training by Adam. */
export interface Phase<Batch> {
  /** Keeps the phase; where it is done, it is not done again. */
  readonly folder: string;
  readonly title: string;
  /** What learns, by name. */
  readonly learners: Readonly<Record<string, Module>>;
  /** Draws that steps make. */
  readonly generator?: Generator;
  readonly data: BatchSource<Batch>;
  readonly epochs: number;
  readonly rate: number;
  /** By epochs. */
  readonly decay: RateFactor;
  /** Terms of the loss, which is their sum. */
  readonly terms: (batch: Batch) => Readonly<Record<string, Tensor>>;
  /** A run is only resumed with the same. */
  readonly about: Readonly<Record<string, string | number>>;
}

/**
 * Trains a phase with exact resume.
 * @returns seconds that it took, over all parts of the run.
 * @throws ChiaroError where the folder holds a run with other settings; InterruptedError.
 */
export async function trainPhase<Batch>(
  { folder, title, learners, generator, data, epochs, rate, decay, terms, about }: Phase<Batch>,
  { stream, signal }: TrainFollowing,
): Promise<number> {
  const optimizer = new Adam(
    Object.values(learners).flatMap((learner) => learner.parameters()),
    { lr: rate },
  );
  const schedule = new Schedule(optimizer, (steps) => decay(Math.floor(steps / data.length)));
  const trainer = new Trainer<Batch>({
    ...{ state: { ...learners, ...(generator && { generator }), optimizer, schedule }, data, epochs },
    about: { ...about, epochs, steps: data.length, rate },
    step: (batch) => {
      const parts = terms(batch);
      const loss = Object.values(parts).reduce((a, b) => a.add(b));
      loss.backward();
      optimizer.step();
      optimizer.zeroGrad();
      return { loss, ...parts };
    },
  });
  const { seconds } = await trainInFolder(trainer, folder, { title, stream, signal });
  return seconds;
}

/** Each term's share of the loss at a phase's first step, by the log of its folder. */
export async function firstShares(folder: string): Promise<Record<string, number>> {
  const first = (await readJsonl(join(folder, 'log.jsonl'))).find(({ kind }) => kind === 'step');
  const { loss, ...values } = first?.values ?? {};
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value / loss]));
}
