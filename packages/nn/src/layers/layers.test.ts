import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Generator, noGrad, resizeBilinear, tensor, type Tensor } from '../engine.js';
import {
  AdaptiveAvgPool2d,
  AdaptiveMaxPool2d,
  AvgPool2d,
  BatchNorm2d,
  Conv2d,
  ConvTranspose2d,
  Dropout,
  Dropout2d,
  ELU,
  Embedding,
  GroupNorm,
  InstanceNorm2d,
  LayerNorm,
  Linear,
  LocalResponseNorm,
  MaxPool2d,
  Module,
  Pad2d,
  PixelShuffle,
  PReLU,
  ReLU,
  ReLU6,
  SeparableConv2d,
  Sequential,
  Softmax,
  summarize,
  summaryText,
  Tanh,
  Upsample,
  WeightNorm,
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
  readonly train: boolean;
  /** Buffers after a forward pass in training mode. */
  readonly after: Readonly<Record<string, readonly number[]>>;
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
  'batch norm, training': () => new BatchNorm2d(3, { momentum: 0.3 }),
  'batch norm, training, no parameters': () => new BatchNorm2d(3, { affine: false }),
  'group norm': () => new GroupNorm(2, 4),
  'instance norm': () => new InstanceNorm2d(3),
  'layer norm': () => new LayerNorm([3, 4], { eps: 1e-3 }),
  'local response norm': () => new LocalResponseNorm(4, { alpha: 0.5, beta: 0.6, k: 2 }),
  prelu: () => new PReLU(3),
  elu: () => new ELU(0.7),
  tanh: () => new Tanh(),
  softmax: () => new Softmax(1),
  'pixel shuffle': () => new PixelShuffle(2),
  'pad, reflect': () => new Pad2d([1, 2, 0, 1], 'reflect'),
  'pad, replicate': () => new Pad2d([1, 2, 0, 3], 'replicate'),
  'pad, circular': () => new Pad2d([1, 2, 0, 3], 'circular'),
  'pad, zeros': () => new Pad2d(2),
  'transposed conv': () => new ConvTranspose2d(3, 4, 4, { stride: 2, padding: 1 }),
  'transposed conv, groups': () =>
    new ConvTranspose2d(4, 6, [3, 2], { stride: [3, 1], outputPadding: [1, 0], groups: 2, bias: false }),
  relu6: () => new Resize((x) => new ReLU6().forward(x.mul(4).add(3))),
  'weight norm, conv': () => new WeightNorm(new Conv2d(2, 3, 3, { padding: 1 })),
  'weight norm, transposed conv': () => new WeightNorm(new ConvTranspose2d(3, 2, 4, { stride: 2, padding: 1 })),
  'weight norm, linear': () => new WeightNorm(new Linear(4, 3), 1),
  'adaptive average pool': () => new AdaptiveAvgPool2d([2, 3]),
  'adaptive max pool': () => new AdaptiveMaxPool2d([2, 3]),
  'adaptive max pool, even parts': () => new AdaptiveMaxPool2d(2),
  'conv, reflected': () => new Conv2d(2, 3, 3, { padding: [1, 2], paddingMode: 'reflect' }),
  'conv, circular, stride': () => new Conv2d(2, 3, 3, { stride: 2, padding: 1, paddingMode: 'circular' }),
  'upsample, nearest': () => new Upsample(2),
  'upsample, bilinear': () => new Upsample(1.5, { mode: 'bilinear' }),
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
    async (name, { input, state, output, inputGradient, gradients, train, after }) => {
      const layer = layers[name]!().train(train);
      const tracked: StateDict = layer instanceof BatchNorm2d ? { num_batches_tracked: { shape: [], data: [0] } } : {};
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
      for (const [buffer, expected] of Object.entries(after)) await expectClose(buffer, named.get(buffer)!, expected);
    },
  );

  test('every layer has its values, and the values their layer', () => {
    expect(Object.keys(layers)).toEqual(cases.map((c) => c.name));
  });
});

