import { Generator, gradcheck, rand, tensor } from '@chiaro/autograd';
import { describe, expect, it } from 'vitest';
import { boxTerm, chromaticity, chromaticityConsistency, smoothnessTerm, symmetryTerm } from './index.js';

const texture = (seed: number) =>
  rand([4, 6, 3], { generator: new Generator(seed) })
    .mul(0.8)
    .add(0.1);

describe('regularisers of textures', () => {
  it('chromaticity: white and black as the CIE has them', async () => {
    const [white, black] = (await chromaticity(
      tensor([
        [1, 1, 1],
        [0, 0, 0],
      ]),
    ).array()) as number[][];
    // D65: x 0.3127, y 0.3290, with the 1 in the denominator
    const sum = 95.05 + 100 + 108.9;
    expect(white[0]).toBeCloseTo(0.3127 * (sum / (sum + 1.05)), 3);
    expect(white[1]).toBeCloseTo(0.329 * (sum / (sum + 1.05)), 3);
    expect(black).toEqual([0, 0]);
  });

  it('consistency does not mind brightness, but colour', async () => {
    const base = texture(1);
    const dimmed = await chromaticityConsistency(base.mul(0.7), base).item();
    const tinted = await chromaticityConsistency(base.mul(tensor([0.7, 1, 1])), base).item();
    expect(dimmed).toBeLessThan(0.1 * tinted);
  });

  it('symmetry, smoothness and box are 0 where they should be and count where not', async () => {
    const a = texture(2);
    const both = a.add(a.flip([1]));
    expect(await symmetryTerm(both).item()).toBe(0);
    const half = tensor(
      Float32Array.from({ length: 24 }, (_, i) => (i % 6 < 3 ? 1 : 0)),
      [4, 6, 1],
    );
    expect(await symmetryTerm(half).item()).toBe(1);
    expect(await smoothnessTerm(half).item()).toBeCloseTo(4 / 24, 6);
    expect(await boxTerm(half).item()).toBe(0);
    expect(await boxTerm(tensor([-1, 0.5, 3])).item()).toBeCloseTo(5 / 3, 6);
  });

  it('weights choose the texels', async () => {
    const a = texture(3);
    const left = tensor(
      Float32Array.from({ length: 24 }, (_, i) => (i % 6 === 0 ? 1 : 0)),
      [4, 6, 1],
    );
    const column = a.narrow(1, 0, 1);
    const expected = column
      .sub(a.narrow(1, 5, 1))
      .abs()
      .sum(-1)
      .mean();
    expect(await symmetryTerm(a, { weights: left }).item()).toBeCloseTo(await expected.item(), 5);
    const mirror = tensor(Int32Array.from({ length: 24 }, (_, i) => i - (i % 6) + 5 - (i % 6)));
    expect(await symmetryTerm(a, { weights: left, mirror }).item()).toBeCloseTo(await expected.item(), 5);
  });

  it('gradients', async () => {
    const base = texture(4);
    const term = (t: ReturnType<typeof texture>) =>
      symmetryTerm(t)
        .add(chromaticityConsistency(t, base))
        .add(smoothnessTerm(t))
        .add(boxTerm(t, 0.3, 0.6));
    expect((await gradcheck(term, [texture(5)])).passed).toBe(true);
  });
});
