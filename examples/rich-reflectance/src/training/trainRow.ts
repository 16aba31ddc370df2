import { join } from 'node:path';
import { Generator } from '@chiaro/autograd';
import type { AttributeModel } from '@chiaro/faces';
import { baseRows, enhancedRows, isEnhanced, type BaseRow, type Row } from '../config.js';
import { attributeModel, type Experiment } from '../experiment.js';
import { AlbedoDecoders, type Encoder } from '../network.js';
import { photoBatches } from './photoBatch.js';
import { baseStage, decodersStage, jointStage, type StageLoss } from './stages.js';
import { startEncoder } from './startEncoder.js';
import { trainStage, type Stage, type TrainedStage, type TrainingWatch } from './trainStage.js';

/** A row of the table to be trained. */
export interface Job extends TrainingWatch {
  readonly row: Row;
  readonly seed: number;
  /** A file of PyTorch with the weights of ImageNet to begin from. */
  readonly imageNet?: string | undefined;
}

/** A row that is trained. */
export interface Trained {
  readonly encoder: Encoder;
  /** Of a row with all stages. */
  readonly decoders?: AlbedoDecoders;
  readonly of: AttributeModel;
  /** Of all stages, also those that another row has trained. */
  readonly seconds: number;
  /** Each term's share of the loss of each stage's first step. */
  readonly shares: Readonly<Record<string, TrainedStage['shares']>>;
}

/** Where a stage is kept: rows that share it share the folder. */
export const stageFolder = (folder: string, stage: string, seed: number): string => join(folder, `seed-${seed}`, stage);

/**
 * Trains the networks of a row through all its stages, on photographs alone. What an ended run has done is not done again,
 * nor what another row with the same seed has done.
 * @throws ChiaroError where the folder holds a run with other settings; the signal's reason.
 */
export async function trainRow(experiment: Experiment, job: Job): Promise<Trained> {
  const { preset, folder } = experiment;
  const { row, seed, imageNet = 'none', ...watch } = job;
  const { epochs, photographs, rate } = preset;
  const base: BaseRow = isEnhanced(row) ? 'rays' : row;
  const of = attributeModel(experiment, baseRows[base].bands);
  const { encoder, trained: start } = await startEncoder(experiment, of, { ...job, weights: baseRows.rays.weights });
  /** Trains the stage of this number, 0 to 2. */
  const train = (
    stage: keyof typeof epochs,
    number: number,
    name: string,
    loss: StageLoss,
    about: Stage<never>['about'],
  ) =>
    trainStage(
      {
        ...{ folder: stageFolder(folder, name, seed), title: `Rich reflectance, ${name}, seed ${seed}`, ...loss },
        ...{ epochs: epochs[stage], rateFalls: rate.falls, seed: 1000 * (number + 1) + seed },
        data: photoBatches(experiment, 100 * number + seed, { photographs: photographs[stage] }),
        about: { ...about, imageNet },
      },
      watch,
    );

  const first = await train('base', 0, base, baseStage(experiment, base, { of, encoder }), { row: base });
  const begun = start.landmarks.seconds + start.light.seconds;
  const shares = { landmarks: start.landmarks.shares, light: start.light.shares, base: first.shares };
  if (!isEnhanced(row)) return { encoder, of, seconds: begun + first.seconds, shares };

  const { decoders: kind } = enhancedRows[row];
  const decoders = new AlbedoDecoders(preset, kind, new Generator(500 + seed));
  const networks = { of, encoder, decoders };
  const own = row === 'separate' ? 'dual' : row;
  const second = await train('decoders', 1, `${own}-decoders`, decodersStage(experiment, own, networks), {
    ...{ row: own, stage: 'decoders', kind },
  });
  const third = await train('joint', 2, `${row}-joint`, jointStage(experiment, row, networks, epochs.decoders), {
    ...{ row, stage: 'joint', kind },
  });
  return {
    ...{ encoder, decoders, of, seconds: begun + first.seconds + second.seconds + third.seconds },
    shares: { ...shares, decoders: second.shares, joint: third.shares },
  };
}
