import { Generator, type Tensor } from '@chiaro/autograd';
import {
  AlbedoDecoders,
  attributeModel,
  incrementsOf,
  meanTerms,
  photoBatches,
  raysOf,
  stageFolder,
  startEncoder,
  trainStage,
  viewsOf,
  type PhotoBatch,
  type Stage,
  type TrainedStage,
  type TrainingWatch,
} from '@chiaro/example-rich-reflectance';
import {
  baseEnergy,
  baseTerms,
  enhancedEnergy,
  enhancedFace,
  enhancedTerms,
  faceOfAttributes,
  texelPlaces,
  type EnhancedFace,
  type EnhancedWeights,
} from '@chiaro/faces';
import {
  coarseRows,
  fineWeights,
  firstWeights,
  isCoarse,
  mediumWeights,
  type CoarseRow,
  type Row,
  type StageWeights,
} from '../config.js';
import type { Experiment } from '../experiment.js';
import { detailedFace, DetailNets, loadBackbone, projectedPhotos } from '../networks/detailNets.js';
import type { Networks } from '../networks/reconstruct.js';

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

type Learning = Stage<PhotoBatch>['networks'];
type Step = Stage<PhotoBatch>['step'];

/** The weights of a stage with the consistency of this epoch. */
const relaxed = (weights: StageWeights, { diffuseConsistency }: Readonly<Record<string, Tensor>>): EnhancedWeights => ({
  ...weights,
  ...(weights.diffuseConsistency > 0 && { diffuseConsistency }),
});

/** Eq. 1. */
function coarseStep(experiment: Experiment, { of, encoder }: Networks, row: CoarseRow): Step {
  const { weights, boundary } = coarseRows[row];
  return (batch, { generator }) => {
    const vectors = encoder.forward(batch.images);
    const rays = { ...raysOf(experiment, { spp: experiment.preset.spp, depth: 2 }, generator), boundary };
    const each = viewsOf(experiment, batch).map((view, b) =>
      baseEnergy(of.model, faceOfAttributes(of, vectors.select(0, b)), view, rays, weights),
    );
    return meanTerms(baseTerms, each);
  };
}

/**
 * Eq. 5, or with U-nets eq. 6. E learns in every stage, so what holds its coefficients, the priors and the soft box of
 * eq. 1, stays with the landmarks.
 */
function texturedStep(
  experiment: Experiment,
  { of, encoder, decoders, details, places }: Networks & { decoders: AlbedoDecoders },
  weights: StageWeights,
): Step {
  const withoutPhotos = { ...coarseRows.coarse.weights, rays: 0, vertices: 0 };
  return (batch, { generator, factors }) => {
    const latents = encoder.latents(batch.images);
    const vectors = encoder.attributes.forward(latents);
    const increments = decoders.forward(latents);
    const rays = raysOf(experiment, { spp: experiment.preset.spp, depth: 2 }, generator);
    const views = viewsOf(experiment, batch);
    const bases = views.map((_, b) => faceOfAttributes(of, vectors.select(0, b)));
    const medium = bases.map((base, b) => enhancedFace(base, incrementsOf(increments, b)));
    const found = details?.increments(projectedPhotos(bases, views, places));
    const faces: readonly EnhancedFace[] = found ? medium.map((face, b) => detailedFace(face, found, b)) : medium;
    const held = bases.map((base, b) => baseEnergy(of.model, base, views[b], rays, withoutPhotos));
    const photos = faces.map((face, b) =>
      enhancedEnergy(of.model, of.atlas, face, views[b], rays, relaxed(weights, factors)),
    );
    const { rays: _, vertices: __, ...priors } = meanTerms(baseTerms, held);
    return { ...meanTerms(enhancedTerms, photos), ...priors };
  };
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
  const run = async (
    name: string,
    number: number,
    photographs: number,
    stage: Pick<Stage<PhotoBatch>, 'networks' | 'epochs' | 'step'> &
      Partial<Pick<Stage<PhotoBatch>, 'fixed' | 'factors'>>,
  ): Promise<void> => {
    const trained = await trainStage<PhotoBatch>(
      {
        ...{ folder: stageFolder(folder, `${name}-stage`, seed), title: `S2F2, ${name}, seed ${seed}`, ...stage },
        ...{ data: photoBatches(experiment, 100 * number + seed, { photographs }), seed: 1000 * number + seed },
        rateFalls: rate.falls,
        about: { stage: name, imageNet, vgg },
      },
      watch,
    );
    seconds += trained.seconds;
    shares[name] = trained.shares;
  };
  const learner: Learning = { encoder: { network: encoder, rate: rate.encoder } };
  const halving = ({ diffuseConsistency }: StageWeights): Stage<PhotoBatch>['factors'] => ({
    diffuseConsistency: (epoch) => diffuseConsistency * 0.5 ** epoch,
  });

  const coarse = isCoarse(row) ? row : 'coarse';
  await run(coarse, 1, photographs.base, {
    networks: learner,
    epochs: epochs.base,
    step: coarseStep(experiment, start, coarse),
  });
  if (isCoarse(row)) return { ...start, seconds, shares };
  if (row === 'coarseLonger') {
    const rest = epochs.decoders + epochs.joint;
    await run(row, 2, photographs.joint, {
      networks: learner,
      epochs: rest,
      step: coarseStep(experiment, start, 'coarse'),
    });
    return { ...start, seconds, shares };
  }

  const decoders = new AlbedoDecoders(preset, 'dual', new Generator(500 + seed));
  const medium = { ...start, decoders };
  await run('medium', 2, photographs.decoders, {
    networks: { ...learner, decoders: { network: decoders, rate: rate.decoders } },
    ...{ epochs: epochs.decoders, factors: halving(mediumWeights) },
    step: texturedStep(experiment, medium, mediumWeights),
  });
  if (row === 'medium') return { ...medium, seconds, shares };

  const details = new DetailNets(preset, new Generator(600 + seed));
  if (job.vgg !== undefined) await loadBackbone(details, job.vgg);
  const weights = row === 'fine' ? fineWeights : { ...fineWeights, diffuseSymmetry: 0, diffuseConsistency: 0 };
  const fine = { ...medium, details };
  await run(row, 3, photographs.joint, {
    networks: { ...learner, details: { network: details, rate: preset.unetRate } },
    ...{ fixed: [decoders], epochs: epochs.joint, factors: halving(weights) },
    step: texturedStep(experiment, fine, weights),
  });
  return { ...fine, seconds, shares };
}
