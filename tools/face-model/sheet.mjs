// A contact sheet of the face model: the mean, 20 random faces with and without expression, and sweeps of modes.
//
//   node scripts/run.mjs tools/face-model/sheet.mjs [OUTPUT.png]      default docs/images/face-model-samples.png
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Generator, tensor } from '../../packages/autograd/dist/index.js';
import { loadFaceModel } from '../../packages/faces/dist/index.js';
import { contactSheet, drawHead } from './drawHead.mjs';

const sharp = createRequire(new URL('../../packages/render/package.json', import.meta.url))('sharp');
const output = process.argv[2] ?? fileURLToPath(new URL('../../docs/images/face-model-samples.png', import.meta.url));
const [columns, width, height] = [8, 110, 130];

const model = await loadFaceModel();
const { uvs, uvTriangles, triangles, albedo } = model.data;

async function draw(coefficients, yaw = 0) {
  const positions = await model.geometry(coefficients).data();
  const { diffuse, specular } = model.albedo(coefficients);
  const look = {
    diffuse: { values: await diffuse.data(), size: albedo.width },
    specular: { values: await specular.select(2, 0).data(), size: albedo.width },
  };
  const view = { roughness: model.roughness, yaw, width, height, scale: 0.47, centre: [0, 15], samples: 3 };
  return drawHead({ positions, triangles, uvs, uvTriangles }, { ...look, ...view }).pixels;
}

const along = (count, k, weight) => tensor(Float32Array.from({ length: count }, (_, i) => (i === k ? weight : 0)));
const pictures = [];
for (const yaw of [-1.2, -0.5, 0, 0.5]) pictures.push(await draw({}, yaw));
const generator = new Generator(11);
for (let k = 0; k < 20; k++)
  pictures.push(await draw(model.sample(generator, { expression: k < 12 ? 0 : 1 }), k % 4 === 3 ? 0.5 : 0));
for (const mode of [0, 1, 2, 3])
  for (const weight of [-2.5, 2.5]) pictures.push(await draw({ identity: along(model.identityCount, mode, weight) }));
for (const mode of [0, 1, 2, 5])
  // three of the skins, and the brows
  for (const weight of [-1.4, 1.4]) pictures.push(await draw({ albedo: along(model.albedoCount, mode, weight) }));
for (const k of [0, 1]) for (const weight of [-2, 2]) pictures.push(await draw({ tint: along(2, k, weight) }));
for (const name of ['mouth-open', 'mouth-corner-puller', 'eye-left-closure', 'eyes-look-left']) {
  pictures.push(await draw({ blendshapes: along(model.blendshapeCount, model.data.blendshapeNames.indexOf(name), 1) }));
}
const sheet = contactSheet(pictures, columns, width, height);
await sharp(sheet.data, { raw: { width: sheet.width, height: sheet.height, channels: 3 } })
  .png({ palette: true, colours: 256, compressionLevel: 9 })
  .toFile(output);
console.log(output);
process.exit(0);
