import { Generator, noGrad, tensor, type Tensor } from '@chiaro/autograd';
import {
  albedoError,
  angularError,
  faceBsdf,
  faceOfAttributes,
  imageMetrics,
  shadowLeak,
  summarize,
  surfaceImage,
  textureImage,
  traceFace,
  vertexError,
  type AttributeModel,
  type ErrorSummary,
} from '@chiaro/faces';
import { linearOfSRGB, renderAovs } from '@chiaro/render';
import type { Experiment } from './experiment.js';
import type { WorldFace } from './world.js';

/** What is measured, in the order of the table's columns. */
export const measures = ['vertices', 'normals', 'ssim', 'psnr', 'albedo', 'leak', 'relit'] as const;

/**
 * Errors on a set of photographs, mean and deviation over them, inside of the face as both the truth and the rebuilt face
 * show it:
 * - vertices: mean distance of corresponding vertices of the skin after the best rigid motion, mm (appendix C);
 * - normals: mean angle, degrees;
 * - ssim, psnr: of the final render (sRGB, dB);
 * - albedo: mean |log| of the diffuse albedo in the input's view, after a factor for each channel;
 * - leak: `shadowLeak` in the shadow of the brightest lamp; none where no photograph has one;
 * - relit: PSNR in another light, whose true coefficients are given, dB.
 */
export type Scores = Readonly<Partial<Record<(typeof measures)[number], ErrorSummary>>>;

/** Fewer pixels of shadow or of light than this say nothing about a leak. */
const leastPixels = 10;

/** What a vector makes of one photograph: numbers by `measures`; without a cast shadow there is no leak. */
async function scoreOne(
  { preset: { size, lightHeight, judgingSpp }, model, camera }: Experiment,
  of: AttributeModel,
  vector: Tensor,
  truth: WorldFace,
): Promise<Partial<Record<(typeof measures)[number], number>>> {
  const face = noGrad(() => faceOfAttributes(of, vector));
  const rays = { spp: judgingSpp, depth: 2, lightHeight };
  const shape = { identity: face.attributes.identity, blendshapes: face.attributes.blendshapes };
  const skin = Array.from(model.data.mask.keys()).filter((v) => model.data.mask[v] > 0.5);
  const aovs = renderAovs({ shapes: [{ mesh: face.mesh, bsdf: faceBsdf(model, face.textures) }] }, camera);
  const light = tensor(truth.relitLight, [81, 3]);
  const [positions, normals, covered, albedo] = await Promise.all(
    [
      model.geometry(shape),
      aovs.normal,
      aovs.mask,
      textureImage(surfaceImage(face.mesh, camera, 2), face.textures.diffuse),
    ].map((t) => t.data()),
  );
  const mask = Uint8Array.from(truth.faceMask, (m, k) => Number(m > 0.5 && covered[k] > 0));
  const photo = tensor(
    Float32Array.from(truth.photo, (byte) => linearOfSRGB(byte / 255)),
    [size, size, 3],
  );
  const final = traceFace(model, face, camera, { ...rays, generator: new Generator(1) }).image;
  const relit = traceFace(model, face, camera, { ...rays, generator: new Generator(2) }, { light }).image;
  const [image, other] = [
    await imageMetrics(final, photo, mask),
    await imageMetrics(relit, tensor(truth.relit, [size, size, 3]), mask),
  ];
  const within = (value: number): Uint8Array => truth.lamp.map((v, k) => Number(v === value && mask[k] === 1));
  const [shadow, lit] = [within(1), within(2)];
  const isCast = [shadow, lit].every((list) => list.reduce((a, b) => a + b, 0) >= leastPixels);
  return {
    vertices: vertexError(positions, truth.positions, { align: 'rigid', vertices: skin }).mean,
    normals: angularError(normals, truth.normals, { mask }).mean,
    ...{ ssim: image.ssim, psnr: image.psnr, relit: other.psnr },
    albedo: albedoError(albedo, truth.albedo, { mask, gain: 'perChannel' }).log,
    ...(isCast && { leak: shadowLeak(albedo, truth.albedo, shadow, lit) }),
  };
}

/** Errors of vectors [N, size] of the test's photographs. */
export async function score(experiment: Experiment, of: AttributeModel, vectors: Tensor): Promise<Scores> {
  const found: Partial<Record<(typeof measures)[number], number>>[] = [];
  for (const [n, truth] of experiment.test.entries())
    found.push(await scoreOne(experiment, of, vectors.select(0, n), truth));
  return Object.fromEntries(
    measures.flatMap((name) => {
      const values = found.flatMap((one) => one[name] ?? []);
      return values.length > 0 ? [[name, summarize(values)]] : [];
    }),
  ) as Scores;
}
