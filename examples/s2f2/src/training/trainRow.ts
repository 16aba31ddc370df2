import { Generator } from '@chiaro/autograd';
import {
  AlbedoDecoders,
  attributeModel,
  photoBatches,
  stageFolder,
  startEncoder,
  trainStage,
  type StageLoss,
  type TrainedStage,
  type TrainingWatch,
} from '@chiaro/example-rich-reflectance';
import { texelPlaces } from '@chiaro/faces';
import { firstWeights, isCoarse, type Row } from '../config.js';
import type { Experiment } from '../experiment.js';
import { DetailNets, loadBackbone } from '../networks/detailNets.js';
import type { Networks } from '../networks/reconstruct.js';
import { coarseStage, fineStage, mediumStage } from './stages.js';

/** A row of the tables to be trained. */
export interface Job extends TrainingWatch {
  readonly row: Row;
  readonly seed: number;
  /** Files of PyTorch to begin from: ResNet-152 of ImageNet for E, VGG16 with batch normalisation for the U-nets. */
  readonly imageNet?: string | undefined;
  readonly vgg?: string | undefined;
}

/** A row that is trained. */
export interface Trained extends Networks {
  /** Of all stages, also those that another row has trained. */
  readonly seconds: number;
  /** Each term's share of the loss of each stage's first step. */
  readonly shares: Readonly<Record<string, TrainedStage['shares']>>;
}

/**
 * Trains the networks of a row through its stages (section 3.5), on photographs alone. What an ended run has done is not done
 * again, nor what another row with the same seed has done.
 * @throws ChiaroError where the folder holds a run with other settings; the signal's reason.
 */
export async function trainRow(experiment: Experiment, job: Job): Promise<Trained> {
  const { preset, folder } = experiment;
  const { row, seed, imageNet = 'none', vgg = 'none', ...watch } = job;
  const { epochs, photographs, rate } = preset;
  const of = attributeModel(experiment, 9);
  const { encoder, trained } = await startEncoder(experiment, of, { ...job, weights: firstWeights });
  const start: Networks = { of, encoder, places: texelPlaces(of.model.data, preset.texture) };

  let seconds = trained.landmarks.seconds + trained.light.seconds;
  const shares: Record<string, TrainedStage['shares']> = {
    ...{ landmarks: trained.landmarks.shares, light: trained.light.shares },
  };
  /** Trains the stage of this number, 1 to 3. */
  const run = async (
    name: string,
    number: number,
    stage: StageLoss & { readonly photographs: number; readonly epochs: number },
  ): Promise<void> => {
    const { photographs, ...loss } = stage;
    const trained = await trainStage(
      {
        ...{ folder: stageFolder(folder, `${name}-stage`, seed), title: `S2F2, ${name}, seed ${seed}`, ...loss },
        ...{ data: photoBatches(experiment, 100 * number + seed, { photographs }), seed: 1000 * number + seed },
        rateFalls: rate.falls,
        about: { stage: name, imageNet, vgg },
      },
      watch,
    );
    seconds += trained.seconds;
    shares[name] = trained.shares;
  };

  const coarse = isCoarse(row) ? row : 'coarse';
  await run(coarse, 1, {
    ...coarseStage(experiment, coarse, start),
    ...{ photographs: photographs.base, epochs: epochs.base },
  });
  if (isCoarse(row)) return { ...start, seconds, shares };
  if (row === 'coarseLonger') {
    await run(row, 2, {
      ...coarseStage(experiment, 'coarse', start),
      ...{ photographs: photographs.joint, epochs: epochs.decoders + epochs.joint },
    });
    return { ...start, seconds, shares };
  }

  const decoders = new AlbedoDecoders(preset, 'dual', new Generator(500 + seed));
  const medium = { ...start, decoders };
  await run('medium', 2, {
    ...mediumStage(experiment, medium),
    ...{ photographs: photographs.decoders, epochs: epochs.decoders },
  });
  if (row === 'medium') return { ...medium, seconds, shares };

  const details = new DetailNets(preset, new Generator(600 + seed));
  if (job.vgg !== undefined) await loadBackbone(details, job.vgg);
  const fine = { ...medium, details };
  await run(row, 3, {
    ...fineStage(experiment, row, fine),
    ...{ photographs: photographs.joint, epochs: epochs.joint },
  });
  return { ...fine, seconds, shares };
}
