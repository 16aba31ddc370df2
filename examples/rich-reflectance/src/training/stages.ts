import { noGrad, type Generator, type Tensor } from '@chiaro/autograd';
import {
  baseEnergy,
  baseTerms,
  enhancedEnergy,
  enhancedFace,
  enhancedTerms,
  faceOfAttributes,
  type AttributeModel,
  type RayOptions,
} from '@chiaro/faces';
import { baseRows, enhancedRows, type BaseRow, type BaseSettings, type EnhancedRow } from '../config.js';
import type { Setting } from '../experiment.js';
import { incrementsOf, type AlbedoDecoders, type Encoder } from '../network.js';
import { halvingConsistency, weightsNow } from './consistency.js';
import { viewsOf, type PhotoBatch } from './photoBatch.js';
import { meanTerms } from './terms.js';
import type { Stage } from './trainStage.js';

/** What learns in a stage and by which loss; not from what, and for how long. */
export type StageLoss = Pick<Stage<PhotoBatch>, 'networks' | 'fixed' | 'factors' | 'step'>;

/** The networks of a row with its base reconstruction, and of one with all stages. */
export interface BaseNetworks {
  readonly of: AttributeModel;
  readonly encoder: Encoder;
}
export interface WholeNetworks extends BaseNetworks {
  readonly decoders: AlbedoDecoders;
}

/** How rays are traced while a row learns. */
export const raysOf = (
  { preset }: Pick<Setting, 'preset'>,
  { spp, depth }: Pick<BaseSettings, 'spp' | 'depth'>,
  generator: Generator,
): RayOptions => ({
  ...{ spp, depth, generator, lightHeight: preset.lightHeight },
});

/** Stage I: E by eq. 2. */
export function baseStage(setting: Setting, row: BaseRow, { of, encoder }: BaseNetworks): StageLoss {
  const settings = baseRows[row];
  return {
    networks: { encoder: { network: encoder, rate: setting.preset.rate.encoder } },
    step: (batch, { generator }) => {
      const vectors = encoder.forward(batch.images);
      const rays = raysOf(setting, settings, generator);
      const each = viewsOf(setting, batch).map((view, b) =>
        baseEnergy(of.model, faceOfAttributes(of, vectors.select(0, b)), view, rays, settings.weights),
      );
      return meanTerms(baseTerms, each);
    },
  };
}

/** Stage II: the decoders by eq. 3 with E as it is. */
export function decodersStage(setting: Setting, row: EnhancedRow, { of, encoder, decoders }: WholeNetworks): StageLoss {
  return {
    networks: { decoders: { network: decoders, rate: setting.preset.rate.decoders } },
    fixed: [encoder],
    factors: halvingConsistency(enhancedRows[row].weights, 0),
    step: (batch, { generator, factors }) => {
      const latents = noGrad(() => encoder.latents(batch.images));
      const increments = decoders.forward(latents);
      const vectors = noGrad(() => encoder.attributes.forward(latents));
      const rays = raysOf(setting, baseRows.rays, generator);
      const each = viewsOf(setting, batch).map((view, b) => {
        const face = noGrad(() => faceOfAttributes(of, vectors.select(0, b)));
        const whole = enhancedFace(face, incrementsOf(increments, b));
        return enhancedEnergy(of.model, of.atlas, whole, view, rays, weightsNow(enhancedRows[row].weights, factors));
      });
      return meanTerms(enhancedTerms, each);
    },
  };
}

/** Stage III: all together by eq. 2 and 3. @param epochsBefore of stage II. */
export function jointStage(
  setting: Setting,
  row: EnhancedRow,
  { of, encoder, decoders }: WholeNetworks,
  epochsBefore: number,
): StageLoss {
  const { rate } = setting.preset;
  const { joint } = enhancedRows[row];
  return {
    networks: {
      encoder: { network: encoder, rate: rate.encoder },
      decoders: { network: decoders, rate: rate.decoders },
    },
    factors: halvingConsistency(enhancedRows[row].weights, epochsBefore),
    step: (batch, { generator, factors }) => {
      const latents = encoder.latents(batch.images);
      const vectors = encoder.attributes.forward(latents);
      const [seenLatents, seenVectors] = joint ? [latents, vectors] : [latents.detach(), vectors.detach()];
      const increments = decoders.forward(seenLatents);
      const rays = raysOf(setting, baseRows.rays, generator);
      const [first, both]: [Tensor[], Tensor[]] = [[], []];
      viewsOf(setting, batch).forEach((view, b) => {
        const face = faceOfAttributes(of, vectors.select(0, b));
        const seen = joint ? face : faceOfAttributes(of, seenVectors.select(0, b));
        first.push(baseEnergy(of.model, face, view, rays, baseRows.rays.weights));
        const whole = enhancedFace(seen, incrementsOf(increments, b));
        both.push(
          enhancedEnergy(of.model, of.atlas, whole, view, rays, weightsNow(enhancedRows[row].weights, factors)),
        );
      });
      return { ...meanTerms(baseTerms, first), ...meanTerms(enhancedTerms, both, 'enhanced-') };
    },
  };
}
