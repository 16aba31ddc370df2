import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { noGrad, resizeBilinear, tensor, type Tensor } from '../engine.js';
import {
  AvgPool2d,
  BatchNorm2d,
  Conv2d,
  Linear,
  MaxPool2d,
  Module,
  ReLU,
  SeparableConv2d,
  Sequential,
} from './index.js';
import type { StateDict } from './index.js';

/** PyTorch's values: made by packages/nn/reference/layers.py. */
interface Reference {
  readonly name: string;
  readonly input: readonly number[];
  readonly state: StateDict;
  readonly output: { readonly shape: readonly number[]; readonly data: readonly number[] };
  readonly inputGradient: readonly number[];
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}
const file = new URL('../../reference/layers.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Reference[] };

/** A function of a tensor as a module. */
class Resize extends Module {
  constructor(private readonly fn: (x: Tensor) => Tensor) {
    super();
  }
  override forward(x: Tensor): Tensor {
    return this.fn(x);
  }
}

/** The same layers, ours. */
const layers: Readonly<Record<string, () => Module>> = {
  conv: () => new Conv2d(3, 4, 3, { padding: 1 }),
  'conv, odd everything': () =>
    new Conv2d(2, 3, [3, 2], { stride: [2, 3], padding: [0, 1], dilation: [1, 2], bias: false }),
  'conv, stride larger than kernel': () => new Conv2d(1, 2, 2, { stride: 3 }),
  'conv, groups': () => new Conv2d(4, 6, 3, { groups: 2 }),
  'conv, depthwise': () => new Conv2d(3, 6, 3, { stride: 2, padding: 1, groups: 3 }),
  'conv, one pixel': () => new Conv2d(3, 2, 1),
  linear: () => new Linear(5, 3),
  'batch norm': () => new BatchNorm2d(3, { eps: 1e-3 }),
  'max pool': () => new MaxPool2d(3, { stride: 2, padding: 1 }),
  'average pool': () => new AvgPool2d([2, 3], { padding: [1, 1] }),
  'average pool, inside only': () => new AvgPool2d(3, { stride: 1, padding: 1, countIncludePad: false }),
  'resize up': () => new Resize((x) => resizeBilinear(x, [7, 9])),
  'resize down': () => new Resize((x) => resizeBilinear(x, [3, 2])),
  'resize, corners aligned': () => new Resize((x) => resizeBilinear(x, [5, 7], { centres: 'aligned' })),
};

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const generated = (shape: readonly number[], f: (i: number) => number): Tensor =>
  tensor(
    Float32Array.from({ length: size(shape) }, (_, i) => f(i)),
    shape,
  );

async function expectClose(what: string, found: Tensor | null, expected: readonly number[]): Promise<void> {
  const values = await found!.data();
  const scale = Math.max(1, ...expected.map(Math.abs));
  const worst = Math.max(...expected.map((x, i) => Math.abs(values[i]! - x)));
  expect(values.length, what).toBe(expected.length);
  expect(worst, what).toBeLessThan(2e-6 * scale);
}

describe('against PyTorch: forward, gradients of input and parameters', () => {
  test.each(cases.map((c) => [c.name, c] as const))(
    '%s',
    async (name, { input, state, output, inputGradient, gradients }) => {
      const layer = layers[name]!();
      const tracked: StateDict = layer instanceof BatchNorm2d ? { num_batches_tracked: { shape: [], data: [1] } } : {};
      layer.load({ ...state, ...tracked });
      const x = generated(input, (i) => Math.sin(i + 1)).requiresGrad_();
      const y = layer.forward(x);
      expect(y.shape).toEqual(output.shape);
      await expectClose('output', y, output.data);
      y.mul(generated(y.shape, Math.cos)).sum().backward();
      await expectClose('input gradient', x.grad, inputGradient);
      const named = layer.namedState();
      for (const [parameter, expected] of Object.entries(gradients)) {
        await expectClose(`gradient of ${parameter}`, named.get(parameter)!.grad, expected);
      }
    },
  );

  test('every layer has its values, and the values their layer', () => {
    expect(Object.keys(layers)).toEqual(cases.map((c) => c.name));
  });
});

describe('modules', () => {
  const network = (): Sequential =>
    new Sequential([new Conv2d(3, 8, 3), new BatchNorm2d(8), new ReLU(), new SeparableConv2d(8, 4, 3, { padding: 1 })]);

  test('names and numbers as in PyTorch', () => {
    const net = network();
    expect([...net.namedState().keys()]).toEqual([
      ...['0.weight', '0.bias'],
      ...['1.weight', '1.bias', '1.running_mean', '1.running_var', '1.num_batches_tracked'],
      ...['3.depthwise.weight', '3.pointwise.weight', '3.pointwise.bias'],
    ]);
    expect(net.parameters().map((p) => p.shape)).toEqual([
      [8, 3, 3, 3],
      [8],
      [8],
      [8],
      [8, 1, 3, 3],
      [4, 8, 1, 1],
      [4],
    ]);
    expect(net.forward(generated([2, 3, 8, 9], Math.sin)).shape).toEqual([2, 4, 6, 7]);
  });

  test('first weights are uniform in +-1 / sqrt(fan in)', async () => {
    const { weight } = new Linear(400, 50);
    const values = [...(await noGrad(() => weight.mul(20)).data())];
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(1);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const square = values.reduce((a, b) => a + b * b, 0) / values.length;
    // standard errors for 20,000 numbers: 0.0041 and 0.0021; five of them
    expect(Math.abs(mean)).toBeLessThan(0.021);
    expect(Math.abs(square - 1 / 3)).toBeLessThan(0.011);
  });

  test('load says which names and shapes do not fit, and changes nothing', async () => {
    const net = new Linear(2, 1);
    const before = await net.weight.data();
    const bias = { shape: [1], data: [5] };
    expect(() => net.load({ bias, wait: bias })).toThrow(/missing arrays: weight; arrays without a place: wait/);
    expect(() => net.load({ bias, weight: { shape: [2, 1], data: [1, 2] } })).toThrow(
      /weight has shape \[1, 2\].*\[2, 1\]/,
    );
    expect(await net.weight.data()).toEqual(before);
    expect(await net.load({ bias, weight: { shape: [1, 2], data: [1, 2] } }).bias!.data()).toEqual(
      new Float32Array([5]),
    );
  });
});
