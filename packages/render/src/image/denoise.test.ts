import { beforeAll, describe, expect, it } from 'vitest';
import { GradientError, Parameter, full, referenceData, tensor, tidy } from '../engine.js';
import type { Tensor } from '../engine.js';
import { boxCamera, cornellBox, cyclesImage, isLampShown, segments, size } from '../trace/cornellBox.testing.js';
import { pathTrace, renderAovs } from '../trace/index.js';
import { denoise } from './index.js';
import type { DenoiseGuides } from './index.js';

const front = (height: number, width: number): DenoiseGuides => ({
  normal: tensor([0, 0, 1]).expand([height, width, 3]),
  depth: full([height, width], 2),
});

describe('denoise', () => {
  const pattern = tensor(
    Float32Array.from({ length: 12 * 12 * 3 }, (_, i) => 0.2 + 0.6 * ((i * 7) % 11) * 0.1),
    [12, 12, 3],
  );
  const values = async (t: Tensor): Promise<number[]> => Array.from(await t.data());
  const differ = (a: readonly number[], b: readonly number[]): number =>
    Math.max(...a.map((v, i) => Math.abs(v - b[i])));

  it('leaves even light as it is, with a texture and at an edge', async () => {
    const even = full([12, 12, 3], 0.7);
    expect(differ(await values(denoise(even, front(12, 12))), await values(even))).toBeLessThan(1e-6);
    const lit = pattern.mul(0.7);
    const sharp = denoise(lit, { ...front(12, 12), albedo: pattern });
    expect(differ(await values(sharp), await values(lit))).toBeLessThan(1e-6);
    const blurred = denoise(lit, front(12, 12)); // not told of the texture
    expect(differ(await values(blurred), await values(lit))).toBeGreaterThan(0.1);
    // another plane, or another distance, on the right
    const right = tensor(Float32Array.from({ length: 12 }, (_, x) => Number(x > 5))).unsqueeze(0);
    const step = right.unsqueeze(2).expand([12, 12, 3]).add(0.5);
    const turned = right
      .unsqueeze(2)
      .mul(tensor([1, 0, -1]))
      .add(tensor([0, 0, 1]))
      .expand([12, 12, 3]);
    const behind = right.add(2).expand([12, 12]);
    for (const guides of [
      { ...front(12, 12), normal: turned },
      { ...front(12, 12), depth: behind },
    ]) {
      expect(differ(await values(denoise(step, guides)), await values(step))).toBeLessThan(1e-4);
    }
    // an edge of light alone stays where the variance says that it is no noise
    const known = { ...front(12, 12), variance: full([12, 12], 1e-4) };
    expect(differ(await values(denoise(step, known)), await values(step))).toBeLessThan(1e-3);
    expect(differ(await values(denoise(step, front(12, 12))), await values(step))).toBeGreaterThan(0.1);
  });

  it('is the same on the GPU and in float64', async () => {
    const light = pattern.add(
      tensor(
        Float32Array.from({ length: 432 }, (_, i) => Math.sin(i * i) * 0.1),
        [12, 12, 3],
      ),
    );
    const depth = tensor(
      Float32Array.from({ length: 144 }, (_, i) => (i === 40 ? 0 : 2 + 0.1 * (i % 12) + 0.01 * i)),
      [12, 12],
    );
    const guides = { ...front(12, 12), depth, albedo: pattern, variance: full([12, 12, 3], 0.01) };
    const make = (): Tensor => denoise(light, guides, { rounds: 3 });
    const [exact] = await referenceData(make());
    expect(differ(await values(make()), Array.from(exact))).toBeLessThan(1e-4);
  });

  it('takes no part in gradients, and says so', () => {
    const image = new Parameter(pattern);
    expect(() => denoise(image, front(12, 12))).toThrow(GradientError);
    expect(() => denoise(image, front(12, 12))).toThrow(/image\.detach\(\)/);
    expect(() => denoise(pattern, { ...front(12, 12), albedo: image })).toThrow(GradientError);
    expect(() => denoise(pattern, front(12, 13))).toThrow(/normal must be \[12, 12, 3\]/);
    expect(() => denoise(pattern, front(12, 12), { rounds: 0 })).toThrow(/1 to 10/);
  });

  describe('of the Cornell box at 16 samples', () => {
    let errors: Record<'noisy' | 'denoised', number>;
    beforeAll(async () => {
      const parts = [0, 1, 2, 3].map((seed) =>
        tidy(() => pathTrace(cornellBox(), boxCamera(), { spp: 4, seed, depth: segments }).image),
      );
      const noisy = parts.reduce((a, b) => a.add(b)).div(4);
      const variance = parts
        .map((p) => p.sub(noisy).square())
        .reduce((a, b) => a.add(b))
        .div(12);
      const { albedo, normal, depth } = renderAovs(cornellBox(), boxCamera());
      const { mean } = cyclesImage();
      const isLamp = await isLampShown();
      // relative, so that the lit patches do not decide alone
      const error = async (t: Tensor): Promise<number> => {
        const image = await t.data();
        let [sum, count] = [0, 0];
        for (let i = 0; i < image.length; i++) {
          if (isLamp(Math.floor(i / 3) % size, Math.floor(i / 3 / size), 1)) continue;
          sum += ((image[i] - mean[i]) / (mean[i] + 0.02)) ** 2;
          count++;
        }
        return Math.sqrt(sum / count);
      };
      errors = {
        noisy: await error(noisy),
        denoised: await error(denoise(noisy, { albedo, normal, depth, variance })),
      };
    });

    it('has a third of the squared error, against a converged image', () => {
      expect(errors.denoised, JSON.stringify(errors)).toBeLessThan(errors.noisy / Math.sqrt(3));
    });
  });
});
