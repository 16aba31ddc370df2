import {
  halvingConsistency,
  incrementsOf,
  meanTerms,
  raysOf,
  viewsOf,
  weightsNow,
  type AlbedoDecoders,
  type Setting,
  type StageLoss,
  type StageWeights,
} from '@chiaro/example-rich-reflectance';
import {
  baseEnergy,
  baseTerms,
  enhancedEnergy,
  enhancedFace,
  enhancedTerms,
  faceOfAttributes,
  type EnhancedFace,
} from '@chiaro/faces';
import { coarseRows, fineWeights, mediumWeights, type CoarseRow, type Preset, type Row } from '../config.js';
import { detailedFace, projectedPhotos, type DetailNets } from '../networks/detailNets.js';
import type { Networks } from '../networks/reconstruct.js';

/** What stages are trained in. */
type Place = Setting & { readonly preset: Preset };

/** Paths of a photograph's render: light and self-shadows. */
const paths = ({ preset: { spp } }: Place) => ({ spp, depth: 2 });

/** Eq. 1. */
export function coarseStage(place: Place, row: CoarseRow, { of, encoder }: Networks): StageLoss {
  const { weights, boundary } = coarseRows[row];
  return {
    networks: { encoder: { network: encoder, rate: place.preset.rate.encoder } },
    step: (batch, { generator }) => {
      const vectors = encoder.forward(batch.images);
      const rays = { ...raysOf(place, paths(place), generator), boundary };
      const each = viewsOf(place, batch).map((view, b) =>
        baseEnergy(of.model, faceOfAttributes(of, vectors.select(0, b)), view, rays, weights),
      );
      return meanTerms(baseTerms, each);
    },
  };
}

/**
 * The loss of both stages with textures. E learns in every stage, so what holds its coefficients, the priors and the soft
 * box of eq. 1, stays with the landmarks.
 */
function texturedStep(
  place: Place,
  { of, encoder, decoders, details, places }: Networks & { decoders: AlbedoDecoders },
  weights: StageWeights,
): StageLoss['step'] {
  const withoutPhotos = { ...coarseRows.coarse.weights, rays: 0, vertices: 0 };
  return (batch, { generator, factors }) => {
    const latents = encoder.latents(batch.images);
    const vectors = encoder.attributes.forward(latents);
    const increments = decoders.forward(latents);
    const rays = raysOf(place, paths(place), generator);
    const views = viewsOf(place, batch);
    const bases = views.map((_, b) => faceOfAttributes(of, vectors.select(0, b)));
    const medium = bases.map((base, b) => enhancedFace(base, incrementsOf(increments, b)));
    const found = details?.increments(projectedPhotos(bases, views, places));
    const faces: readonly EnhancedFace[] = found ? medium.map((face, b) => detailedFace(face, found, b)) : medium;
    const held = bases.map((base, b) => baseEnergy(of.model, base, views[b], rays, withoutPhotos));
    const photos = faces.map((face, b) =>
      enhancedEnergy(of.model, of.atlas, face, views[b], rays, weightsNow(weights, factors)),
    );
    const { rays: _, vertices: __, ...priors } = meanTerms(baseTerms, held);
    return { ...meanTerms(enhancedTerms, photos), ...priors };
  };
}

/** Eq. 5. @param epochsBefore of this stage, which its consistency has halved with. */
export const mediumStage = (
  place: Place,
  networks: Networks & { decoders: AlbedoDecoders },
  epochsBefore = 0,
): StageLoss => ({
  networks: {
    encoder: { network: networks.encoder, rate: place.preset.rate.encoder },
    decoders: { network: networks.decoders, rate: place.preset.rate.decoders },
  },
  factors: halvingConsistency(mediumWeights, epochsBefore),
  step: texturedStep(place, networks, mediumWeights),
});

/** Weights of the fine stage, and those without symmetry and consistency. */
const weightsOf = { fine: fineWeights, fineFree: { ...fineWeights, diffuseSymmetry: 0, diffuseConsistency: 0 } };

/** Eq. 6. @param epochsBefore as of `mediumStage`. */
export const fineStage = (
  place: Place,
  row: Extract<Row, keyof typeof weightsOf>,
  networks: Networks & { decoders: AlbedoDecoders; details: DetailNets },
  epochsBefore = 0,
): StageLoss => ({
  networks: {
    encoder: { network: networks.encoder, rate: place.preset.rate.encoder },
    details: { network: networks.details, rate: place.preset.unetRate },
  },
  fixed: [networks.decoders],
  factors: halvingConsistency(weightsOf[row], epochsBefore),
  step: texturedStep(place, networks, weightsOf[row]),
});
