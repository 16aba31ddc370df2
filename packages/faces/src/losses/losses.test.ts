import { Generator, Parameter, gradcheck, ones, rand, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { describe, expect, it } from 'vitest';
import { landmarkLoss, photometricLoss, tracedDifference } from './index.js';

const photo = rand([24, 24, 3], { generator: new Generator(1) })
  .mul(0.1)
  .add(0.2);
const mask = ones([24, 24]);
const draws = 12;

/** Means and standard errors of a loss over noisy renders of the photograph times a brightness. */
async function meanLoss(brightness: number, loss: (render: () => Tensor) => Tensor, seed: number) {
  const generator = new Generator(seed);
  const noisy = (): Tensor => photo.mul(brightness).mul(rand(photo.shape, { generator }).sub(0.5).mul(0.8).add(1));
  const values: number[] = [];
  for (let k = 0; k < draws; k++) values.push(await loss(noisy).item());
  const mean = values.reduce((a, b) => a + b) / draws;
  const deviation = Math.sqrt(values.reduce((a, v) => a + (v - mean) ** 2, 0) / (draws - 1));
  return { mean, error: deviation / Math.sqrt(draws) };
}

describe('tracedDifference', () => {
  it('is least for the right brightness though renders are noisy; one render is not', async () => {
    const two = (render: () => Tensor): Tensor => tracedDifference(render(), render(), photo, photo, mask);
    const one = (render: () => Tensor): Tensor => photometricLoss(render(), photo, mask);
    const [right, darker] = [await meanLoss(1, two, 2), await meanLoss(0.95, two, 3)];
    expect(Math.abs(right.mean)).toBeLessThan(4 * right.error);
    expect(darker.mean).toBeGreaterThan(right.mean + 4 * (right.error + darker.error));
    // the control: noise grows with brightness, so that a single render wants to be darker than the photograph
    const [naive, naiveDarker] = [await meanLoss(1, one, 4), await meanLoss(0.95, one, 5)];
    expect(naiveDarker.mean).toBeLessThan(naive.mean);
  });

  it('counts differences of both signs, and only inside of the mask', async () => {
    const half = tensor(
      Float32Array.from({ length: 576 }, (_, i) => Number(i % 24 < 12)),
      [24, 24],
    );
    const wrong = photo.add(half.neg().add(1).unsqueeze(2).mul(0.5));
    expect(await tracedDifference(wrong, wrong, photo, photo, half).item()).toBeCloseTo(0, 6);
    expect(await tracedDifference(wrong, wrong, wrong, photo, mask).item()).toBeGreaterThan(0.05);
  });
});

describe('losses', () => {
  it('gradients', async () => {
    const small = photo.narrow(0, 0, 6).narrow(1, 0, 6);
    const other = rand([6, 6, 3], { generator: new Generator(9) })
      .mul(0.3)
      .add(0.1);
    const weights = ones([6, 6]);
    expect((await gradcheck((x: Tensor) => photometricLoss(x, small, weights), [other])).passed).toBe(true);
    const traced = (x: Tensor): Tensor => tracedDifference(x, x.mul(1.1), small, small, weights);
    expect((await gradcheck(traced, [other])).passed).toBe(true);
  });

  it('landmarks: quadratic near, linear far, looser along their curve', async () => {
    const landmarks = tensor(new Float32Array(136), [68, 2]);
    const tangents = tensor(
      Float32Array.from({ length: 136 }, (_, i) => Number(i % 2 === 0)),
      [68, 2],
    );
    const slide = tensor(new Float32Array(68).fill(4));
    const at = (x: number, y: number): Tensor => {
      const place = new Parameter(
        tensor(
          Float32Array.from({ length: 136 }, (_, i) => (i < 2 ? [x, y][i] : 0)),
          [68, 2],
        ),
      );
      return landmarkLoss(place, { landmarks, tangents, slide, sigma: 2 });
    };
    expect(await at(0, 2).item()).toBeCloseTo(1, 5);
    expect(await at(8, 0).item()).toBeCloseTo(1, 5);
    expect(await at(0, 20).item()).toBeCloseTo(5 * 10 - 6.25, 4);
  });
});
