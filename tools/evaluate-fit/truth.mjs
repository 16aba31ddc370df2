// What the fit of a face is compared with: its photograph, its albedo, its shadows, its pictures under other lights.
import { existsSync, readFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { noGrad, tensor } from '@chiaro/autograd';
import { coverage, interpolateImage, surfaceImage } from '@chiaro/faces';
import { environment, pathTrace, projectEnvironment } from '@chiaro/render';
import { fingerprint, writeWhole } from '../evaluate/resultFile.mjs';
import { trueFace } from './faces.mjs';
import { exposed, lightMap, photoLight, trialLights } from './lights.mjs';
import { castShadow } from './shadows.mjs';

const photoSamples = 256;
const trialSamples = 128;

/** A picture [H, W, 3] of a surface under a map of radiance, path traced. */
export const picture = ({ mesh, bsdf }, camera, light, { spp, seed, background = false }) =>
  noGrad(
    () =>
      pathTrace({ shapes: [{ mesh, bsdf }], emitters: [environment(light, { background })] }, camera, { spp, seed })
        .image,
  );

/** The factor that makes a photograph's bright parts on the face bright, half as far as a dark skin would ask for. */
function exposureOf(image, albedo, inside) {
  const luminance = (data) =>
    inside.map((k) => (data[3 * k] + data[3 * k + 1] + data[3 * k + 2]) / 3).sort((a, b) => a - b);
  const bright = luminance(image)[Math.floor(0.98 * inside.length)];
  const skin = luminance(albedo)[Math.floor(0.5 * inside.length)];
  return (0.85 * Math.sqrt(Math.min(1, skin / 0.35))) / bright;
}

async function render(truth, number, size) {
  const face = await trueFace(truth, number, size);
  const surface = surfaceImage(face.mesh, face.camera, 3);
  const column = tensor(truth.model.data.mask, [truth.model.vertexCount, 1]);
  const region = await interpolateImage(surface, column, face.mesh.triangles).data();
  const covered = await coverage(surface).data();
  const mask = Uint8Array.from(region, (m, k) => Number(m > 0.9 && covered[k] > 0.999));
  const albedo = Float32Array.from(await interpolateImage(surface, face.diffuse, face.mesh.triangles).data());
  const inside = [...mask.keys()].filter((k) => mask[k] === 1);

  const dark = photoLight(number, face.yaw);
  const trial = await picture(face, face.camera, lightMap(dark), { spp: 16, seed: 10 }).data();
  const light = exposed(dark, exposureOf(trial, albedo, inside));
  const map = lightMap(light);
  const photo = picture(face, face.camera, map, { spp: photoSamples, seed: 11, background: true });
  const relit = [];
  for (const [k, other] of trialLights.entries())
    relit.push(
      Float32Array.from(await picture(face, face.camera, lightMap(other), { spp: trialSamples, seed: 20 + k }).data()),
    );
  const harmonics = Float32Array.from(await projectEnvironment(map).data());
  return {
    kind: light.kind,
    meanRadiance: (harmonics[0] + harmonics[1] + harmonics[2]) / (3 * Math.sqrt(4 * Math.PI)),
    photo: Float32Array.from(await photo.clamp(0, 1).data()),
    relit,
    albedo,
    mask,
    shadow: (await castShadow(face.mesh, face.camera, light.lamps[0])).map((s, k) => s & mask[k]),
    light: harmonics,
    landmarks: Float32Array.from(face.landmarks),
    positions: face.positions,
  };
}

/** Changes with anything that makes a true face, so that files of older ones are not taken for it. */
export const truthVersion = fingerprint(
  ['faces', 'skin', 'lights', 'shadows', 'truth'].map((name) =>
    readFileSync(new URL(`./${name}.mjs`, import.meta.url), 'utf8'),
  ),
);

/** The truth about a face, from a file of the folder where it is there. Pictures are [size, size, 3] linear RGB. */
export async function truthOf(truth, number, size, folder) {
  const file = `${folder}/${truth.model.data.name.replace(/\W+/g, '-')}-${size}-${truthVersion}-${number}.bin`;
  if (existsSync(file)) return deserialize(readFileSync(file));
  const found = await render(truth, number, size);
  writeWhole(file, serialize(found));
  return found;
}
