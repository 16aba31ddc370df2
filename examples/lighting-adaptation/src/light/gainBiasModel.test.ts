import { full, Generator, rand, tensor } from '@chiaro/autograd';
import { describe, expect, it } from 'vitest';
import { GainBiasModel } from './gainBiasModel.js';

describe('G', () => {
  it("has figure 10's layers at the paper's size", () => {
    const model = new GainBiasModel({ groups: 50, mapSize: 256, width: 1 }, new Generator(1));
    const weights = [...model.namedParameters()].filter(([name]) => name.endsWith('weight'));
    const shapes = weights.map(([, { shape }]) => (shape.length === 2 ? [shape[1], shape[0]] : [...shape]).join(' '));
    const branch = ['256 128 4 4', '128 64 4 4', '64 32 4 4', '32 3 4 4'];
    expect(shapes).toEqual([
      ...['150 256', '256 256', '6 128', '128 128', '384 4096'],
      ...['256 256 3 3', '256 256 4 4', '256 128 4 4'],
      ...['64 3 3 3', '64 64 3 3', '128 64 3 3', '128 128 3 3'],
      ...branch,
      ...branch,
    ]);
    const numbers = model.parameters().reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(numbers).toBe(5_502_086);
  });

  it('begins with the fully lit texture, learns from light, pose and view, and refuses other codes', async () => {
    const generator = new Generator(2);
    const model = new GainBiasModel({ groups: 2, mapSize: 64, width: 1 / 32 }, generator);
    const textures = rand([2, 128, 128, 3], { generator });
    const light = full([6], 1).requiresGrad_();
    const rotations = tensor([[0, 0.1, 0], [0.2, 0, 0]]).requiresGrad_(); // prettier-ignore
    const views = tensor([[0, 0, 1], [0, 0.6, 0.8]]).requiresGrad_(); // prettier-ignore
    const relit = model.relight({ textures, light, rotations, views });
    expect(relit.gain.shape).toEqual([2, 128, 128, 3]);
    expect(await relit.textures.data()).toEqual(await textures.data());
    // the last layers start at zero: nothing before them learns until they moved
    for (const branch of [model.gainBranch, model.biasBranch]) {
      const last = branch.modules[branch.modules.length - 1];
      last.parameters()[0].assign(rand(last.parameters()[0].shape, { generator }));
    }
    model.relight({ textures, light, rotations, views }).textures.square().sum().backward();
    for (const input of [light, rotations, views]) {
      expect(Math.max(...(await input.grad!.abs().data()))).toBeGreaterThan(0);
    }
    expect(() => model.relight({ textures, light: full([7], 1), rotations, views })).toThrow(/6 numbers/);
  });
});
