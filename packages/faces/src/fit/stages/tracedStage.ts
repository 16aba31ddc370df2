import type { Adam } from '@chiaro/nn';
import { compile, lambert, noGrad, pathTrace, renderVertices, sampleImage } from '../../engine.js';
import type { Generator, Parameter, Tensor } from '../../engine.js';
import { landmarkLoss, photometricLoss, tracedDifference } from '../../losses/index.js';
import { valuesAtPoints } from '../../model/surfacePoints.js';
import { litFace } from '../../scene/litFace.js';
import { modelTextures, posedFace } from '../../scene/posedFace.js';
import type { FitConfig } from '../config.js';
import type { ViewedFace } from '../problem.js';
import type { VertexInputs } from './vertexStage.js';
import { advance, priorOf, stepValues } from './modelTerms.js';

/** What changes between the steps of the ray-traced stage besides the variables. */
export interface TracedInputs extends VertexInputs {
  /** [H, W] weights of the pixels: the face mask where the face covers the whole pixel. */
  readonly pixels: Tensor;
}

/** What a new render contributes to the running estimate of the image. */
const estimateRate = 0.15;
/** Samples of the first estimate, as a multiple of those of a step. */
const estimateSamples = 4;

/** The image before the first step, for a cell that the steps keep up to date. */
export function firstEstimate(
  { context: { model }, variables: v, view: { camera } }: ViewedFace,
  { trace: { lightHeight } }: FitConfig,
  spp: number,
  generator: Generator,
): Tensor {
  return noGrad(() => {
    const scene = litFace(model, posedFace(model, v), modelTextures(model, v.albedo, v.tint), v.light, lightHeight);
    return pathTrace(scene, camera, { spp: estimateSamples * spp, generator }).image;
  });
}

/**
 * One step of the ray-traced fit to the photographs of one person as a compiled function -> [4] values of `stepTerms`: the
 * face is path traced twice with other random numbers, with its shadows, and compared with the photograph inside the mask
 * without the bias of the noise (`tracedDifference`). Gradients reach shape, pose, reflectance and light. Those of silhouettes
 * are only there with the `boundary` of the configuration; without it the vertex-based term moves them, and with a weight of
 * 0 nothing does. That term leaves reflectance and light alone. Dib et al. 2021, eqs. 1 and 2.
 *
 * @param estimates the running image of each photograph.
 */
export function tracedStep(
  faces: readonly ViewedFace[],
  { trace: { weights, lightHeight, boundary }, light }: FitConfig,
  spp: number,
  adam: Adam,
  generator: Generator,
  estimates: readonly Parameter[],
): (inputs: readonly TracedInputs[]) => Tensor {
  const variables = faces.map((face) => face.variables);
  return compile((inputs: readonly TracedInputs[]) => {
    const terms = faces.map(({ context, variables: v, view: { photo, camera, targets } }, k) => {
      const { pixels, shadow, visibility, areas } = inputs[k];
      const { model, region, regionLandmarks } = context;
      const estimate = estimates[k];
      const mesh = posedFace(model, v);
      const textures = modelTextures(model, v.albedo, v.tint);
      const scene = litFace(model, mesh, textures, v.light, lightHeight);
      const [first, second] = [1, 2].map(() => pathTrace(scene, camera, { spp, generator, boundary }).image);
      const photometric = tracedDifference(first, second, estimate, photo, pixels);
      noGrad(() => estimate.assign(estimate.lerp(first.add(second).mul(0.5), estimateRate)));

      const atVertices = posedFace(region, v);
      const base = lambert({ albedo: textures.diffuse.add(textures.specular).detach() });
      const vertices = renderVertices({ mesh: atVertices, bsdf: base }, v.light.detach(), camera, { visibility });
      const seen = sampleImage(photo, vertices.pixels);
      const outline = photometricLoss(vertices.colors.mul(shadow), seen, vertices.weights.mul(areas));
      const landmarks = landmarkLoss(valuesAtPoints(vertices.pixels, regionLandmarks), targets);
      return { photometric, weighted: photometric.mul(weights.photo).add(outline.mul(weights.vertices)), landmarks };
    });
    const ambients = inputs.map(({ ambient }) => ambient);
    const values = stepValues(terms, priorOf(variables, weights, light, ambients), weights);
    advance(variables, adam);
    return values;
  });
}
