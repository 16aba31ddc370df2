import { join } from 'node:path';
import { Generator, tensor, type Tensor } from '@chiaro/autograd';
import { Adam, cosineDecay, Schedule, Trainer, type BatchSource, type Module } from '@chiaro/nn';
import { readJsonl, trainInFolder, type TextStream } from '@chiaro/nn/node';

/** A stage of training: which networks learn, from what, how long. */
export interface Stage<Batch> {
  /** Keeps the stage: what an ended run has done is not done again. Rows that have a stage in common share its folder. */
  readonly folder: string;
  readonly title: string;
  /** The networks that learn, each with its rate of Adam, by name. */
  readonly networks: Readonly<Record<string, { readonly network: Module; readonly rate: number }>>;
  /** Whether rates fall to zero along half a cosine. */
  readonly rateFalls: boolean;
  /** Networks that are used as they are: without gradients, in their mode for use. */
  readonly fixed?: readonly Module[];
  readonly data: BatchSource<Batch>;
  readonly epochs: number;
  /** Of the random numbers that `step` is given. */
  readonly seed: number;
  /** Factors that change with the epoch, 0 at first, by name. */
  readonly factors?: Readonly<Record<string, (epoch: number) => number>>;
  /** Terms of the loss of a batch by name, shape [] each; their sum is the loss. */
  readonly step: (batch: Batch, given: StepInputs) => Readonly<Record<string, Tensor>>;
  /** A run is only resumed with the same. */
  readonly about?: Readonly<Record<string, string | number>>;
}

/** What a step of a stage is given besides its batch. */
export interface StepInputs {
  readonly generator: Generator;
  /** `Stage.factors` of the epoch, shape [] each. */
  readonly factors: Readonly<Record<string, Tensor>>;
}

/** How training is followed. */
export interface TrainingWatch {
  /** Where progress is shown: standard error. False shows none. */
  readonly stream?: TextStream | false | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a stage took, and how its loss began. */
export interface TrainedStage {
  readonly seconds: number;
  readonly steps: number;
  /** Each term's share of the loss of the first step. */
  readonly shares: Readonly<Record<string, number>>;
}

/** A batch with the factors of its epoch: they come with the batch, so that a resumed run has them too. */
interface WithFactors<Batch> {
  readonly batch: Batch;
  readonly factors: Readonly<Record<string, Tensor>>;
}

function withFactors<Batch>(
  data: BatchSource<Batch>,
  of: Stage<Batch>['factors'] = {},
): BatchSource<WithFactors<Batch>> {
  return {
    length: data.length,
    async *batches(epoch, from) {
      for await (const { batch, ...place } of data.batches(epoch, from)) {
        const factors = Object.fromEntries(
          Object.entries(of).map(([name, factor]) => [name, tensor(factor(epoch))] as const),
        );
        yield { ...place, batch: { batch, factors } };
      }
    },
  };
}

/**
 * Trains a stage, or reads what an earlier run has made of its networks. A run that was ended goes on exactly.
 * @throws ChiaroError where the folder holds a run with other settings; the signal's reason.
 *
 * @example
 * await trainStage({ folder, title, networks: { encoder: { network, rate: 1e-4 } }, rateFalls: false, data, epochs: 10, seed: 1, step }, {});
 */
export async function trainStage<Batch>(stage: Stage<Batch>, { stream, signal }: TrainingWatch): Promise<TrainedStage> {
  const { folder, title, networks, rateFalls, fixed = [], data, epochs, seed, factors, step, about } = stage;
  for (const network of fixed) network.freeze().eval();
  const learning = Object.entries(networks);
  for (const [, { network }] of learning) network.freeze(false).train();
  const optimizer = new Adam(learning.map(([, { network, rate }]) => ({ params: network.parameters(), lr: rate })));
  const generator = new Generator(seed);
  const schedule = rateFalls && {
    schedule: new Schedule(optimizer, cosineDecay({ over: Math.max(1, epochs * data.length) })),
  };
  const modules = Object.fromEntries(learning.map(([name, { network }]) => [name, network]));
  const trainer = new Trainer<WithFactors<Batch>>({
    ...{ state: { ...modules, optimizer, generator, ...schedule }, data: withFactors(data, factors), epochs },
    about: { ...about, epochs, steps: data.length, seed },
    step: (given) => {
      const terms = step(given.batch, { generator, factors: given.factors });
      const loss = Object.values(terms).reduce((sum, term) => sum.add(term));
      loss.backward();
      optimizer.step();
      optimizer.zeroGrad();
      return { loss, ...terms };
    },
  });
  const { seconds, place } = await trainInFolder(trainer, folder, { title, stream, signal });
  for (const network of Object.values(modules)) network.eval();
  return { seconds, steps: place.step, shares: await firstShares(folder) };
}

/** Each term's share of the loss of a stage's first step, by the log of its folder; empty where nothing was trained. */
async function firstShares(folder: string): Promise<Record<string, number>> {
  const first = (await readJsonl(join(folder, 'log.jsonl'))).find(({ kind }) => kind === 'step');
  if (first?.kind !== 'step') return {};
  const { loss, ...terms } = first.values;
  return Object.fromEntries(Object.entries(terms).map(([name, value]) => [name, value / loss]));
}
