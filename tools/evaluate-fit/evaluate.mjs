// One fit of one face: run, measured, shown.
import { tensor } from '@chiaro/autograd';
import {
  albedoError,
  faceBsdf,
  fitFace,
  imageMetrics,
  lightError,
  surfaceError,
  surfaceImage,
  textureImage,
} from '@chiaro/faces';
import { axisAngle, encodeImage, lambert, linearToBytes, vertexNormals } from '@chiaro/render';
import { cameraOf } from './faces.mjs';
import { lightMap, trialLights } from './lights.mjs';
import { picture } from './truth.mjs';

const samples = 64;

/** Rendered pixels as `fitFace` takes a photograph. */
export function photoOf(number, data, size) {
  const square = { width: size, height: size };
  const image = { ...square, channels: 3, data };
  const original = { originalWidth: size, originalHeight: size };
  return { name: `face ${number}`, image, srgb: linearToBytes(data), ...square, ...original, notes: [] };
}

const textureOf = ({ height, width, channels, data }) => tensor(data, [height, width, channels]);

/** The fitted face before its camera: { mesh, camera, positions, textures }. */
export async function fittedScene(model, fit, size) {
  const { camera, mesh } = fit;
  const place = axisAngle(tensor([...camera.rotation]))
    .apply(tensor(mesh.positions, [model.vertexCount, 3]))
    .add(tensor([...camera.translation]));
  const positions = Float32Array.from(await place.data());
  const fixed = tensor(positions, [model.vertexCount, 3]);
  const specular = textureOf(fit.textures.specular);
  return {
    positions,
    mesh: { ...model.mesh(fixed), rest: positions, normals: vertexNormals(fixed, model.mesh().topology) },
    camera: cameraOf(size, camera.intrinsics[0]),
    textures: {
      diffuse: textureOf(fit.textures.diffuse),
      specular: specular.expand([specular.shape[0], specular.shape[1], 3]),
    },
  };
}

/** A face as `surfaceError` takes it: its face region, and its landmarks as points. */
export const faceOf = ({ data }, positions) => ({
  positions,
  triangles: data.triangles,
  region: [...data.mask.keys()].filter((v) => data.mask[v] > 0.5),
  landmarks: [...data.landmarks].flatMap((v) => [...positions.subarray(3 * v, 3 * v + 3)]),
});

/** Steps of closest points after the landmarks. */
const refine = 12;

/**
 * Fits a face and compares: `figures` are numbers (relit and baseline in dB, albedo errors as `albedoError`, lengths in
 * mm), `pictures` what they were taken from. The baseline is the photograph taken for the albedo, on the same fitted
 * geometry.
 */
export async function evaluate({ model, truthModel, truth, number, size, config, budgetSeconds }) {
  const { landmarks, mask, shadow } = truth;
  const photo = photoOf(number, truth.photo, size);
  const before = process.cpuUsage();
  const fit = await fitFace(photo, { model, landmarks, config, budgetSeconds, seed: number });
  const { user, system } = process.cpuUsage(before);
  const scene = await fittedScene(model, fit, size);
  const { mesh, camera, textures } = scene;
  const seen = textureImage(surfaceImage(mesh, camera, 3), textures.diffuse);
  const albedo = await seen.data();
  // one factor for all pixels and colours: one picture does not tell a light reflectance in a dim light from a dark one
  const against = (found, area, gains) => albedoError(found, truth.albedo, { mask: area, gain: 'one', gains });
  const whole = { ours: against(albedo, mask), baseline: against(truth.photo, mask) };
  const gain = { ours: whole.ours.gain[0], baseline: whole.baseline.gain[0] };
  // a face without cast shadows has no error in them
  const inShadow = (found, { gain: gains }) => (shadow.includes(1) ? against(found, shadow, gains).log : NaN);

  const scaled = (x, factor) => x.mul(factor).clamp(0.002, 0.98);
  const painted = tensor(truth.photo, [size, size, 3]);
  const totals = { relit: 0, baseline: 0, relitRaw: 0, baselineRaw: 0 };
  const pictures = {};
  for (const [k, other] of trialLights.entries()) {
    const light = lightMap(other);
    const under = (bsdf, seed) => picture({ mesh, bsdf }, camera, light, { spp: samples, seed });
    // direct light is linear in the diffuse albedo, which is the only thing that these differ in
    const shade = under(lambert({ albedo: 1 }), 60 + k);
    const gloss = under(faceBsdf(model, { ...textures, diffuse: 0 }), 40 + k);
    const images = {
      relit: shade.mul(scaled(seen, gain.ours)).add(gloss),
      relitRaw: shade.mul(seen).add(gloss),
      baseline: shade.mul(scaled(painted, gain.baseline)),
      baselineRaw: shade.mul(painted),
    };
    for (const [name, image] of Object.entries(images)) {
      totals[name] +=
        (await imageMetrics(image, tensor(truth.relit[k], [size, size, 3]), mask)).psnr / trialLights.length;
      if (k === 1) pictures[name] = image;
    }
  }
  const counts = [mask, shadow].map((m) => m.reduce((a, b) => a + b, 0));
  const light = lightError(fit.light.sh, truth.light);
  const [ours, theirs] = [faceOf(model, scene.positions), faceOf(truthModel, truth.positions)];
  const rigid = surfaceError(ours, theirs, { refine });
  const similar = surfaceError(ours, theirs, { kind: 'symmetric', refine });
  return {
    figures: {
      ...totals,
      albedo: whole.ours.log,
      baselineAlbedo: whole.baseline.log,
      albedoInShadow: inShadow(albedo, whole.ours),
      baselineInShadow: inShadow(truth.photo, whole.baseline),
      shadowShare: counts[1] / counts[0],
      albedoGain: gain.ours,
      toTruthMm: rigid.toTruth.mean,
      toFitMm: rigid.toFound.mean,
      scaledToTruthMm: similar.toTruth.mean,
      scaledToFitMm: similar.toFound.mean,
      scale: similar.motion.scale,
      light: light.raw,
      lightGained: light.gained,
      lightDegrees: light.degrees,
      ssim: fit.metrics.ssim,
      landmarkRms: fit.metrics.landmarkRms,
      seconds: fit.totalSeconds,
      cpuSeconds: (user + system) / 1e6,
    },
    stages: Object.fromEntries(fit.stages.map(({ stage, seconds }) => [stage, seconds])),
    notes: fit.notes,
    adapter: fit.adapter,
    pictures: { albedo, ...pictures, gain },
  };
}

/** PNG files of a fit beside the truth: the columns of the contact sheet. */
export function sheetPictures(truth, { pictures }, size) {
  const image = (values) => tensor(Float32Array.from(values), [size, size, 3]);
  const shadows = image(truth.photo.map((x, i) => (truth.shadow[Math.floor(i / 3)] ? (i % 3 === 0 ? 1 : x) : x)));
  const columns = [
    image(truth.photo),
    shadows,
    image(truth.albedo),
    image(pictures.albedo).mul(pictures.gain.ours),
    image(truth.photo).mul(pictures.gain.baseline),
    image(truth.relit[1]),
    pictures.relit,
    pictures.baseline,
  ];
  return Promise.all(columns.map((column) => encodeImage(column.clamp(0, 1))));
}
