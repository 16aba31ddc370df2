import { Adam, Schedule, Trainer, type BatchSource, type Module } from '@chiaro/nn';
import { readJsonl, trainInFolder, type TextStream } from '@chiaro/nn/node';
import { join } from 'node:path';
import type { Preset } from '../config.js';
import { total } from '../losses.js';
import type { StepTerms } from './steps.js';

/** One phase of training. */
export interface Phase<Batch> {
  /** Keeps the phase; where it is done, it is not done again. */
  readonly folder: string;
  readonly title: string;
  /** The networks that learn, by name. */
  readonly networks: Readonly<Record<string, Module>>;
  readonly data: BatchSource<Batch>;
  readonly epochs: number;
  /** Epochs that the rate has decayed for before. */
  readonly epochsBefore: number;
  readonly step: (batch: Batch) => StepTerms;
  /** A run is only resumed with the same. */
  readonly about: Readonly<Record<string, string | number>>;
}

/** How a phase is followed. */
export interface Following {
  /** Where progress is shown: standard error. False shows none. */
  readonly stream?: TextStream | false | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a phase, or several, took. */
export interface Effort {
  readonly seconds: number;
  readonly steps: number;
}

/**
 * Trains by Adam, whose rate decays every so many epochs (the paper's "decay step of five" has no unit; five optimiser
 * steps would end learning within an epoch).
 */
export async function trainPhase<Batch>(
  { folder, title, networks, data, epochs, epochsBefore, step, about }: Phase<Batch>,
  { rate, decay, decayEpochs }: Pick<Preset, 'rate' | 'decay' | 'decayEpochs'>,
  { stream, signal }: Following,
): Promise<Effort> {
  const parameters = Object.values(networks).flatMap((network) => network.parameters());
  const optimizer = new Adam(parameters, { lr: rate });
  const schedule = new Schedule(
    optimizer,
    (steps) => decay ** Math.floor((epochsBefore + steps / data.length) / decayEpochs),
  );
  const trainer = new Trainer<Batch>({
    ...{ state: { ...networks, optimizer, schedule }, data, epochs, about: { ...about, epochs, steps: data.length } },
    step: (batch) => {
      const { terms, watched } = step(batch);
      const loss = total(terms);
      loss.backward();
      optimizer.step();
      optimizer.zeroGrad();
      return { loss, ...terms, ...watched };
    },
  });
  const { seconds, place } = await trainInFolder(trainer, folder, { title, stream, signal });
  return { seconds, steps: place.step };
}

/** Each term's share of the loss at a phase's first step, by the log of its folder. */
export async function firstShares(folder: string): Promise<Record<string, number>> {
  const first = (await readJsonl(join(folder, 'log.jsonl'))).find(({ kind }) => kind === 'step');
  const { loss, ...values } = first?.values ?? {};
  const terms = Object.entries(values).filter(([name]) => !name.endsWith('albedoSpread'));
  return Object.fromEntries(terms.map(([name, value]) => [name, value / loss]));
}
