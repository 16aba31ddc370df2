import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { compile, Generator, memory, noGrad, ShapeError, tensor, type Tensor } from '../engine.js';
import { Dropout, Module, Sequential, summarize, type StateDict } from '../layers/index.js';
import { mseLoss } from '../losses/index.js';
import { Adam } from '../optim/index.js';
import {
  AlexNet,
  Bottleneck,
  ConvVAE,
  MobileNetV2,
  ResNet,
  resnet101,
  resnet152,
  resnet18,
  resnet34,
  resnet50,
  TextureDecoder,
  UNet,
  vgg16,
  vggFeatures,
} from './index.js';

/** torchvision's names, shapes and values: made by packages/nn/reference/models.py. */
interface Case {
  readonly name: string;
  readonly input: readonly number[];
  readonly train: boolean;
  readonly output: { readonly shape: readonly number[]; readonly data: readonly number[] };
  readonly inputGradient: readonly number[];
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  readonly after: Readonly<Record<string, readonly number[]>>;
}
const { layouts, cases } = JSON.parse(
  readFileSync(new URL('../../reference/models.json', import.meta.url), 'utf8'),
) as { layouts: Readonly<Record<string, Readonly<Record<string, number[]>>>>; cases: readonly Case[] };

const whole: Readonly<Record<string, () => Module>> = {
  alexnet: () => new AlexNet(),
  vgg16: () => vgg16(),
  vgg16_bn: () => vgg16({ batchNorm: true }),
  mobilenet_v2: () => new MobileNetV2(),
  'mobilenet_v2 0.35': () => new MobileNetV2({ width: 0.35 }),
  resnet18: () => resnet18(),
  resnet34: () => resnet34(),
  resnet50: () => resnet50(),
  resnet101: () => resnet101(),
  resnet152: () => resnet152(),
};

/** First weights that nobody reads are drawn all the same when the next test computes something, unless disposed of. */
const dispose = (net: Module): void => {
  for (const cell of net.namedState().values()) cell.dispose();
};

test.each(Object.keys(layouts))("%s has torchvision's names and shapes, in its order", (name) => {
  const net = whole[name]!();
  const layout = [...net.namedState()].map(([entry, cell]) => [entry, [...cell.shape]]);
  dispose(net);
  expect(layout).toEqual(Object.entries(layouts[name]!));
});

describe('published numbers of parameters and multiply-adds', () => {
  // parameters: torchvision's documentation. Multiply-adds: there too (in G, without normalisation); U-Net: its paper's sizes
  test.each([
    ['alexnet', 224, 61_100_840, 0.714],
    ['vgg16', 224, 138_357_544, 15.47],
    ['vgg16_bn', 224, 138_365_992, 15.47],
    ['resnet18', 224, 11_689_512, 1.814],
    ['resnet34', 224, 21_797_672, 3.664],
    ['resnet50', 224, 25_557_032, 4.089],
    ['resnet101', 224, 44_549_160, 7.801],
    ['resnet152', 224, 60_192_808, 11.514],
    ['mobilenet_v2', 224, 3_504_872, 0.301],
  ] as const)('%s', (name, size, parameters, giga) => {
    const before = memory().liveBytes;
    const net = whole[name]!();
    const summary = summarize(net, [1, 3, size, size]);
    dispose(net);
    expect(summary.parameters).toBe(parameters);
    expect(summary.multiplyAdds / 1e9).toBeCloseTo(giga, 2);
    expect(memory().liveBytes).toBe(before);
  });

  test('U-Net on VGG16 with batch normalisation', () => {
    const net = new UNet({ outputs: 3, zeroHead: true });
    const summary = summarize(net, [1, 3, 256, 256]);
    dispose(net);
    expect(summary.parameters).toBe(20_267_315);
    expect(summary.multiplyAdds / 1e9).toBeCloseTo(24.2, 1);
    expect(summary.rows[0]!.output).toEqual([1, 3, 256, 256]);
  });

  test('the decoder of S2F2', () => {
    const net = new TextureDecoder({ latents: 1000 });
    const summary = summarize(net, [1, 1000]);
    dispose(net);
    expect(summary.parameters).toBe(6_579_291); // table 4's layers, counted apart
    expect(summary.rows[0]!.output).toEqual([1, 3, 256, 256]);
  });
});

