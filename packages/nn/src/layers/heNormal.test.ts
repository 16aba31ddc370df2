import { Generator, randn, type Tensor } from '../engine.js';
import { describe, expect, it } from 'vitest';
import { LeakyReLU, ReLU } from './activations.js';
import { Conv2d, ConvTranspose2d } from './conv.js';
import { heNormal } from './heNormal.js';
import { Linear } from './linear.js';
import { Sequential } from './module.js';

const meanSquare = (x: Tensor): Promise<number> => x.square().mean().item();

describe('heNormal', () => {
  it('keeps the size of activations through many layers, where the default start loses it', async () => {
    const generator = new Generator(3);
    const layers = () => new Sequential(Array.from({ length: 8 }, () => [new Linear(256, 256), new ReLU()]).flat());
    const x = randn([64, 256], { generator });
    const [begun, plain] = [layers(), layers()];
    heNormal(begun, { generator });
    const [kept, lost] = [await meanSquare(begun.forward(x)), await meanSquare(plain.forward(x))];
    expect(kept).toBeGreaterThan(0.3);
    expect(kept).toBeLessThan(3);
    expect(lost).toBeLessThan(0.01);
  });

  it.each([
    ['convolution', new Conv2d(32, 64, 3), 1],
    ['convolution in groups', new Conv2d(32, 64, 3, { groups: 4 }), 1],
    ['transposed convolution', new ConvTranspose2d(32, 16, 4, { stride: 2, padding: 1 }), 0.2],
    ['transposed convolution in groups', new ConvTranspose2d(32, 16, 4, { stride: 2, padding: 1, groups: 2 }), 0.2],
  ])('of a %s makes results of variance 2 / (1 + slope^2) of numbers with mean square 1', async (_, layer, slope) => {
    const generator = new Generator(5);
    heNormal(layer, { slope, generator });
    // without the border, where padding stands in the window
    const y = layer.forward(randn([4, 32, 16, 16], { generator }));
    const inner = y.narrow(2, 4, 6).narrow(3, 4, 6);
    const expected = 2 / (1 + slope ** 2);
    expect(Math.abs((await meanSquare(inner)) / expected - 1)).toBeLessThan(0.15);
    expect(await meanSquare(layer.bias!)).toBe(0);
  });

  it('takes the slope of a leaky ReLU into account', async () => {
    const generator = new Generator(7);
    const network = new Sequential([new Linear(400, 400), new LeakyReLU(0.5), new Linear(400, 400)]);
    heNormal(network, { slope: 0.5, generator });
    const y = await meanSquare(network.forward(randn([64, 400], { generator })));
    expect(Math.abs((y * 1.25) / 2 - 1)).toBeLessThan(0.15);
  });
});
