import { join } from 'node:path';
import { Generator } from '@chiaro/autograd';
import {
  baseEnergy,
  baseTerms,
  faceOfAttributes,
  shadeTerm,
  type AttributeFace,
  type AttributeModel,
  type AttributeView,
  type BaseWeights,
} from '@chiaro/faces';
import { attributeModel, type Experiment } from '../experiment.js';
import { Encoder, loadImageNet } from '../network.js';
import { photoBatches, viewsOf, type PhotoBatch } from './photoBatch.js';
import { meanTerms } from './terms.js';
import { trainStage, type TrainedStage, type TrainingWatch } from './trainStage.js';

/** What an encoder begins from. */
export interface EncoderStart extends TrainingWatch {
  /** A file of PyTorch with the weights of ImageNet. */
  readonly imageNet?: string | undefined;
  /** Factors of the terms; `rays` weighs light and reflectance at vertices. */
  readonly weights: BaseWeights;
}

/** Of the vertices of the face proper, light is learned by one in so many. */
const thinning = 8;

/**
 * The encoder that all rows with all seeds begin from, in the place of ImageNet's weights, which do not fit small networks.
 * It has learned where heads are, by landmarks and priors, and then besides what light they are in, by the vertex-based
 * renderer at some vertices of a face that this does not move: shape and pose know nothing but landmarks. Where the preset
 * gives it no epochs, it is ImageNet's, or random.
 */
export async function startEncoder(
  experiment: Experiment,
  of: AttributeModel,
  { imageNet, weights, ...watch }: EncoderStart,
): Promise<{ readonly encoder: Encoder; readonly trained: Readonly<Record<'landmarks' | 'light', TrainedStage>> }> {
  const { preset, folder, model } = experiment;
  const { epochs, batchSize, rate } = preset.start;
  const whole = attributeModel(experiment, 9);
  const first = new Encoder(preset, whole.layout.size, new Generator(1));
  if (imageNet !== undefined) await loadImageNet(first, imageNet);
  const face = Array.from(model.data.mask.keys()).filter((v) => model.data.mask[v] > 0.5);
  const vertices = face.filter((_, k) => k % thinning === 0);
  const held = { ...weights, rays: 0, vertices: 0 };

  const stage = (name: 'landmarks' | 'light', seed: number): Promise<TrainedStage> =>
    trainStage<PhotoBatch>(
      {
        ...{ folder: join(folder, name), title: `E before all rows: ${name}`, rateFalls: preset.rate.falls },
        ...{ networks: { encoder: { network: first, rate } }, epochs: epochs[name], seed },
        data: photoBatches(experiment, seed, { photographs: preset.world.pool, batchSize }),
        about: { imageNet: imageNet ?? 'none' },
        step: (batch, { generator }) => {
          const vectors = first.forward(batch.images);
          const rays = { spp: 1, depth: 2, lightHeight: preset.lightHeight, generator };
          const seen: [AttributeFace, AttributeView][] = viewsOf(experiment, batch).map((view, b) => [
            faceOfAttributes(whole, vectors.select(0, b)),
            view,
          ]);
          const terms = meanTerms(
            baseTerms,
            seen.map(([own, view]) => baseEnergy(model, own, view, rays, held)),
          );
          if (name === 'landmarks') return terms;
          const shades = seen.map(([own, view]) =>
            shadeTerm(model, own, view, vertices).mul(weights.rays).reshape([1]),
          );
          return { ...terms, ...meanTerms(['shades'], shades) };
        },
      },
      watch,
    );
  const trained = { landmarks: await stage('landmarks', 1), light: await stage('light', 2) };

  const encoder = new Encoder(preset, of.layout.size, new Generator(1));
  encoder.resnet.load(await first.resnet.stateDict());
  // light comes last among the attributes, so that those of fewer bands are the first ones of nine
  encoder.attributes.weight.assign(first.attributes.weight.narrow(0, 0, of.layout.size));
  encoder.attributes.bias!.assign(first.attributes.bias!.narrow(0, 0, of.layout.size));
  return { encoder, trained };
}