test('the decoder begins with textures of zero, and learns from there', async () => {
  const generator = new Generator(3);
  const stages = [{ up: 3, convolutions: [[4, 1], [2, 3]] }] as const; // prettier-ignore
  const net = new TextureDecoder({ latents: 6, channels: 8, stages, generator });
  const codes = tensor(noise(18, 7), [3, 6]);
  const first = net.forward(codes);
  expect(first.shape).toEqual([3, 2, 8, 8]);
  expect(await first.abs().max().item()).toBe(0);
  const optimizer = new Adam(net.parameters(), { lr: 0.02 });
  const goal = tensor(noise(first.size, 8), first.shape).mul(0.5).mean([2, 3], true);
  const losses: number[] = [];
  for (let step = 0; step < 12; step++) {
    optimizer.zeroGrad();
    const loss = mseLoss(net.forward(codes), goal.expand(first.shape).add(0.3));
    loss.backward();
    optimizer.step();
    losses.push(await loss.item());
  }
  expect(losses.at(-1)!).toBeLessThan(0.5 * losses[0]!);
  expect(() => new TextureDecoder({ latents: 6, stages: [] })).toThrow(ShapeError);
  expect(() => new TextureDecoder({ latents: 6, stages: [{ up: 2, convolutions: [[3, 2]] }] })).toThrow(/odd/);
});

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The reference's pseudo-random numbers in [-1, 1). */
function noise(count: number, seed: number): Float32Array {
  const out = new Float32Array(count);
  const base = Math.imul(seed, 40503);
  for (let i = 0; i < count; i++) {
    let h = (Math.imul(i, 2654435761) + base) | 0;
    h = Math.imul(h ^ (h >>> 15), 2246822519);
    h ^= h >>> 13;
    out[i] = (h >>> 0) / 2147483648 - 1;
  }
  return out;
}

/** The reference's `fill`. */
function filled(net: Module): StateDict {
  const entry = ([name, { shape }]: [string, Tensor], k: number): [string, StateDict[string]] => {
    if (name.endsWith('num_batches_tracked')) return [name, { shape, data: [0] }];
    const data = noise(size(shape), k);
    const scale = shape.length > 1 ? Math.sqrt(6 / size(shape.slice(1))) : 0;
    const near = /(running_var|weight)$/.test(name);
    return [name, { shape, data: data.map((x) => (scale > 0 ? scale * x : near ? 1 + 0.4 * x : 0.2 * x)) }];
  };
  return Object.fromEntries([...net.namedState()].map(entry));
}

const small = [[4], [6, 8], [8]];
const cut: Readonly<Record<string, () => Module>> = {
  'alexnet features': () => new Sequential([new AlexNet().features]),
  'vgg features': () => vggFeatures(small),
  'vgg_bn features': () => vggFeatures(small, { batchNorm: true }),
  resnet18: () => resnet18({ classes: 7 }),
  'resnet, bottlenecks': () => new ResNet(Bottleneck, [1, 2, 1, 1], { classes: 7 }),
  mobilenet_v2: () => new MobileNetV2({ classes: 5, width: 0.35 }),
  'mobilenet_v2, training': () => new MobileNetV2({ classes: 5, width: 0.35 }),
  unet: () => new UNet({ outputs: 2, encoder: small, decoder: [8, 6, 4] }),
};

/** Dropout of a network that is compared: none. */
const withoutDropout = (net: Module): void => {
  for (const module of net.namedModules().values()) if (module instanceof Dropout) module.eval();
};

