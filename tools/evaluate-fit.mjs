/**
 * Does a fit paint light into the albedo? Faces with known shape, albedo and light are path traced under a sun and a sky,
 * with cast shadows, and fitted from the picture and their true landmarks. Their shapes are those of the model plus smooth
 * bumps, and their albedos have spots, neither of which the model has. What was fitted is then lit by eight other lights
 * and compared with the truth, beside the baseline that takes the photograph itself for the albedo.
 *
 *   node scripts/run.mjs tools/evaluate-fit.mjs [--faces 20] [--size 96] [--json results.json]
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Generator, noGrad, tensor } from '@chiaro/autograd';
import { environment, lambert, linearToSRGB, pathTrace, pinhole, texelDirections, vertexNormals } from '@chiaro/render';
import * as faces from '@chiaro/faces';

const { values: options } = parseArgs({
  options: {
    faces: { type: 'string', default: '20' },
    size: { type: 'string', default: '96' },
    json: { type: 'string' },
  },
});
const size = Number(options.size);
const focal = 2.6 * size; // a head of 240 mm at 900 mm fills two thirds of the picture
const cameraOf = (length) =>
  pinhole({ width: size, height: size, near: 50, far: 5000, intrinsics: tensor([length, length, size / 2, size / 2]) });
const camera = cameraOf(focal);
const samples = 64;
const map = { height: 32, width: 64 };
const { quickConfig } = faces;
const config = { ...quickConfig, size, render: { ...quickConfig.render, lights: 0, smallSize: 16 } };

/** A small generator of host numbers (mulberry32). */
function hostRandom(seed) {
  let state = seed;
  return (low = 0, high = 1) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return low + ((high - low) * ((t ^ (t >>> 14)) >>> 0)) / 2 ** 32;
  };
}

/** Lat-long radiance [32, 64, 3]: a sky that is brighter above, and lamps { direction, colour, sharpness }. */
function lightMap(sky, lamps) {
  const directions = texelDirections(map);
  const data = new Float32Array(map.height * map.width * 3);
  for (let t = 0; t < map.height * map.width; t++) {
    const d = directions.subarray(3 * t, 3 * t + 3);
    for (let c = 0; c < 3; c++) {
      data[3 * t + c] = sky[c] * (0.6 + 0.4 * d[1]);
      for (const { direction: l, colour, sharpness } of lamps) {
        const cosine = d[0] * l[0] + d[1] * l[1] + d[2] * l[2];
        data[3 * t + c] += (colour[c] * sharpness * Math.exp(sharpness * (cosine - 1))) / (2 * Math.PI);
      }
    }
  }
  return tensor(data, [map.height, map.width, 3]);
}

const unit = (v) => v.map((x) => x / Math.hypot(...v));
const lamp = (direction, colour, sharpness) => ({ direction: unit(direction), colour, sharpness });

/** Eight lights that no photograph is taken under. */
const trials = Array.from({ length: 8 }, (_, k) => {
  const angle = (2 * Math.PI * k) / 8;
  return lightMap([0.15, 0.15, 0.17], [lamp([Math.sin(angle), 0.4, 0.9 + 0.5 * Math.cos(angle)], [2.2, 2.1, 1.9], 30)]);
});

