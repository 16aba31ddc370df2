import { join } from 'node:path';
import { compile, Generator, noGrad, type Tensor } from '@chiaro/autograd';
import { Adadelta, Trainer, type Module } from '@chiaro/nn';
import { trainInFolder, type TextStream } from '@chiaro/nn/node';
import { breedingPlan } from './breeding.js';
import { lossOf, type Preset, type Row } from './config.js';
import { corpusIn, Iterations, networkInput, type Corpus, type FaceBatch } from './corpus.js';
import { meanSquares, parameterLoss, sigmaDiagonal } from './losses.js';
import type { FaceRenderer } from './model/faceRenderer.js';
import { vectorOf } from './model/parameters.js';
import { makeNetwork } from './network.js';
import { loadImageNet } from './weights.js';

/** What a row is trained from. */
export interface TrainingWorld {
  readonly renderer: FaceRenderer;
  /** The first corpus. */
  readonly corpus: Corpus;
  /** Photographs R, [N * S * S * 3] crops. */
  readonly pool: Uint8Array;
}

/** A row of the table to be trained. */
export interface Job {
  readonly preset: Preset;
  readonly row: Row;
  readonly seed: number;
  /** Of the whole example: the first iterations of rows with the same loss are shared. */
  readonly out: string;
  /** A file of PyTorch with the weights of ImageNet to begin from. */
  readonly imageNet?: string | undefined;
  readonly stream?: TextStream | false;
  readonly signal?: AbortSignal;
}

/** A trained network: theta [N * m] of crops [N * S * S * 3]. */
export interface Trained {
  readonly network: Module;
  readonly predict: (images: Uint8Array) => Promise<Float32Array>;
  /** Seconds of all stages. */
  readonly seconds: number;
  readonly iterations: number;
}

/** Where a round of a row is kept. */
export const roundFolder = (out: string, row: Row, seed: number, round: number): string =>
  join(out, `seed-${seed}`, row, `round-${round}`);

/** Crops that are regressed at once. */
const predictionBatch = 32;

/** theta [N * m] of crops, in batches of one size. */
export function predictor(network: Module, size: number, outputs: number): Trained['predict'] {
  const forward = compile((images: Tensor) => noGrad(() => network.forward(images)));
  return async (images) => {
    network.eval();
    const bytes = 3 * size * size;
    const count = images.length / bytes;
    const result = new Float32Array(count * outputs);
    for (let first = 0; first < count; first += predictionBatch) {
      const here = Math.min(predictionBatch, count - first);
      const padded = new Uint8Array(predictionBatch * bytes);
      padded.set(images.subarray(first * bytes, (first + here) * bytes));
      const theta = forward(networkInput(padded, size));
      result.set((await theta.data()).subarray(0, here * outputs) as Float32Array, first * outputs);
      theta.dispose();
    }
    network.train();
    return result;
  };
}

/**
 * Trains a row: first iterations on the first corpus, then rounds on it, or on corpora that are bred (Algorithm 1), with
 * the same number of iterations. What an ended run has done is not done again.
 */
export async function trainRow(
  world: TrainingWorld,
  { preset, row, seed, out, imageNet, stream, signal }: Job,
): Promise<Trained> {
  const { renderer, corpus } = world;
  const { layout } = renderer.model;
  const { size, batchSize, rate, weightDecay } = preset;
  const network = makeNetwork(preset, layout.size, new Generator(seed));
  if (imageNet !== undefined) await loadImageNet(network, preset.architecture, imageNet);
  // Caffe's AdaDelta: momentum 0.95 is rho
  const optimizer = new Adadelta(network.parameters(), { lr: rate, rho: 0.95, eps: 1e-6, weightDecay });
  const loss = lossOf(row);
  const squares = meanSquares(layout, corpus.theta);
  const sigma =
    loss === 'euclidean' ? vectorOf(layout, () => 1) : sigmaDiagonal(renderer.model, preset.sigmaUnits, squares);
  const unit = squares.reduce((sum, x, k) => sum + x * sigma[k] ** 2, 0);
  const predict = predictor(network, size, layout.size);
  let seconds = 0;

  const train = async (folder: string, of: Corpus, iterations: number, stage: number): Promise<void> => {
    const trainer = new Trainer<FaceBatch>({
      state: { network, optimizer },
      data: new Iterations(of, iterations, { size, batchSize, seed: 1000 * seed + stage }),
      epochs: 1,
      about: { loss, seed, stage, iterations, imageNet: imageNet ?? 'none' },
      step: ({ images, theta }) => {
        // the gradient is that of eq. 6 itself: weight decay and AdaDelta's epsilon are meant for its size
        const value = parameterLoss(network.forward(images), theta, sigma);
        value.backward();
        optimizer.step();
        optimizer.zeroGrad();
        return value.div(unit);
      },
    });
    const title = `InverseFaceNet, ${row}, seed ${seed}, ${stage === 0 ? 'first iterations' : `round ${stage}`}`;
    const result = await trainInFolder(trainer, folder, { title, stream, signal });
    seconds += result.seconds;
  };

  await train(join(out, `seed-${seed}`, loss, 'first'), corpus, preset.initialIterations, 0);
  for (let round = 1; round <= preset.rounds; round++) {
    const folder = roundFolder(out, row, seed, round);
    const begun = performance.now();
    const here =
      row === 'breeding'
        ? await corpusIn(
            join(folder, 'corpus'),
            renderer,
            await breedingPlan(renderer.model, predict, world.pool, { seed, round }),
            undefined,
            signal,
          )
        : corpus;
    if (row === 'breeding') seconds += (performance.now() - begun) / 1000;
    await train(folder, here, preset.roundIterations, round);
  }
  return { network, predict, seconds, iterations: preset.initialIterations + preset.rounds * preset.roundIterations };
}
