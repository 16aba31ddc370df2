import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { noGrad, resizeBilinear, tensor } from '../engine.js';
import { filtersFromHWIO, loadTFJSWeights, weightsFromInOut } from '../io/tfjs/index.js';
import type { NamedArray, StateDict } from '../layers/index.js';
import { FaceRecognitionNet } from './index.js';

/** A face of a photograph and its descriptor by face-api.js' own runtime: made by packages/nn/reference/published.mjs. */
const { size, pixels, descriptor } = JSON.parse(
  readFileSync(new URL('../../reference/published.json', import.meta.url), 'utf8'),
) as { size: number; pixels: string; descriptor: number[] };

/** Weights of face-api.js under the names of our modules. */
function renamed(arrays: Readonly<Record<string, NamedArray>>): StateDict {
  const entry = ([path, array]: [string, NamedArray]): [string, NamedArray] => {
    if (path === 'fc') return ['fc.weight', weightsFromInOut(array)];
    const name = path.replaceAll('/', '.');
    if (name.endsWith('filters')) return [name.replace(/filters$/, 'weight'), filtersFromHWIO(array)];
    return [name.replace(/weights$/, 'weight').replace(/biases$/, 'bias'), array];
  };
  return Object.fromEntries(Object.entries(arrays).map(entry));
}

test("a published recognition network gives its own runtime's descriptor of a photograph", async () => {
  const folder = dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json'));
  const weights = await loadTFJSWeights(join(folder, 'model/face_recognition_model-weights_manifest.json'), (path) =>
    readFile(path),
  );
  const net = new FaceRecognitionNet().load(renamed(weights)).eval();
  const face = tensor(Float32Array.from(Buffer.from(pixels, 'base64')), [1, size, size, 3]).permute([0, 3, 1, 2]);
  const images = resizeBilinear(face, [150, 150], { centres: 'origin' });
  const found = await noGrad(() => net.forward(FaceRecognitionNet.normalise(images))).data();
  const worst = Math.max(...descriptor.map((v, i) => Math.abs(v - found[i]!)));
  expect(found.length).toBe(128);
  expect(worst).toBeLessThan(1e-4);
  // power: another face, here the mirrored one, is farther away
  const other = await noGrad(() => net.forward(FaceRecognitionNet.normalise(images.flip(3)))).data();
  expect(Math.max(...descriptor.map((v, i) => Math.abs(v - other[i]!)))).toBeGreaterThan(1e-3);
});
