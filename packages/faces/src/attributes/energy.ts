import { renderVertices, sampleImage, stack, tensor } from '../engine.js';
import type { Camera, Tensor } from '../engine.js';
import { landmarkLoss } from '../losses/index.js';
import type { LandmarkTargets } from '../losses/index.js';
import { boxTerm } from '../regularisers/index.js';
import { facePixels } from '../scene/litFace.js';
import { faceBsdf } from '../scene/posedFace.js';
import { columnOf } from '../scene/surfaceImage.js';
import { faceOfAttributes, traceFace } from './attributeFace.js';
import type { AttributeFace, AttributeModel, RayOptions } from './attributeFace.js';

/** Names of the terms of the base reconstruction, in order. */
export const baseTerms = ['rays', 'vertices', 'landmarks', 'shapePrior', 'albedoPrior', 'box'] as const;
export type BaseTerm = (typeof baseTerms)[number];

/** Factors of the terms; what has 0 is not computed. */
export type BaseWeights = Readonly<Record<BaseTerm, number>>;

/** A photograph that a vector of attributes is compared with. */
export interface AttributeView {
  /** [H, W, 3] linear RGB. */
  readonly photo: Tensor;
  /** At the origin, looking down -Z. */
  readonly camera: Camera;
  readonly targets: LandmarkTargets;
}

/**
 * The terms of the base reconstruction, Dib et al. 2021, eq. 2, of a vector [size] and a photograph: [6] values of
 * `baseTerms` with their weights. All are means, so that weights do not depend on numbers of pixels, vertices and modes:
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
  of: AttributeModel,
  vector: Tensor,
  view: AttributeView,
  rays: RayOptions,
  weights: BaseWeights,
): Tensor {
  const { model } = of;
  const face = faceOfAttributes(of, vector);
  const { attributes, mesh } = face;
  const { camera, targets } = view;
  const meanSquare = (...parts: Tensor[]): Tensor =>
    parts
      .map((x) => x.square().sum())
      .reduce((a, b) => a.add(b))
      .div(parts.reduce((n, x) => n + x.size, 0));
  const terms: Record<BaseTerm, () => Tensor> = {
    rays: () => rayTerm(of, face, view, rays),
    vertices: () => vertexTerm(of, face, view),
    landmarks: () => {
      const points = camera.toPixels(model.landmarks(mesh.positions));
      return landmarkLoss(points.narrow(1, 0, 2), targets).div(points.shape[0]);
    },
    shapePrior: () => meanSquare(attributes.identity),
    albedoPrior: () => meanSquare(attributes.albedo, attributes.tint),
    box: () => boxTerm(attributes.blendshapes),
  };
  const none = tensor(0);
  return stack(baseTerms.map((name) => (weights[name] === 0 ? none : terms[name]().mul(weights[name]))));
}

/** Mean of |a - b| over rows of weights [N]: a, b [N, 3]. */
const weightedDifference = (a: Tensor, b: Tensor, weights: Tensor): Tensor =>
  a.sub(b).abs().mean(1).mul(weights).sum().div(weights.sum().clamp(1));

function rayTerm(
  { model }: AttributeModel,
  face: AttributeFace,
  { photo, camera }: AttributeView,
  rays: RayOptions,
): Tensor {
  const pixels = facePixels(face.mesh, camera, columnOf(model.data.mask));
  const { image } = traceFace(model, face, camera, rays);
  return weightedDifference(image.reshape([-1, 3]), photo.reshape([-1, 3]), pixels.flatten());
}

function vertexTerm({ model }: AttributeModel, face: AttributeFace, { photo, camera }: AttributeView): Tensor {
  const { mesh, textures, attributes } = face;
  const seen = renderVertices({ mesh, bsdf: faceBsdf(model, textures) }, attributes.light, camera);
  return weightedDifference(seen.colors, sampleImage(photo, seen.pixels), seen.weights.mul(model.faceMask));
}