async function trueFace(model, seed) {
  const random = hostRandom(seed);
  const sample = model.sample(new Generator(seed), { spread: 0.8, expression: 0.5 });
  const bumps = Array.from({ length: 12 }, () => ({
    at: [random(-70, 70), random(-90, 60), random(60, 120)],
    size: random(12, 30),
    height: random(-2.5, 2.5),
  }));
  const rest = await model.geometry(sample).data();
  const positions = Float32Array.from(rest);
  const normals = await vertexNormals(tensor(positions, [model.vertexCount, 3]), model.mesh().topology).data();
  for (let v = 0; v < model.vertexCount; v++) {
    for (const { at, size: s, height } of bumps) {
      const square = [0, 1, 2].reduce((sum, c) => sum + (rest[3 * v + c] - at[c]) ** 2, 0);
      const push = height * Math.exp(-square / (2 * s * s));
      for (let c = 0; c < 3; c++) positions[3 * v + c] += push * normals[3 * v + c];
    }
  }
  const yaw = random(-0.35, 0.35);
  const [sine, cosine] = [Math.sin(yaw), Math.cos(yaw)];
  const posed = new Float32Array(positions.length);
  for (let v = 0; v < model.vertexCount; v++) {
    const [x, y, z] = positions.subarray(3 * v, 3 * v + 3);
    posed.set([cosine * x + sine * z, y, -sine * x + cosine * z - 900], 3 * v);
  }
  const { diffuse, specular } = model.albedo(sample);
  const spots = Float32Array.from(await diffuse.data());
  const [height, width] = diffuse.shape;
  for (let k = 0; k < 60; k++) {
    const [x, y, r, f] = [random(0, width), random(0, height), random(1.5, 5), random(0.6, 1.25)];
    for (let i = Math.max(0, Math.floor(y - 3 * r)); i < Math.min(height, y + 3 * r); i++) {
      for (let j = Math.max(0, Math.floor(x - 3 * r)); j < Math.min(width, x + 3 * r); j++) {
        const weight = Math.exp(-((i - y) ** 2 + (j - x) ** 2) / (r * r));
        for (let c = 0; c < 3; c++) spots[3 * (i * width + j) + c] *= 1 + (f - 1) * weight;
      }
    }
  }
  const side = random() < 0.5 ? -1 : 1;
  const sun = lamp([side * random(0.7, 1.2), random(0.3, 0.9), random(0.4, 0.8)], [3.6, 3.3, 2.8], 150);
  const place = tensor(posed, [model.vertexCount, 3]);
  const mesh = { ...model.mesh(place), rest: posed, normals: vertexNormals(place, model.mesh().topology) };
  return {
    mesh,
    textures: { diffuse: tensor(spots, diffuse.shape).clamp(0.01, 0.95), specular },
    light: lightMap([0.25, 0.28, 0.34], [sun]),
    landmarks: await camera.toPixels(model.landmarks(place, { yaw })).slice(null, [0, 2]).flatten().data(),
  };
}

const render = (view, mesh, bsdf, light, seed, spp = samples) =>
  noGrad(
    () =>
      pathTrace({ shapes: [{ mesh, bsdf }], emitters: [environment(light, { background: false })] }, view, {
        spp,
        seed,
      }).image,
  );

async function meanOver(values, mask) {
  let [sum, n] = [0, 0];
  (await values.data()).forEach((value, k) => mask[k] && ((sum += value), n++));
  return sum / Math.max(n, 1);
}

/** Square error of display values, mean over channels, [H, W]. */
const displayError = (a, b) =>
  linearToSRGB(a.clamp(0, 1))
    .sub(linearToSRGB(b.clamp(0, 1)))
    .square()
    .mean(2);

