import { join } from 'node:path';
import { Generator, noGrad, type Tensor } from '@chiaro/autograd';
import {
  baseEnergy,
  baseTerms,
  enhancedEnergy,
  enhancedFace,
  enhancedTerms,
  faceOfAttributes,
  type AttributeModel,
  type EnhancedWeights,
  type RayOptions,
} from '@chiaro/faces';
import {
  baseRows,
  enhancedRows,
  isEnhanced,
  type BaseRow,
  type BaseSettings,
  type EnhancedRow,
  type Row,
} from '../config.js';
import { attributeModel, type Experiment } from '../experiment.js';
import { AlbedoDecoders, Encoder, incrementsOf } from '../network.js';
import { photoBatches, viewsOf, type PhotoBatch } from './photoBatch.js';
import { startEncoder } from './startEncoder.js';
import { meanTerms } from './terms.js';
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

/** A network that learns, and how fast: what a stage takes. */
type Learning = Stage<PhotoBatch>['networks'];

/** How rays are traced while a row learns. */
export const raysOf = (
  { preset }: Experiment,
  { spp, depth }: Pick<BaseSettings, 'spp' | 'depth'>,
  generator: Generator,
): RayOptions => ({
  ...{ spp, depth, generator, lightHeight: preset.lightHeight },
});

/** Stage I: trains E by eq. 2 on photographs alone. */
async function trainBase(
  experiment: Experiment,
  row: BaseRow,
  { encoder, of }: { encoder: Encoder; of: AttributeModel },
  { seed, imageNet = 'none', ...watch }: Job,
): Promise<TrainedStage> {
  const { preset, folder } = experiment;
  const settings = baseRows[row];
  return trainStage<PhotoBatch>(
    {
      ...{ folder: stageFolder(folder, row, seed), title: `Rich reflectance, ${row}, seed ${seed}` },
      networks: { encoder: { network: encoder, rate: preset.rate.encoder } },
      ...{
        data: photoBatches(experiment, seed, { photographs: preset.photographs.base }),
        epochs: preset.epochs.base,
        rateFalls: preset.rate.falls,
        seed: 1000 + seed,
        about: { row, imageNet },
      },
      step: (batch, { generator }) => {
        const vectors = encoder.forward(batch.images);
        const rays = raysOf(experiment, settings, generator);
        const each = viewsOf(experiment, batch).map((view, b) =>
          baseEnergy(of.model, faceOfAttributes(of, vectors.select(0, b)), view, rays, settings.weights),
        );
        return meanTerms(baseTerms, each);
      },
    },
    watch,
  );
}