describe("against torchvision's networks in PyTorch, float64: output, all gradients, running statistics", () => {
  test.each(cases.map((c) => [c.name, c] as const))(
    '%s',
    { timeout: 120_000 },
    async (name, { input, train, output, inputGradient, gradients, after }) => {
      const net = cut[name]!().train(train);
      withoutDropout(net);
      net.load(filled(net));
      const x = tensor(noise(size(input), 1000), input).requiresGrad_();
      const y = net.forward(x);
      expect(y.shape).toEqual(output.shape);
      y.mul(tensor(noise(y.size, 1001), y.shape))
        .sum()
        .backward();
      const values = await y.data();
      const scale = Math.max(...output.data.map(Math.abs));
      const worst = Math.max(...output.data.map((v, i) => Math.abs(v - values[i]!)));
      expect(worst / scale, 'output').toBeLessThan(train ? 2e-4 : 2e-5); // few values per channel are normalised there
      const longest = Math.max(...Object.values(gradients).map(([length]) => length!));
      // both numbers of an array in units of its length
      const far = async (found: Tensor, k: number, [length, product]: readonly number[]): Promise<number> => {
        const data = await found.data();
        const weights = noise(data.length, k);
        const sum = Float64Array.from(data).reduce((total, v, i) => total + v * weights[i]!, 0);
        const spread = Math.max(length!, 1e-3 * longest); // what a normalisation cancels is noise around zero
        return Math.max(Math.abs(Math.hypot(...chunks(data)) - length!), Math.abs(sum - product!)) / spread;
      };
      expect(await far(x.grad!, 1002, inputGradient), 'gradient of the input').toBeLessThan(2e-3);
      let k = 0;
      for (const [entry, cell] of net.namedState()) {
        const tolerance = entry in gradients ? 2e-3 : 1e-4; // of running statistics
        const expected = gradients[entry] ?? after[entry];
        if (expected)
          expect(await far(gradients[entry] ? cell.grad! : cell, k, expected), entry).toBeLessThan(tolerance);
        k++;
      }
    },
  );

  test('every case has its network', () => {
    expect(cases.map((c) => c.name)).toEqual(Object.keys(cut));
  });
});

/** Lengths of pieces: Math.hypot takes no million arguments. */
function chunks(data: ArrayLike<number>): number[] {
  const lengths: number[] = [];
  for (let i = 0; i < data.length; i += 1024) {
    let sum = 0;
    for (let j = i; j < Math.min(i + 1024, data.length); j++) sum += data[j]! ** 2;
    lengths.push(Math.sqrt(sum));
  }
  return Array.from({ length: Math.ceil(lengths.length / 1024) }, (_, i) =>
    Math.hypot(...lengths.slice(1024 * i, 1024 * (i + 1))),
  );
}

test('a variational autoencoder learns four pictures; its latents are drawn in training only', async () => {
  const generator = new Generator(4);
  const vae = new ConvVAE({ size: 8, channels: 1, widths: [4, 8], latents: 3, generator });
  const images = tensor(
    Float32Array.from({ length: 4 * 64 }, (_, i) => Number((i >> (i >> 6)) & 1)),
    [4, 1, 8, 8],
  );
  const adam = new Adam(vae.parameters(), { lr: 0.02 });
  const error = (): Promise<number> => noGrad(() => mseLoss(vae.eval().forward(images), images)).item();
  const before = await error();
  vae.train();
  const step = compile(() => {
    const { reconstruction, divergence } = vae.pass(images);
    mseLoss(reconstruction, images).add(divergence.mul(1e-4)).backward();
    adam.step();
    adam.zeroGrad();
  });
  for (let i = 0; i < 60; i++) step();
  const draws = [await vae.forward(images).data(), await vae.forward(images).data()];
  expect(draws[0]).not.toEqual(draws[1]);
  expect(await error()).toBeLessThan(before / 2);
  const { mean, logVariance } = vae.encode(images);
  const sampled = await vae.sample({ mean, logVariance: logVariance.mul(0).sub(60) }).data();
  const means = await mean.data();
  expect(Math.max(...sampled.map((v, i) => Math.abs(v - means[i]!)))).toBeLessThan(1e-6);
  expect(() => new ConvVAE({ size: 12, widths: [1, 1, 1], latents: 1 })).toThrow(/12 cannot be halved 3 times/);
});

test('a U-Net says which sizes it takes, and can begin at zero', async () => {
  expect(() => new UNet({ outputs: 1, encoder: small })).toThrow(/encoder has 3 stages, the decoder 5/);
  const net = new UNet({ outputs: 2, encoder: small, decoder: [4, 4, 4], zeroHead: true, generator: new Generator(1) });
  expect(() => net.forward(tensor(new Float32Array(3 * 12 * 16), [1, 3, 12, 16]))).toThrow(/multiples of 8.*12, 16/);
  const y = await net.forward(tensor(noise(3 * 256, 1), [1, 3, 16, 16])).data();
  expect(Math.max(...y.map(Math.abs))).toBe(0);
});
