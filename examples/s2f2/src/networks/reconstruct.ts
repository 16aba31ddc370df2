import { noGrad } from '@chiaro/autograd';
import {
  incrementsOf,
  viewsOf,
  type AlbedoDecoders,
  type Encoder,
  type PhotoBatch,
  type Setting,
} from '@chiaro/example-rich-reflectance';
import {
  enhancedFace,
  faceOfAttributes,
  type AttributeFace,
  type AttributeModel,
  type TexelPlaces,
} from '@chiaro/faces';
import { detailedFace, projectedPhotos, type DetailIncrements, type DetailNets } from './detailNets.js';

/** The networks of a row, as far as it has got. */
export interface Networks {
  readonly of: AttributeModel;
  readonly encoder: Encoder;
  /** D_d and D_s, from the medium stage on. */
  readonly decoders?: AlbedoDecoders;
  /** U_G and U_D, from the fine stage on. */
  readonly details?: DetailNets;
  readonly places: TexelPlaces;
}

/** The faces that networks see in a batch of photographs, and what U_G and U_D add to them, if there are these. */
export interface Reconstruction {
  readonly faces: readonly AttributeFace[];
  readonly details?: DetailIncrements | undefined;
}

/** Rebuilds the faces of photographs as far as the networks have got. Networks are in their mode for use. No gradients. */
export function reconstruct(
  setting: Pick<Setting, 'preset' | 'camera'>,
  { of, encoder, decoders, details: nets, places }: Networks,
  batch: PhotoBatch,
): Reconstruction {
  return noGrad(() => {
    const latents = encoder.latents(batch.images);
    const vectors = encoder.attributes.forward(latents);
    const views = viewsOf(setting, batch);
    const bases = views.map((_, b) => faceOfAttributes(of, vectors.select(0, b)));
    if (!decoders) return { faces: bases };
    const increments = decoders.forward(latents);
    const medium = bases.map((base, b) => enhancedFace(base, incrementsOf(increments, b)));
    if (!nets) return { faces: medium };
    const details = nets.increments(projectedPhotos(bases, views, places));
    return { faces: medium.map((face, b) => detailedFace(face, details, b)), details };
  });
}
