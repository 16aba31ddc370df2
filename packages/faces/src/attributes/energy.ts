import { stack, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { landmarkLoss } from '../losses/index.js';
import type { MorphableModel } from '../model/index.js';
import { boxTerm } from '../regularisers/index.js';
import { posedLandmarks } from '../scene/posedFace.js';
import type { AttributeFace, RayOptions } from './attributeFace.js';
import { rayTerm, vertexTerm } from './photoTerms.js';
import type { AttributeView } from './photoTerms.js';

/** Names of the terms of the base reconstruction, in order. */
export const baseTerms = ['rays', 'vertices', 'landmarks', 'shapePrior', 'albedoPrior', 'box'] as const;
export type BaseTerm = (typeof baseTerms)[number];

/** Factors of the terms; what has 0 is not computed. */
export type BaseWeights = Readonly<Record<BaseTerm, number>>;

/**
 * The terms of the base reconstruction, Dib et al. 2021, eq. 2, of a face (`faceOfAttributes`) and a photograph: [6] values
 * of `baseTerms` with their weights. All are means, so that weights do not depend on numbers of pixels, vertices and modes:
 * - rays: |p_S - p_R| of linear RGB over pixels that the face covers (eq. 1), and channels;
 * - vertices: the same at the face's vertices that face the camera, by the vertex-based renderer without shadows (eq. 4 to
 *   7): one BRDF and one light with the rays;
 * - landmarks: over the 68, of Huber's function of the distance in standard deviations (`landmarkLoss`);
 * - shapePrior, albedoPrior: squares of the coefficients;
 * - box: squared distance of blendshape weights to [0, 1].
 *
 * The masks carry no gradient, and silhouettes none from rays.
 */
export function baseEnergy(
  model: MorphableModel,
  face: AttributeFace,
  view: AttributeView,
  rays: RayOptions,
  weights: BaseWeights,
): Tensor {
  const { attributes } = face;
  const { camera, targets } = view;
  const meanSquare = (...parts: Tensor[]): Tensor =>
    parts
      .map((x) => x.square().sum())
      .reduce((a, b) => a.add(b))
      .div(parts.reduce((n, x) => n + x.size, 0));
  const terms: Record<BaseTerm, () => Tensor> = {
    rays: () => rayTerm(model, face, view, rays),
    vertices: () => vertexTerm(model, face, view),
    landmarks: () => {
      const points = camera.toPixels(posedLandmarks(model, attributes));
      return landmarkLoss(points.narrow(1, 0, 2), targets).div(points.shape[0]);
    },
    shapePrior: () => meanSquare(attributes.identity),
    albedoPrior: () => meanSquare(attributes.albedo, attributes.tint),
    box: () => boxTerm(attributes.blendshapes),
  };
  const none = tensor(0);
  return stack(baseTerms.map((name) => (weights[name] === 0 ? none : terms[name]().mul(weights[name]))));
}
