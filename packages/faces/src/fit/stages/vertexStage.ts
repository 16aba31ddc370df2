import type { Adam } from '@chiaro/nn';
import { compile, lambert, renderVertices, sampleImage } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { landmarkLoss, photometricLoss } from '../../losses/index.js';
import { valuesAtPoints } from '../../model/surfacePoints.js';
import type { MorphableModel } from '../../model/index.js';
import type { PointTensors, SurfacePoints } from '../../model/surfacePoints.js';
import { modelTextures, posedFace } from '../../scene/posedFace.js';
import type { FacePose } from '../../scene/posedFace.js';
import type { FitConfig } from '../config.js';
import type { View, ViewedFace } from '../problem.js';
import { advance, priorOf, stepValues } from './modelTerms.js';

/** What changes between the steps of the vertex-based stage besides the variables. */
export interface VertexInputs {
  /** [R, 3] and [R], see `LightEstimate`. */
  readonly shadow: Tensor;
  readonly visibility: Tensor;
  /** [R] weights of the vertices: area on the face where skin shows. */
  readonly areas: Tensor;
  /** [] the light's mean coefficient. */
  readonly ambient: Tensor;
}

/** A face as a vertex-based step sees it, in the order of `FaceContext.region`. */
export interface VertexFace {
  readonly region: MorphableModel;
  /** Where its landmarks lie. */
  readonly landmarks: SurfacePoints | PointTensors;
  readonly variables: FacePose & { readonly albedo: Tensor; readonly tint: Tensor; readonly light: Tensor };
  readonly view: Pick<View, 'photo' | 'camera' | 'targets'>;
}

/** The difference of a face's shaded vertices to its photograph, and of its landmarks to the detected ones: two of shape []. */
export function vertexTerms(
  { region, landmarks: points, variables: v, view: { photo, camera, targets } }: VertexFace,
  { shadow, visibility, areas }: Omit<VertexInputs, 'ambient'>,
): { photometric: Tensor; landmarks: Tensor } {
  const mesh = posedFace(region, v);
  const { diffuse, specular } = modelTextures(region, v.albedo, v.tint);
  // seen from afar a highlight is one more share of light: it counts as part of the Lambert base here
  const bsdf = lambert({ albedo: diffuse.add(specular) });
  const image = renderVertices({ mesh, bsdf }, v.light, camera, { visibility });
  const seen = sampleImage(photo, image.pixels);
  return {
    photometric: photometricLoss(image.colors.mul(shadow), seen, image.weights.mul(areas)),
    landmarks: landmarkLoss(valuesAtPoints(image.pixels, points), targets),
  };
}

/**
 * One step of the vertex-based fit to the photographs of one person as a compiled function -> [4] values of `stepTerms`.
 * Every vertex of the face is shaded by the light, with the shadows that rays found at the last estimate of the light, and
 * compared with the photograph where it projects; the comparison moves shape and pose through the photograph's own slope,
 * which silhouettes have and a renderer without boundary terms has not. Dib et al. 2021, section 5 (vertex-based renderer);
 * Tewari et al. 2017.
 */
export function vertexStep(
  faces: readonly ViewedFace[],
  { vertex: { weights }, light }: FitConfig,
  adam: Adam,
): (inputs: readonly VertexInputs[]) => Tensor {
  const variables = faces.map((face) => face.variables);
  return compile((inputs: readonly VertexInputs[]) => {
    const terms = faces.map(({ context, variables: own, view }, k) => {
      const face = { region: context.region, landmarks: context.regionLandmarks, variables: own, view };
      const { photometric, landmarks } = vertexTerms(face, inputs[k]);
      return { photometric, weighted: photometric.mul(weights.photo), landmarks };
    });
    const ambients = inputs.map(({ ambient }) => ambient);
    const values = stepValues(terms, priorOf(variables, weights, light, ambients), weights);
    advance(variables, adam);
    return values;
  });
}
