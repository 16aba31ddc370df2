import type { Adam } from '@chiaro/nn';
import { compile, environmentFromSH, lambert, noGrad, pathTrace, renderVertices, sampleImage } from '../../engine.js';
import type { Generator, Mesh, Parameter, Scene, Tensor } from '../../engine.js';
import type { MorphableModel } from '../../model/index.js';
import { landmarkLoss, photometricLoss, tracedDifference } from '../../losses/index.js';
import { valuesAtPoints } from '../../model/surfacePoints.js';
import { faceBsdf, modelTextures, posedFace } from '../../scene/posedFace.js';
import type { FaceTextures } from '../../scene/posedFace.js';
import { interpolateImage, surfaceImage } from '../../scene/surfaceImage.js';
import type { FitConfig } from '../config.js';
import type { ViewedFace } from '../problem.js';
import type { VertexInputs } from './vertexStage.js';
import { advance, priorOf, stepValues } from './modelTerms.js';

/** What changes between the steps of the ray-traced stage besides the variables. */
export interface TracedInputs extends VertexInputs {
  /** [H, W] weights of the pixels: the face mask where the face covers the whole pixel. */
  readonly pixels: Tensor;
}

/** [H, W] where the face, and nothing of the head besides, covers the pixel: the face mask [V, 1], 0 at silhouettes. */
export function pixelMask({ context: { model }, variables: v, view: { camera } }: ViewedFace, mask: Tensor): Tensor {
  return noGrad(() => {
    const mesh = posedFace(model, v);
    const image = surfaceImage(mesh, camera, 2);
    const inside = interpolateImage(image, mask, mesh.triangles).squeeze(2);
    const whole = image.hit.reshape([image.height, image.width, image.samples]).min(2);
    return inside.mul(whole);
  });
}

/** What a new render contributes to the running estimate of the image. */
const estimateRate = 0.15;
/** Samples of the first estimate, as a multiple of those of a step. */
const estimateSamples = 4;

/** The scene of the ray-traced stage. */
function faceScene(model: MorphableModel, mesh: Mesh, textures: FaceTextures, light: Tensor, height: number): Scene {
  return {
    shapes: [{ mesh, bsdf: faceBsdf(model, textures) }],
    emitters: [environmentFromSH(light, { height, background: false })],
  };
}

/** The image before the first step, for a cell that the steps keep up to date. */
export function firstEstimate(
  { context: { model }, variables: v, view: { camera } }: ViewedFace,
  { trace: { lightHeight } }: FitConfig,
  spp: number,
  generator: Generator,
): Tensor {
  return noGrad(() => {
    const scene = faceScene(model, posedFace(model, v), modelTextures(model, v.albedo, v.tint), v.light, lightHeight);
    return pathTrace(scene, camera, { spp: estimateSamples * spp, generator }).image;
  });
}

/**
 * One step of the ray-traced fit to the photographs of one person as a compiled function -> [4] values of `stepTerms`: the
 * face is path traced twice with other random numbers, with its shadows, and compared with the photograph inside the mask
 * without the bias of the noise (`tracedDifference`). Gradients reach shape, pose, reflectance and light, but not the shape
 * of silhouettes, which the vertex-based term moves; that term leaves reflectance and light alone. Dib et al. 2021, eqs. 1
 * and 2.
 *
 * @param estimates the running image of each photograph.
 */
export function tracedStep(
  faces: readonly ViewedFace[],
  { trace: { weights, lightHeight }, light }: FitConfig,
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
      const scene = faceScene(model, mesh, textures, v.light, lightHeight);
      const [first, second] = [1, 2].map(() => pathTrace(scene, camera, { spp, generator }).image);
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
