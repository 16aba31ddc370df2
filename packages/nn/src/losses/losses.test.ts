import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { tensor, type Tensor } from '../engine.js';
import { Module, ReLU, Sequential } from '../layers/index.js';
import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  charbonnierLoss,
  cosineSimilarity,
  crossEntropy,
  gradientLoss,
  klNormal,
  l1Loss,
  laplacianLoss,
  mseLoss,
  perceptualLoss,
  smoothL1Loss,
  ssimLoss,
  totalVariation,
} from './index.js';

/** PyTorch's values: made by packages/nn/reference/losses.py. */
interface Reference {
  readonly name: string;
  readonly shape: readonly number[];
  readonly scale: number;
  readonly shift: number;
  readonly value: readonly number[];
  readonly gradient: readonly number[];
}
const file = new URL('../../reference/losses.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Reference[] };

const numbers = (shape: readonly number[], f: (i: number) => number): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => f(i)),
    shape,
  );
const classes = (x: Tensor): Tensor => {
  const shape = x.shape.filter((_, d) => d !== 1);
  const count = shape.reduce((a, b) => a * b, 1);
  return tensor(
    Int32Array.from({ length: count }, (_, i) => (i * 7) % x.shape[1]!),
    shape,
  );
};

const losses: Readonly<Record<string, (x: Tensor, target: Tensor) => Tensor>> = {
  l1: (x, t) => l1Loss(x, t),
  'l1, sum': (x, t) => l1Loss(x, t, { reduction: 'sum' }),
  mse: (x, t) => mseLoss(x, t),
  'mse, none': (x, t) => mseLoss(x, t, { reduction: 'none' }),
  'smooth l1': (x, t) => smoothL1Loss(x, t, { beta: 0.4 }),
  'cross entropy': (x) => crossEntropy(x, classes(x)),
  'cross entropy of pixels, smoothed': (x) => crossEntropy(x, classes(x), { labelSmoothing: 0.2 }),
  'binary, logits': (x, t) => binaryCrossEntropyWithLogits(x, t),
  binary: (x, t) => binaryCrossEntropy(x, t),
  kl: (x, t) => klNormal(x, t),
  cosine: (x, t) => cosineSimilarity(x, t),
  ssim: (x, t) => ssimLoss(x, t),
  'cosine, last dimension': (x, t) => cosineSimilarity(x, t, { dim: -1 }),
};

describe('against PyTorch: value and gradient', () => {
  test.each(cases.map((c) => [c.name, c] as const))('%s', async (name, { shape, scale, shift, value, gradient }) => {
    const x = numbers(shape, (i) => shift + scale * Math.sin(2.3 * i + 1)).requiresGrad_();
    const target = numbers(shape, (i) => shift + scale * Math.cos(1.1 * i));
    const found = losses[name]!(x, target);
    found.sum().backward();
    const close = (a: ArrayLike<number>, b: readonly number[]): void => {
      const size = Math.max(1e-3, ...b.map(Math.abs));
      expect(a.length).toBe(b.length);
      b.forEach((v, i) => expect(Math.abs(a[i]! - v)).toBeLessThan(5e-6 * size));
    };
    close(await found.data(), value);
    close(await x.grad!.data(), gradient);
  });
});

test('charbonnier is the distance, smooth at 0', async () => {
  const x = tensor([0, 3]).requiresGrad_();
  const loss = charbonnierLoss(x, tensor([0, -1]), { eps: 3, reduction: 'none' });
  expect([...(await loss.data())]).toEqual([3, 5]);
  loss.sum().backward();
  expect((await x.grad!.data())[0]).toBe(0);
  expect((await x.grad!.data())[1]).toBeCloseTo(0.8, 6);
});

test('differences of pixels', async () => {
  const ramp = numbers([2, 5, 4], (i) => 3 * (i % 4) + 2 * (Math.floor(i / 4) % 5)); // 3 a column, 2 a row
  expect(await totalVariation(ramp).item()).toBeCloseTo(5, 5);
  expect(await gradientLoss(ramp.add(7), ramp).item()).toBeCloseTo(0, 5);
  expect(await gradientLoss(ramp.mul(2), ramp).item()).toBeCloseTo(5, 5);
  expect(await laplacianLoss(ramp.mul(2), ramp).item()).toBeCloseTo(0, 5); // a plane has no Laplacian
  const bowl = numbers([5, 6], (i) => (i % 6) ** 2 + Math.floor(i / 6) ** 2);
  expect(await laplacianLoss(bowl, bowl.mul(0)).item()).toBeCloseTo(4, 5);
});

test('what does not fit is said at once', () => {
  expect(() => mseLoss(numbers([3, 1], Number), numbers([3], Number))).toThrow(/\[3, 1\].*\[3\].*one shape/);
  expect(() => crossEntropy(numbers([3, 2], Number), numbers([2], Number))).toThrow(/\[B, K, ...\]/);
  expect(() => smoothL1Loss(tensor([1]), tensor([1]), { beta: 0 })).toThrow(/beta.*l1Loss/);
  expect(() => ssimLoss(numbers([10, 30], Number), numbers([10, 30], Number))).toThrow(/at least 11 x 11/);
  expect(() => totalVariation(numbers([1, 4], Number))).toThrow(/at least 2 x 2/);
});

test('the perceptual loss compares the outputs that it is told to, and moves the image only', async () => {
  let calls = 0;
  class Twice extends Module {
    override forward(x: Tensor): Tensor {
      calls++;
      return x.mul(2);
    }
  }
  const features = new Sequential([new Twice(), new ReLU(), new Twice()]);
  const x = tensor([1, -2]).requiresGrad_();
  const target = tensor([0, 1]).requiresGrad_();
  // [2, -4] and [0, 2] differ by 20 in the mean square; after the ReLU [2, 0] and [0, 2] do by 4
  const loss = perceptualLoss(features, [0, [1, 0.5]], x, target);
  loss.backward();
  expect(await loss.item()).toBe(22);
  expect([...(await x.grad!.data())]).toEqual([6, -12]);
  expect(target.grad).toBeNull();
  expect(calls).toBe(2); // the layer behind the last one is not run
  expect(() => perceptualLoss(features, [3], x, target)).toThrow(/from 0 to 2, got 3/);
  expect(() => perceptualLoss(features, [], x, target)).toThrow(/got none/);
  expect(() => perceptualLoss(features, [0], x, tensor([1]))).toThrow(/prediction \[2\] and target \[1\]/);
});
