import { Generator, rand, randn, tensor, zeros } from '@chiaro/autograd';
import { summarize } from '@chiaro/nn';
import { toConvention } from '@chiaro/render';
import { describe, expect, it } from 'vitest';
import { fromSfsnet, shading, toSfsnet } from '../sphericalHarmonics.js';
import { AlignNet } from './alignNet.js';
import { IlluResSfsNet } from './illuResSfsNet.js';
import { SfsNet } from './sfsNet.js';
import { SkipNet } from './skipNet.js';

const published = { channels: 128, blocks: 5 };
const tiny = { channels: 8, blocks: 1 };
const generator = new Generator(3);
const close = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i])));

describe("SfSNet's light", () => {
  const light = randn([2, 27], { generator });

  it("is Chiaro's in another order and scale, and comes back", async () => {
    const converted = toSfsnet(light);
    const one = toConvention('sfsnet', light.slice([1, 2]).reshape([9, 3]));
    expect(close(await converted.slice([1, 2]).data(), await one.data())).toBeLessThan(1e-6);
    expect(close(await fromSfsnet(converted).data(), await light.data())).toBeLessThan(1e-6);
  });

  it('shades with the published constants', async () => {
    const normals = [
      [0.36, 0.48, 0.8],
      [-0.6, 0, 0.8],
    ];
    const grid = tensor([normals.map((n) => [n]), normals.map((n) => [n])]); // [2, 2, 1, 3]
    const found = await shading(grid, light).data();
    const L = await light.data();
    const expected = [0, 1].flatMap((b) =>
      normals.flatMap(([x, y, z]) => {
        const h = [
          ...[0.886227, 1.023327 * z, 1.023327 * x, 1.023327 * y, 0.247708 * (2 * z * z - x * x - y * y)],
          ...[0.858086 * x * z, 0.858086 * y * z, 0.429043 * (x * x - y * y), 0.858086 * x * y],
        ];
        return [0, 1, 2].map((c) => h.reduce((sum, value, k) => sum + value * L[27 * b + 9 * c + k], 0));
      }),
    );
    expect(close(found, expected)).toBeLessThan(1e-5);
  });
});

describe('networks', () => {
  it('have the published size', () => {
    const sfs = summarize(new SfsNet(published, generator), [1, 3, 128, 128]);
    expect(sfs.parameters).toBe(3_416_353); // 3.42 M
    expect(sfs.multiplyAdds / 1e9).toBeCloseTo(17.2, 1);
    expect(summarize(new AlignNet('albedo', published, generator), [1, 5, 128, 128]).rows[0].output).toEqual([
      1, 3, 128, 128,
    ]);
    expect(summarize(new SkipNet(published, generator), [1, 3, 128, 128]).rows[0].output).toEqual([1, 3, 128, 128]);
  });

  it('join R to all features of SfSNet: it begins at zero, and its gradients reach every branch', async () => {
    const network = new IlluResSfsNet(new SfsNet(tiny, generator), tiny, generator);
    const image = rand([2, 16, 16, 3], { generator });
    const before = network.decompose(image);
    expect(close(await before.image.data(), await before.local.data())).toBe(0);
    expect(await before.normals.square().sum(-1).sub(1).abs().max().item()).toBeLessThan(1e-5);
    network.illuRes.head.weight.assign(randn(network.illuRes.head.weight.shape, { generator }));
    network.decompose(image).residual!.square().mean().backward();
    const reached = await Promise.all(
      [network.sfs.trunk.first, network.sfs.normals.blocks[0].conv1, network.sfs.albedo.blocks[0].conv1].map((layer) =>
        layer.parameters()[0].grad!.abs().max().item(),
      ),
    );
    for (const gradient of reached) expect(gradient).toBeGreaterThan(0);
    // what only makes the maps has no part in R
    expect(network.sfs.albedo.head.weight.grad).toBeNull();
  });

  it('label frames, whatever their channels', async () => {
    const labels = new SkipNet(tiny, generator).decompose(rand([2, 16, 16, 3], { generator }));
    expect([labels.albedo.shape, labels.light.shape]).toEqual([
      [2, 16, 16, 3],
      [2, 27],
    ]);
    expect(Number.isFinite(await labels.local.sum().item())).toBe(true);
  });

  it('give unit normals in another pose', async () => {
    const contours = zeros([2, 16, 16, 1]);
    const aligned = new AlignNet('normals', tiny, generator).align(
      contours,
      contours,
      rand([2, 16, 16, 3], { generator }),
    );
    expect(await aligned.square().sum(-1).sub(1).abs().max().item()).toBeLessThan(1e-5);
  });
});