async function evaluate(model, seed) {
  const truth = await trueFace(model, seed);
  const photoTensor = render(camera, truth.mesh, faces.faceBsdf(model, truth.textures), truth.light, 11, 256);
  const data = Float32Array.from(await photoTensor.data());
  const photo = {
    name: `face ${seed}`,
    image: { width: size, height: size, channels: 3, data },
    srgb: Uint8Array.from(data, (x) => 255 * Math.min(1, Math.max(0, x)) ** (1 / 2.2)),
    width: size,
    height: size,
    originalWidth: size,
    originalHeight: size,
    notes: [],
  };
  const whole = { ...config, cropMargin: 100 }; // the crop is the picture, so that pixels can be compared
  const fit = await faces.fitFace(photo, {
    model,
    landmarks: truth.landmarks,
    config: whole,
    budgetSeconds: 600,
    seed,
  });

  const value = (name) => {
    const { values, shape } = fit.parameters.find((p) => p.name === name);
    return tensor(Float32Array.from(values), shape);
  };
  const mesh = faces.posedFace(model, {
    rotation: value('pose.rotation'),
    translation: value('pose.translation'),
    identity: value('identity'),
    blendshapes: value('expression'),
  });
  const fitCamera = cameraOf(await value('camera.focal').item());
  const texture = (image) => tensor(image.data, [image.height, image.width, image.channels]);
  const fitted = {
    diffuse: texture(fit.textures.diffuse),
    specular: texture(fit.textures.specular).expand([config.texture.size, config.texture.size, 3]),
  };

  const trueSurface = faces.surfaceImage(truth.mesh, camera);
  const fitSurface = faces.surfaceImage(mesh, fitCamera);
  const column = tensor(model.data.mask, [model.vertexCount, 1]);
  const [inTruth, inFit] = await Promise.all(
    [
      [trueSurface, truth.mesh],
      [fitSurface, mesh],
    ].map(([s, m]) => faces.interpolateImage(s, column, m.triangles).data()),
  );
  const mask = Uint8Array.from(inTruth, (m, k) => Number(m > 0.9 && inFit[k] > 0.9));
  const white = lambert({ albedo: 1 });
  const shading = await render(camera, truth.mesh, white, truth.light, 12).mean(2).data();
  const trueAlbedo = faces.textureImage(trueSurface, truth.textures.diffuse);
  const fitAlbedo = faces.textureImage(fitSurface, fitted.diffuse);

  // the baseline: the photograph over its mean irradiance, so that its mean albedo is the true one
  const gain = (await meanOver(trueAlbedo.mean(2), mask)) / (await meanOver(photoTensor.mean(2), mask));
  const painted = photoTensor.mul(gain).clamp(0.002, 0.98);
  const logError = (a) => a.clamp(0.005).log().sub(trueAlbedo.clamp(0.005).log()).abs().mean(2);
  // a global factor between light and albedo cannot be known: every albedo may have its best one
  const matched = async (a) => {
    const factor = Math.exp(await meanOver(trueAlbedo.clamp(0.005).log().sub(a.clamp(0.005).log()).mean(2), mask));
    return a.mul(factor);
  };
  const sorted = [...shading].filter((_, k) => mask[k]).sort((a, b) => a - b);
  const lit = sorted[Math.floor(0.9 * sorted.length)];
  const shadow = mask.map((m, k) => Number(m && shading[k] < 0.35 * lit));

  const psnr = (error) => -10 * Math.log10(error);
  let [fitError, paintError] = [0, 0];
  for (const [k, light] of trials.entries()) {
    const target = render(camera, truth.mesh, faces.faceBsdf(model, truth.textures), light, 20 + k);
    const relit = render(
      fitCamera,
      mesh,
      faces.faceBsdf(model, { diffuse: fitted.diffuse, specular: fitted.specular }),
      light,
      40 + k,
    );
    const shade = render(fitCamera, mesh, white, light, 60 + k);
    fitError += (await meanOver(displayError(relit, target), mask)) / trials.length;
    paintError += (await meanOver(displayError(shade.mul(painted), target), mask)) / trials.length;
  }
  // one picture does not tell the distance: the heads are compared with their origins laid over each other
  const onFace = Uint8Array.from(model.data.mask, (m) => Number(m > 0.5));
  const offset = mesh.positions.sub(truth.mesh.positions);
  const middle = await Promise.all([0, 1, 2].map((c) => meanOver(offset.select(1, c), onFace)));
  const distance = offset.sub(tensor(middle)).square().sum(1).sqrt();
  const row = {
    seed,
    relitPsnr: psnr(fitError),
    baselinePsnr: psnr(paintError),
    albedoInShadow: await meanOver(logError(await matched(fitAlbedo)), shadow),
    baselineInShadow: await meanOver(logError(await matched(painted)), shadow),
    shadowShare: shadow.reduce((a, b) => a + b, 0) / mask.reduce((a, b) => a + b, 0),
    geometryMm: await meanOver(distance, onFace),
    ssim: fit.metrics.ssim,
    seconds: fit.totalSeconds,
  };
  return row;
}

const model = await faces.loadFaceModel();
const rows = [];
for (let seed = 1; seed <= Number(options.faces); seed++) {
  const row = await evaluate(model, seed);
  rows.push(row);
  process.stdout.write(
    `${Object.entries(row)
      .map(([k, v]) => `${k} ${Number(v.toFixed(3))}`)
      .join('  ')}\n`,
  );
}
const mean = (key) => rows.reduce((sum, row) => sum + row[key], 0) / rows.length;
const summary = Object.fromEntries(Object.keys(rows[0]).map((key) => [key, mean(key)]));
process.stdout.write(`mean of ${rows.length}: ${JSON.stringify(summary)}\n`);
if (options.json) writeFileSync(options.json, `${JSON.stringify({ rows, mean: summary }, null, 2)}\n`);
process.exit(0);