describe('dropout', () => {
  const x = tensor(new Float32Array(40_000).fill(2), [20, 20, 10, 10]);

  test('keeps the mean in training mode, and everything in use; the gradient is what was kept', async () => {
    const layer = new Dropout(0.3, { generator: new Generator(5) });
    const input = x.detach().requiresGrad_();
    const y = layer.forward(input);
    y.sum().backward();
    const [values, gradient] = [await y.data(), await input.grad!.data()];
    const kept = values.filter((v) => v !== 0);
    // 40,000 draws: a standard error of 0.0023; five of them
    expect(Math.abs(kept.length / values.length - 0.7)).toBeLessThan(0.012);
    expect(kept.every((v) => Math.abs(v - 2 / 0.7) < 1e-5)).toBe(true);
    expect(values.every((v, i) => Math.abs(v - 2 * gradient[i]!) < 1e-5)).toBe(true);
    expect(await layer.eval().forward(x).data()).toEqual(await x.data());
    expect(Math.max(...(await new Dropout(1).forward(x).data()))).toBe(0);
  });

  test('of channels drops channels', async () => {
    const sums = await new Dropout2d(0.5).forward(x).sum([2, 3]).data();
    expect(new Set(sums)).toEqual(new Set([0, 400]));
  });
});

test('an untied bias has a number per channel and pixel', async () => {
  const layer = new ConvTranspose2d(2, 3, 4, { stride: 2, padding: 1, untiedBias: [4, 6] });
  const tied = new ConvTranspose2d(2, 3, 4, { stride: 2, padding: 1, bias: false });
  const bias = { shape: [3, 4, 6], data: Array.from({ length: 72 }, (_, i) => i) };
  const { weight } = await layer.stateDict();
  layer.load({ weight: weight!, bias });
  tied.load({ weight: weight! });
  const x = generated([2, 2, 2, 3], Math.sin);
  const found = layer.forward(x);
  await expectClose('added', found.sub(tied.forward(x)), [...bias.data, ...bias.data]);
  found.sum().backward();
  expect([...(await layer.bias!.grad!.data())]).toEqual(bias.data.map(() => 2));
  expect(() => layer.forward(generated([1, 2, 3, 3], Math.sin))).toThrow(/untied bias.*3, 4, 6.*1, 3, 6, 6/);
});

test('a weight norm begins with the weight of its layer', async () => {
  const layer = new Conv2d(2, 3, 3);
  const x = generated([1, 2, 4, 4], Math.sin);
  const before = [...(await layer.forward(x).data())];
  await expectClose('output', new WeightNorm(layer).forward(x), before);
  expect(() => new WeightNorm(layer, 4)).toThrow(/4 dimensions, got 4/);
});

test('an embedding looks rows up, and its gradient counts them', async () => {
  const table = new Embedding(5, 2);
  table.load({ weight: { shape: [5, 2], data: [0, 1, 10, 11, 20, 21, 30, 31, 40, 41] } });
  const rows = table.forward(tensor(Int32Array.from([3, 1, 3, 0]), [2, 2]));
  expect(rows.shape).toEqual([2, 2, 2]);
  expect([...(await rows.data())]).toEqual([30, 31, 10, 11, 30, 31, 0, 1]);
  rows.sum().backward();
  expect([...(await table.weight.grad!.data())]).toEqual([1, 1, 1, 1, 0, 0, 2, 2, 0, 0]);
});

