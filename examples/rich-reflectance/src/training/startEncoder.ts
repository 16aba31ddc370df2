import { join } from 'node:path';
import { Generator } from '@chiaro/autograd';
import { baseEnergy, baseTerms, faceOfAttributes, type AttributeModel, type BaseWeights } from '@chiaro/faces';
import { attributeModel, type Experiment } from '../experiment.js';
import { Encoder, loadImageNet } from '../network.js';
import { photoBatches, viewsOf, type PhotoBatch } from './photoBatch.js';
import { meanTerms } from './terms.js';
import { trainStage, type TrainedStage, type TrainingWatch } from './trainStage.js';

/** What an encoder begins from. */
export interface EncoderStart extends TrainingWatch {
  /** A file of PyTorch with the weights of ImageNet. */
  readonly imageNet?: string | undefined;
  /** Factors of the terms; those of pictures are not looked at. */
  readonly weights: BaseWeights;
}

/**
 * The encoder that all rows with all seeds begin from, in the place of ImageNet's weights, which do not fit small networks: it
 * has learned by landmarks and priors alone where heads are. No pictures are rendered for that. Where the preset gives it no epochs, it
 * is ImageNet's, or random.
 */
export async function startEncoder(
  experiment: Experiment,
  of: AttributeModel,
  { imageNet, weights, ...watch }: EncoderStart,
): Promise<{ readonly encoder: Encoder; readonly trained: TrainedStage }> {
  const { preset, folder } = experiment;
  const { epochs, batchSize, rate } = preset.landmarks;
  const whole = attributeModel(experiment, 9);
  const first = new Encoder(preset, whole.layout.size, new Generator(1));
  if (imageNet !== undefined) await loadImageNet(first, imageNet);
  const terms = { ...weights, rays: 0, vertices: 0 };
  const trained = await trainStage<PhotoBatch>(
    {
      ...{ folder: join(folder, 'landmarks'), title: 'E by landmarks alone', rateFalls: preset.rate.falls },
      ...{ networks: { encoder: { network: first, rate } }, epochs, seed: 1 },
      data: photoBatches(experiment, 1, { photographs: preset.world.pool, batchSize }),
      about: { imageNet: imageNet ?? 'none' },
      step: (batch, { generator }) => {
        const vectors = first.forward(batch.images);
        const unused = { spp: 1, depth: 2, lightHeight: preset.lightHeight, generator };
        const each = viewsOf(experiment, batch).map((view, b) =>
          baseEnergy(whole.model, faceOfAttributes(whole, vectors.select(0, b)), view, unused, terms),
        );
        return meanTerms(baseTerms, each);
      },
    },
    watch,
  );
  const encoder = new Encoder(preset, of.layout.size, new Generator(1));
  encoder.resnet.load(await first.resnet.stateDict());
  // light comes last among the attributes, so that those of fewer bands are the first ones of nine
  encoder.attributes.weight.assign(first.attributes.weight.narrow(0, 0, of.layout.size));
  encoder.attributes.bias!.assign(first.attributes.bias!.narrow(0, 0, of.layout.size));
  return { encoder, trained };
}
