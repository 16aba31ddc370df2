import { Generator, tensor, zeros, type Tensor } from '@chiaro/autograd';
import { evaluateSHHost } from '@chiaro/render';
import { describe, expect, it } from 'vitest';
import { Minimiser } from '../registration/minimise.js';
import { ColourMatrix, HarmonicLight } from './baselines.js';
import { HarmonicRegression } from './harmonicRegression.js';
import { lightOfFrames } from './lightModel.js';

const normals = [0, 0, 1, 1, 0, 0, 0, 1, 0, 0.6, 0, 0.8];
const skin = [0.5, 0.3, 0.2];
const inputs = {
  textures: tensor(
    Float32Array.from({ length: 24 }, (_, k) => skin[k % 3]),
    [2, 2, 2, 3],
  ),
  // the second head is turned to the side by 90 degrees: z to x
  rotations: tensor([[0, 0, 0], [0, Math.PI / 2, 0]]), // prettier-ignore
  views: tensor([[0, 0, 1], [0, 0, 1]]), // prettier-ignore
};

describe('baselines of light', () => {
  it('spherical harmonics light texels by their normals in the frame of the lights, each colour by itself', async () => {
    const code = Float32Array.from({ length: 27 }, (_, k) => Math.sin(3 * k) / 2);
    const { textures } = new HarmonicLight(tensor(normals, [2, 2, 3])).relight({ ...inputs, light: tensor(code) });
    const found = await textures.data();
    // Ramamoorthi and Hanrahan 2001: pi, 2 pi / 3, pi / 4
    const bands = [1, 2 / 3, 2 / 3, 2 / 3, 1 / 4, 1 / 4, 1 / 4, 1 / 4, 1 / 4];
    found.forEach((value, k) => {
      const [colour, texel, head] = [k % 3, Math.floor(k / 3) % 4, Math.floor(k / 12)];
      const [x, y, z] = normals.slice(3 * texel, 3 * texel + 3);
      const basis = evaluateSHHost(head === 0 ? [x, y, z] : [z, y, -x], 2);
      const gain = bands.reduce((sum, band, i) => sum + band * basis[i] * code[3 * i + colour], 1);
      expect(value).toBeCloseTo(skin[colour] * gain, 5);
    });
  });

  it('a colour matrix mixes colours and adds to them, a light for each texture', async () => {
    const code = [0.1, 0.2, 0, 0.05, 0, -0.5, 0, 0, 0, 0, 0, 0.02];
    const light = tensor([...new Array<number>(12).fill(0), ...code], [2, 12]);
    const { textures, gain, bias } = new ColourMatrix().relight({ ...inputs, light });
    const found = await textures.data();
    skin.forEach((x, c) => expect(found[c]).toBeCloseTo(x, 6));
    [0.5 + 0.05 + 0.06 + 0.05, 0.15, 0.22].forEach((x, c) => expect(found[12 + c]).toBeCloseTo(x, 6));
    expect(await inputs.textures.mul(gain).add(bias).sub(textures).abs().max().item()).toBeLessThan(1e-6);
  });
});

describe('light regressed from the frame', { timeout: 120_000 }, () => {
  it('starts as the fully lit texture and learns to tell the light of frames by how they look', async () => {
    const model = new HarmonicRegression(new HarmonicLight(tensor(normals, [2, 2, 3])), 8, 4, new Generator(2));
    // two frames of the two heads: evenly lit in red, and darker
    const shades = [
      [1.3, 1, 0.8],
      [0.5, 0.6, 0.4],
    ];
    const photos = tensor(
      Float32Array.from({ length: 384 }, (_, k) => skin[k % 3] * shades[Math.floor(k / 192)][k % 3]),
      [2, 8, 8, 3],
    );
    const look = (): Tensor => {
      const light = lightOfFrames(model, zeros([27]), photos);
      return model.relight({ ...inputs, light }).textures.mean([1, 2]);
    };
    const target = tensor(shades.flatMap((s) => s.map((x, c) => x * skin[c])), [2, 3]); // prettier-ignore
    const error = (): Tensor => look().sub(target).abs().mean();
    const start = await look().data();
    start.forEach((x, k) => expect(x).toBeCloseTo(skin[k % 3], 6));
    const minimiser = new Minimiser(model.parameters(), [], error);
    await minimiser.run({ iterations: 150, rate: 0.02, halveEvery: 50 }, () => []);
    expect(await error().item()).toBeLessThan(0.01);
    expect(lightOfFrames(new ColourMatrix(), zeros([12]), photos).shape).toEqual([12]);
    expect(() => new HarmonicRegression(new HarmonicLight(zeros([2, 2, 3])), 6, 4, new Generator(1))).toThrow(
      /at least 8 pixels on a side, got 6/,
    );
  });
});