describe('modules', () => {
  const network = (): Sequential =>
    new Sequential([new Conv2d(3, 8, 3), new BatchNorm2d(8), new ReLU(), new SeparableConv2d(8, 4, 3, { padding: 1 })]);

  test('modes reach the modules inside; frozen parameters get no gradients', () => {
    const net = network();
    const norm = net.modules[1]!;
    expect([net.training, norm.training]).toEqual([true, true]);
    net.eval();
    expect([net.training, norm.training]).toEqual([false, false]);
    expect(
      net
        .train()
        .freeze()
        .forward(generated([1, 3, 5, 5], Math.sin)).requiresGrad,
    ).toBe(false);
    expect(net.freeze(false).forward(generated([1, 3, 5, 5], Math.sin)).requiresGrad).toBe(true);
    const single = generated([1, 3, 1, 1], Math.sin);
    expect(() => new BatchNorm2d(3).forward(single)).toThrow(/more than one value per channel.*eval/);
  });

  test('hooks see inputs and outputs, may replace these, and go', async () => {
    const net = network().eval();
    const x = generated([1, 3, 5, 5], Math.sin);
    const plain = await net.forward(x).data();
    const seen: string[] = [];
    const first = net.modules[0]!.registerForwardHook((module, input, output) => {
      seen.push(`${module.constructor.name} ${input.shape.join()} ${output.shape.join()}`);
      return undefined;
    });
    const second = net.modules[0]!.registerForwardHook((_module, _input, output) => output.mul(0));
    expect(net.namedModules().size).toBe(6);
    expect(await net.forward(x).data()).not.toEqual(plain);
    first.remove();
    second.remove();
    second.remove();
    expect(await net.forward(x).data()).toEqual(plain);
    expect(seen).toEqual(['Conv2d 1,3,5,5 1,8,3,3']);
    expect([...net.namedParameters().keys()]).toEqual(
      [...net.namedState().keys()].filter((name) => !/running|tracked/.test(name)),
    );
  });

  test('a summary counts what layers learn and do, and leaves the network as it was', () => {
    const net = network();
    net.modules[1]!.freeze().eval();
    const summary = summarize(net, [2, 3, 5, 6]);
    const cost = { conv: 2 * 8 * 3 * 4 * 27, depthwise: 2 * 8 * 3 * 4 * 9, pointwise: 2 * 4 * 3 * 4 * 8 };
    const lines = summary.rows.map((r) => [r.name, r.kind, r.output?.join(), r.parameters, r.multiplyAdds]);
    expect(lines).toEqual([
      ['', 'Sequential', '2,4,3,4', 224 + 16 + 72 + 36, cost.conv + cost.depthwise + cost.pointwise],
      ['0', 'Conv2d', '2,8,3,4', 224, cost.conv],
      ['1', 'BatchNorm2d', '2,8,3,4', 16, 0],
      ['2', 'ReLU', '2,8,3,4', 0, 0],
      ['3', 'SeparableConv2d', '2,4,3,4', 108, cost.depthwise + cost.pointwise],
      ['3.depthwise', 'Conv2d', '2,8,3,4', 72, cost.depthwise],
      ['3.pointwise', 'Conv2d', '2,4,3,4', 36, cost.pointwise],
    ]);
    expect([summary.parameters, summary.trainable]).toEqual([348, 332]);
    expect([net.training, net.modules[1]!.training, net.modules[2]!.training]).toEqual([true, false, true]);
    const text = summaryText(summary).split('\n');
    expect(text[0]).toMatch(/^name +module +output +parameters +multiply-adds$/);
    expect(text[6]).toMatch(/^ {4}depthwise +Conv2d +\[2, 8, 3, 4\] +72 +1,728$/);
    expect(text.at(-1)).toMatch(/^348 parameters, 332 of them trainable; [\d,]+ multiply-adds$/);
  });

  test('a state dict goes from one network to another', async () => {
    const [one, other] = [network(), network()];
    const x = generated([2, 3, 5, 5], Math.cos);
    one.forward(x); // moves running statistics
    other.load(await one.stateDict());
    expect(await other.eval().forward(x).data()).toEqual(await one.eval().forward(x).data());
    expect(await (other.modules[1] as BatchNorm2d).num_batches_tracked.item()).toBe(1);
  });

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
    expect(() => net.load({ weight: { shape: [1, 2], data: [7, 8] }, bias: { shape: [1], data: [5, 6] } })).toThrow(
      /bias \[1\] has 1 elements, the array 2/,
    );
    expect(await net.weight.data()).toEqual(before);
    expect(await net.load({ bias, weight: { shape: [1, 2], data: [1, 2] } }).bias!.data()).toEqual(
      new Float32Array([5]),
    );
  });
});