/** Stages II and III: the decoders by eq. 3 with E as it is, then all together by eq. 2 and 3. */
async function trainDecoders(
  experiment: Experiment,
  row: EnhancedRow,
  { encoder, decoders, of }: { encoder: Encoder; decoders: AlbedoDecoders; of: AttributeModel },
  { seed, imageNet = 'none', ...watch }: Job,
): Promise<{ decoders: TrainedStage; joint: TrainedStage }> {
  const { preset, folder } = experiment;
  const { weights, joint, decoders: kind } = enhancedRows[row];
  const base = baseRows.rays;
  const learner = { network: decoders, rate: preset.rate.decoders };
  const sharesDecoders = row === 'separate' ? 'dual' : row;

  const stage = (name: string, epochs: number, epochsBefore: number, networks: Learning, own: string) => ({
    ...{ folder: stageFolder(folder, `${own}-${name}`, seed), title: `Rich reflectance, ${own}-${name}, seed ${seed}` },
    ...{ networks, epochs, rateFalls: preset.rate.falls, about: { row: own, stage: name, kind, imageNet } },
    factors: { diffuseConsistency: (epoch: number) => weights.diffuseConsistency * 0.5 ** (epochsBefore + epoch) },
  });
  const relaxed = ({ diffuseConsistency }: Readonly<Record<string, Tensor>>): EnhancedWeights => ({
    ...weights,
    ...(weights.diffuseConsistency > 0 && { diffuseConsistency }),
  });

  const second = await trainStage<PhotoBatch>(
    {
      ...stage('decoders', preset.epochs.decoders, 0, { decoders: learner }, sharesDecoders),
      ...{
        fixed: [encoder],
        data: photoBatches(experiment, 100 + seed, { photographs: preset.photographs.decoders }),
        seed: 2000 + seed,
      },
      step: (batch, { generator, factors }) => {
        const latents = noGrad(() => encoder.latents(batch.images));
        const increments = decoders.forward(latents);
        const vectors = noGrad(() => encoder.attributes.forward(latents));
        const rays = raysOf(experiment, base, generator);
        const each = viewsOf(experiment, batch).map((view, b) => {
          const face = noGrad(() => faceOfAttributes(of, vectors.select(0, b)));
          const whole = enhancedFace(face, incrementsOf(increments, b));
          return enhancedEnergy(of.model, of.atlas, whole, view, rays, relaxed(factors));
        });
        return meanTerms(enhancedTerms, each);
      },
    },
    watch,
  );

  const learning = { encoder: { network: encoder, rate: preset.rate.encoder }, decoders: learner };
  const third = await trainStage<PhotoBatch>(
    {
      ...stage('joint', preset.epochs.joint, preset.epochs.decoders, learning, row),
      ...{ data: photoBatches(experiment, 200 + seed, { photographs: preset.photographs.joint }), seed: 3000 + seed },
      step: (batch, { generator, factors }) => {
        const latents = encoder.latents(batch.images);
        const vectors = encoder.attributes.forward(latents);
        const [seenLatents, seenVectors] = joint ? [latents, vectors] : [latents.detach(), vectors.detach()];
        const increments = decoders.forward(seenLatents);
        const rays = raysOf(experiment, base, generator);
        const [first, both]: [Tensor[], Tensor[]] = [[], []];
        viewsOf(experiment, batch).forEach((view, b) => {
          const face = faceOfAttributes(of, vectors.select(0, b));
          const seen = joint ? face : faceOfAttributes(of, seenVectors.select(0, b));
          first.push(baseEnergy(of.model, face, view, rays, base.weights));
          const whole = enhancedFace(seen, incrementsOf(increments, b));
          both.push(enhancedEnergy(of.model, of.atlas, whole, view, rays, relaxed(factors)));
        });
        return { ...meanTerms(baseTerms, first), ...meanTerms(enhancedTerms, both, 'enhanced-') };
      },
    },
    watch,
  );
  return { decoders: second, joint: third };
}

/**
 * Trains the networks of a row through all its stages, on photographs alone. What an ended run has done is not done again,
 * nor what another row with the same seed has done.
 * @throws ChiaroError where the folder holds a run with other settings; the signal's reason.
 */
export async function trainRow(experiment: Experiment, job: Job): Promise<Trained> {
  const { preset } = experiment;
  const { row, seed } = job;
  const baseRow: BaseRow = isEnhanced(row) ? 'rays' : row;
  const of = attributeModel(experiment, baseRows[baseRow].bands);
  const { encoder, trained: start } = await startEncoder(experiment, of, { ...job, weights: baseRows.rays.weights });
  const base = await trainBase(experiment, baseRow, { encoder, of }, job);
  const begun = start.landmarks.seconds + start.light.seconds;
  const shares = { landmarks: start.landmarks.shares, light: start.light.shares, base: base.shares };
  if (!isEnhanced(row)) return { encoder, of, seconds: begun + base.seconds, shares };
  const decoders = new AlbedoDecoders(preset, enhancedRows[row].decoders, new Generator(500 + seed));
  const { decoders: second, joint } = await trainDecoders(experiment, row, { encoder, decoders, of }, job);
  return {
    ...{ encoder, decoders, of, seconds: begun + base.seconds + second.seconds + joint.seconds },
    shares: { ...shares, decoders: second.shares, joint: joint.shares },
  };
}
