import {
  bvhOf,
  irradianceSH,
  lambert,
  noGrad,
  occlusion,
  realize,
  renderVertices,
  sampleImage,
  tensor,
  valuesAtVertices,
} from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { exposedSkin } from '../exposedSkin.js';
import { modelTextures, posedFace } from '../../scene/posedFace.js';
import type { FitConfig } from '../config.js';
import type { FaceContext } from '../faceContext.js';
import type { FaceVariables } from '../faceVariables.js';
import type { View } from '../problem.js';
import { lightTransfer } from './lightTransfer.js';
import { solveLight } from './solveLight.js';

/** The light that explains a photograph for the present face, and how it falls on the face. */
export interface LightEstimate {
  /** [bands^2 * 3] SH coefficients. */
  readonly light: Float32Array;
  /** [R, 3] what shadows leave of the light at the vertices of the region: shadowed over unshadowed irradiance. */
  readonly shadow: Tensor;
  /** [R] 1 where the camera sees the vertex, 0 where the face hides it. */
  readonly visibility: Tensor;
  /** [R] how much of the vertex shows skin, see `exposedSkin`. */
  readonly skin: Float32Array;
  /** Mean coefficient of band 0 over the colours: the light's scale. */
  readonly ambient: number;
}

/** Rays to the camera start this far from the surface, mm. */
const offset = 0.5;

/**
 * Light in closed form for the present shape, pose and albedo: rays find what each vertex sees of the sky, after which the
 * colours are linear in the light (`lightTransfer`, `solveLight`). It is solved twice, the second time without what the
 * first light shows not to be skin.
 */
export async function estimateLight(
  { model, region, regionVertices, areas }: FaceContext,
  v: FaceVariables,
  { photo, camera, landmarks }: View,
  priors: FitConfig['light'],
): Promise<LightEstimate> {
  const { transfer, albedo, seen, weights, visibility, pixels } = noGrad(() => {
    const whole = posedFace(model, v);
    const mesh = posedFace(region, v);
    const { diffuse, specular } = modelTextures(region, v.albedo, v.tint);
    const surface = { mesh, bsdf: lambert({ albedo: diffuse.add(specular) }) };
    const origins = mesh.positions.add(mesh.normals!.mul(offset));
    const hidden = occlusion(bvhOf(whole), origins, mesh.positions.neg());
    const open = hidden.neg().add(1);
    const image = renderVertices(surface, v.light, camera, { visibility: open });
    return {
      transfer: lightTransfer(whole, regionVertices, priors.directions, priors.bands),
      albedo: valuesAtVertices(surface)['albedo'] as Tensor,
      seen: sampleImage(photo, image.pixels),
      weights: image.weights.mul(tensor(areas)),
      visibility: open,
      pixels: image.pixels,
    };
  });
  await realize(transfer, albedo, seen, weights, visibility, pixels);
  const samples = {
    transfer: (await transfer.data()) as Float32Array,
    albedo: (await albedo.data()) as Float32Array,
    colours: (await seen.data()) as Float32Array,
    weights: (await weights.data()) as Float32Array,
  };
  const evidence = {
    topology: region.mesh().topology,
    seen: samples.colours.map(displayed),
    pixels: await pixels.data(),
    weights: samples.weights,
    landmarks,
  };
  const first = solveLight(everySecond(samples), priors);
  const skin = exposedSkin({ ...evidence, rendered: reflected(samples, first).map(displayed) });
  const light = solveLight(everySecond({ ...samples, weights: samples.weights.map((w, k) => w * skin[k]) }), priors);
  const shadow = noGrad(() => {
    const coefficients = tensor(light, [light.length / 3, 3]);
    const { normals } = posedFace(region, v);
    const without = irradianceSH(normals!, coefficients).div(Math.PI);
    // where nearly no light falls the ratio means nothing
    const floor = Math.abs(light[0] + light[1] + light[2]) * 0.01;
    return transfer.matmul(coefficients).div(without.clamp(floor)).clamp(0, 1.5);
  });
  await realize(shadow);
  return { light, shadow, visibility, skin, ambient: (light[0] + light[1] + light[2]) / 3 };
}

/** Linear light as displays show it; the host's `linearToSRGB`. */
const displayed = (x: number): number => (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055);

/** [R * 3] what the samples reflect under a light. */
function reflected({ transfer, albedo }: Parameters<typeof solveLight>[0], light: Float32Array): Float32Array {
  const size = light.length / 3;
  return albedo.map((a, i) => {
    const row = Math.floor(i / 3) * size;
    let sum = 0;
    for (let k = 0; k < size; k++) sum += transfer[row + k] * light[3 * k + (i % 3)];
    return a * sum;
  });
}

/** Half of the samples that count, for speed. */
function everySecond(samples: Parameters<typeof solveLight>[0]): Parameters<typeof solveLight>[0] {
  const rows = [...samples.weights.keys()].filter((i) => samples.weights[i] > 0).filter((_, k) => k % 2 === 0);
  const size = samples.transfer.length / samples.weights.length;
  const pick = (from: Float32Array, width: number): Float32Array => {
    const result = new Float32Array(rows.length * width);
    rows.forEach((row, k) => result.set(from.subarray(row * width, (row + 1) * width), k * width));
    return result;
  };
  return {
    transfer: pick(samples.transfer, size),
    albedo: pick(samples.albedo, 3),
    colours: pick(samples.colours, 3),
    weights: pick(samples.weights, 1),
  };
}
