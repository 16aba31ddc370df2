import { Generator, tensor } from '@chiaro/autograd';
import { normalMapOf } from '@chiaro/render';
import { summarize } from '@chiaro/nn';
import { describe, expect, it } from 'vitest';
import { presets } from '../config.js';
import { DetailNets } from './detailNets.js';

describe('U_G and U_D', () => {
  it('have the layers of VGG16 with batch normalisation and of the published U-net', () => {
    const nets = new DetailNets(presets.paper, new Generator(1));
    const { rows, parameters } = summarize(nets.normals, [1, 3, 256, 256]);
    expect(parameters).toBe(20_267_315);
    const outputOf = (name: string) => rows.find((row) => row.name === name)?.output;
    // what each pooling gets is the skip of that size: 64 @ 256 to 512 @ 16; the bottleneck is 512 @ 8
    expect([6, 13, 23, 33, 43].map((k) => outputOf(`features.${k}`))).toEqual([
      [1, 64, 128, 128],
      [1, 128, 64, 64],
      [1, 256, 32, 32],
      [1, 512, 16, 16],
      [1, 512, 8, 8],
    ]);
    expect([0, 1, 2, 3, 4].map((k) => outputOf(`decoder.${k}.up`))).toEqual([
      [1, 256, 16, 16],
      [1, 128, 32, 32],
      [1, 64, 64, 64],
      [1, 32, 128, 128],
      [1, 16, 256, 256],
    ]);
    expect(outputOf('head')).toEqual([1, 3, 256, 256]);
  });

  it('begin at zero, which is the normal as it is; and are within their ranges', async () => {
    const nets = new DetailNets(presets.smoke, new Generator(1));
    const textures = tensor(
      Float32Array.from({ length: 2 * 3 * 32 * 32 }, (_, k) => 0.5 + 0.4 * Math.sin(k)),
      [2, 32, 32, 3],
    );
    const { normal, diffuse } = nets.increments(textures);
    expect([...normal.shape, ...diffuse.shape]).toEqual([2, 32, 32, 3, 2, 32, 32, 3]);
    const [normals, albedo] = await Promise.all([normalMapOf(normal).data(), diffuse.data()]);
    expect(albedo.every((x) => x === 0)).toBe(true);
    expect(normals.every((x, k) => Math.abs(x - (k % 3 === 2 ? 1 : 0.5)) < 1e-6)).toBe(true);
    nets.normals.head.bias?.assign(100);
    nets.diffuse.head.bias?.assign(-100);
    const far = nets.increments(textures);
    const [high, low] = await Promise.all([far.normal.data(), far.diffuse.data()]);
    expect(Math.max(...high)).toBeCloseTo(0.9, 5);
    expect(Math.min(...low)).toBeCloseTo(-0.5, 5);
  });
});
