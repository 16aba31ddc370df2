import { Generator, tensor, type Tensor } from '@chiaro/autograd';
import {
  albedoError,
  angularError,
  faceBsdf,
  imageMetrics,
  shadowLeak,
  summarize,
  traceFace,
  vertexError,
  type AttributeFace,
  type ErrorSummary,
  type FaceTextures,
} from '@chiaro/faces';
import { linearOfSRGB, renderAovs, sampleTexture } from '@chiaro/render';
import type { Experiment } from './experiment.js';
import { lampPixel } from './lampPixels.js';
import type { WorldFace } from './world.js';

/** What is measured, in the order of the tables' columns: of shape and picture, then of reflectance and light. */
export const measures = {
  shape: ['vertices', 'normals', 'under20', 'under25', 'under30', 'ssim', 'psnr'],
  reflectance: ['albedo', 'diffuseSsim', 'diffusePsnr', 'specularSsim', 'specularPsnr', 'leak', 'shine', 'relit'],
} as const;
export type Measure = (typeof measures)[keyof typeof measures][number];

/** Heads of the columns. */
export const measureTitles: Readonly<Record<Measure, string>> = {
  ...{ vertices: 'vertices [mm]', normals: 'normals [deg]', under20: '< 20°', under25: '< 25°', under30: '< 30°' },
  ...{ ssim: 'SSIM', psnr: 'PSNR [dB]', albedo: 'diffuse [log]', diffuseSsim: 'diffuse SSIM' },
  ...{ diffusePsnr: 'diffuse PSNR', specularSsim: 'specular SSIM', specularPsnr: 'specular PSNR' },
  ...{ leak: 'shadow leak [log]', shine: 'highlight leak [log]', relit: 'relit PSNR [dB]' },
};

/**
 * Errors on a set of photographs, mean and deviation over them. Inside of the face as both the truth and the rebuilt face
 * show it:
 * - vertices: mean distance of corresponding vertices of the skin after the best rigid motion, mm (appendix C);
 * - normals: mean angle, degrees; under20, under25, under30: shares of them that are off by less;
 * - ssim, psnr: of the final render (sRGB, dB);
 * - relit: PSNR in another light, whose true coefficients are given, dB.
 *
 * Inside of the true face, by albedos projected to the input's view with the true camera and surface (section 6):
 * - albedo: mean |log| of the diffuse albedo, after a factor for each channel;
 * - diffuseSsim, diffusePsnr, specularSsim, specularPsnr: of the albedos as displays show them, without any factor;
 * - leak: `shadowLeak` in the shadow of the brightest lamp; none where no photograph has one;
 * - shine: how much lighter the diffuse albedo is inside of that lamp's highlights than in the rest of its light, beyond what
 *   the truth is, as a mean difference of logarithms; positive where highlights are painted into it.
 */
export type Scores = Readonly<Partial<Record<Measure, ErrorSummary>>>;

/** Fewer pixels of shadow, of a highlight or of light than this say nothing about a leak. */
const leastPixels = 10;

/** What a face makes of one photograph: numbers by `measures`; without a cast shadow there is no leak. */
async function scoreOne(
  { preset: { size, lightHeight, judgingSpp }, model, camera }: Experiment,
  face: AttributeFace,
  truth: WorldFace,
): Promise<Partial<Record<Measure, number>>> {
  const { mesh, textures, normalMap } = face;
  const rays = { spp: judgingSpp, depth: 2, lightHeight };
  const shape = { identity: face.attributes.identity, blendshapes: face.attributes.blendshapes };
  const skin = Array.from(model.data.mask.keys()).filter((v) => model.data.mask[v] > 0.5);
  const aovs = renderAovs(
    { shapes: [{ mesh, bsdf: faceBsdf(model, textures), ...(normalMap && { normalMap }) }] },
    camera,
  );
  const light = tensor(truth.relitLight, [81, 3]);
  const [positions, normals, covered] = await Promise.all(
    [model.geometry(shape), aovs.normal, aovs.mask].map((t) => t.data()),
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
  const { mean: angle, shares } = angularError(normals, truth.normals, { mask });
  const [under20, under25, under30] = shares.map(({ share }) => share);
  return {
    vertices: vertexError(positions, truth.positions, { align: 'rigid', vertices: skin }).mean,
    ...{ normals: angle, under20, under25, under30 },
    ...known({ ssim: image.ssim }),
    ...{ psnr: image.psnr, relit: other.psnr },
    ...(await scoreAlbedos(textures, truth, size)),
  };
}

/** Measures without those that a face is too small for: similarities need a window, leaks a few pixels. */
const known = (values: Partial<Record<Measure, number | undefined>>): Partial<Record<Measure, number>> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && !Number.isNaN(value)));

/** Albedos in the input's view by the true camera: see `Scores`. */
async function scoreAlbedos(
  { diffuse, specular }: FaceTextures,
  truth: WorldFace,
  size: number,
): Promise<Partial<Record<Measure, number>>> {
  const places = tensor(truth.uv, [size * size, 2]);
  const seen = (texture: Tensor): Tensor => sampleTexture(texture, places).reshape([size, size, 3]);
  const inside = Uint8Array.from(truth.faceMask, (m) => Number(m > 0.5));
  const trueSpecular = tensor(truth.specular, [size, size, 1]).expand([size, size, 3]);
  const [diffuseMetrics, specularMetrics, albedo] = [
    await imageMetrics(seen(diffuse), tensor(truth.albedo, [size, size, 3]), inside),
    await imageMetrics(seen(specular), trueSpecular, inside),
    await seen(diffuse).data(),
  ];
  const where = (...values: number[]): Uint8Array =>
    truth.lamp.map((v, k) => Number(values.includes(v) && inside[k] === 1));
  const { hidden, lit, highlight } = lampPixel;
  /** How much darker the albedo is in the first area than in the second, beyond the truth; nothing of small areas. */
  const leak = (dark: Uint8Array, light: Uint8Array): number | undefined =>
    [dark, light].every((list) => list.reduce((a, b) => a + b, 0) >= leastPixels)
      ? shadowLeak(albedo, truth.albedo, dark, light)
      : undefined;
  return {
    albedo: albedoError(albedo, truth.albedo, { mask: inside, gain: 'perChannel' }).log,
    ...known({ diffuseSsim: diffuseMetrics.ssim, specularSsim: specularMetrics.ssim }),
    ...{ diffusePsnr: diffuseMetrics.psnr, specularPsnr: specularMetrics.psnr },
    ...known({ leak: leak(where(hidden), where(lit, highlight)), shine: leak(where(lit), where(highlight)) }),
  };
}

/** Errors of the faces that a row finds in the test's photographs, by their numbers. */
export async function score(experiment: Experiment, faceOf: (n: number) => AttributeFace): Promise<Scores> {
  const found: Partial<Record<Measure, number>>[] = [];
  for (const [n, truth] of experiment.test.entries()) found.push(await scoreOne(experiment, faceOf(n), truth));
  return Object.fromEntries(
    [...measures.shape, ...measures.reflectance].flatMap((name) => {
      const values = found.flatMap((one) => one[name] ?? []);
      return values.length > 0 ? [[name, summarize(values)]] : [];
    }),
  ) as Scores;
}
