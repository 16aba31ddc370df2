import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { noGrad, resizeBilinear, tensor, type Tensor } from '../engine.js';
import { depthwiseFiltersFromHWIO, filtersFromHWIO, loadTFJSWeights, weightsFromInOut } from '../io/tfjs/index.js';
import type { NamedArray, StateDict } from '../layers/index.js';
import { FaceExpressionNet, FaceRecognitionNet } from './index.js';

/** A face of a photograph and what face-api.js' own runtime makes of it: by packages/nn/reference/published.mjs. */
const { size, pixels, descriptor, expressions } = JSON.parse(
  readFileSync(new URL('../../reference/published.json', import.meta.url), 'utf8'),
) as { size: number; pixels: string; descriptor: number[]; expressions: { logits: number[]; shares: number[] } };

/** An array of face-api.js under the name that it has in our modules, and as they want it. */
function renamed(path: string, array: NamedArray): [string, NamedArray] {
  const name = path.replaceAll('/', '.');
  if (path === 'fc' || path === 'fc/weights') return ['fc.weight', weightsFromInOut(array)];
  if (path.endsWith('depthwise_filter')) {
    return [name.replace(/depthwise_filter$/, 'depthwise.weight'), depthwiseFiltersFromHWIO(array)];
  }
  if (path.endsWith('pointwise_filter')) {
    return [name.replace(/pointwise_filter$/, 'pointwise.weight'), filtersFromHWIO(array)];
  }
  if (path.endsWith('filters')) return [name.replace(/filters$/, 'weight'), filtersFromHWIO(array)];
  return [name.replace(/weights$/, 'weight').replace(/biases$/, 'bias'), array];
}

async function weightsOf(model: string): Promise<StateDict> {
  const folder = dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json'));
  const arrays = await loadTFJSWeights(join(folder, `model/${model}-weights_manifest.json`), (path) => readFile(path));
  return Object.fromEntries(Object.entries(arrays).map(([path, array]) => renamed(path, array)));
}

/** The face [1, 3, side, side], sRGB from 0 to 255. */
function faceOf(side: number): Tensor {
  const face = tensor(Float32Array.from(Buffer.from(pixels, 'base64')), [1, size, size, 3]).permute([0, 3, 1, 2]);
  return resizeBilinear(face, [side, side], { centres: 'origin' });
}

const furthest = (found: ArrayLike<number>, expected: readonly number[]): number =>
  Math.max(...expected.map((v, i) => Math.abs(v - found[i]!)));

test("a published recognition network gives its own runtime's descriptor of a photograph", async () => {
  const net = new FaceRecognitionNet().load(await weightsOf('face_recognition_model')).eval();
  const describe = (images: Tensor) => noGrad(() => net.forward(FaceRecognitionNet.normalise(images))).data();
  const images = faceOf(150);
  const found = await describe(images);
  expect(found.length).toBe(128);
  expect(furthest(found, descriptor)).toBeLessThan(1e-4);
  // power: another face, here the mirrored one, is farther away
  expect(furthest(await describe(images.flip(3)), descriptor)).toBeGreaterThan(1e-3);
});

test("a published classifier gives its own runtime's logits and shares: she smiles", async () => {
  const weights = await weightsOf('face_expression_model');
  const net = new FaceExpressionNet();
  // a convolution's bias belongs to its second half
  const separable = (name: string): string => {
    const inner = name.replace(/bias$/, 'pointwise.bias');
    return net.namedState().has(inner) ? inner : name;
  };
  net.load(Object.fromEntries(Object.entries(weights).map(([name, array]) => [separable(name), array]))).eval();
  const judge = (images: Tensor): Tensor => noGrad(() => net.forward(FaceExpressionNet.normalise(images)));
  const logits = judge(faceOf(112));
  const largest = Math.max(...expressions.logits.map(Math.abs));
  expect(furthest(await logits.data(), expressions.logits)).toBeLessThan(1e-4);
  expect(furthest(await logits.softmax(1).data(), expressions.shares)).toBeLessThan(1e-6);
  expect(FaceExpressionNet.labels[await logits.argMax(1).item()]).toBe('happy');
  expect(furthest(await judge(faceOf(112).flip(3)).data(), expressions.logits) / largest).toBeGreaterThan(1e-2);
});
