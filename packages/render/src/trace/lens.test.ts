import { beforeAll, describe, expect, it } from 'vitest';
import { grad, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { lambert } from '../bsdf/index.js';
import { axisAngle, pinhole, weakPerspective } from '../camera/index.js';
import type { Camera } from '../camera/index.js';
import { mesh, planeShape } from '../geometry/index.js';
import { randomNumbers } from '../testing/random.testing.js';
import { frozenDerivative } from './frozen.testing.js';
import { environment, pathTrace, renderAovs } from './index.js';
import type { Scene } from './index.js';

const random = randomNumbers(23);
const numbers = (shape: readonly number[]): Tensor =>
  tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random), [...shape]);
const size = 6;

/** A textured sheet, aslant, that fills the image, under one light all over. */
const sheet = mesh(planeShape({ size: 8 }));
const scene: Scene = {
  shapes: [
    {
      mesh: { ...sheet, positions: axisAngle(tensor([0.4, 0.2, 0])).apply(sheet.positions) },
      bsdf: lambert({ albedo: numbers([8, 8, 3]) }),
      shading: 'flat',
    },
  ],
  emitters: [environment(tensor(new Float32Array(24).fill(1), [2, 4, 3]))],
};

const lenses: Record<string, readonly [(lens: Tensor, turn: Tensor, position: Tensor) => Camera, Tensor]> = {
  distorted: [
    (lens, turn, position) =>
      pinhole({
        ...{ width: size, height: size, rotation: axisAngle(turn), position },
        ...{ intrinsics: lens.slice([0, 4]), distortion: lens.slice([4]) },
      }),
    tensor([5, 5.5, 3.2, 2.9, -0.25, 0.06, 4e-3, -3e-3, 0.01]),
  ],
  'weak perspective': [
    (lens, turn, position) =>
      weakPerspective({
        ...{ width: size, height: size, rotation: axisAngle(turn), position },
        ...{ scale: lens.slice(0), center: lens.slice([1]) },
      }),
    tensor([2, 3.1, 2.8]),
  ],
};

describe.each(Object.keys(lenses))('a %s camera', (name) => {
  const [make, lens] = lenses[name];
  const inputs = { lens, turn: tensor([0.05, 0.1, -0.1]), position: tensor([0.1, -0.1, 3]) };
  const options = { spp: 4, seed: 3, sampling: 'light' } as const;
  const weights = numbers([size, size, 3]);
  const image = (p: typeof inputs): Tensor => pathTrace(scene, make(p.lens, p.turn, p.position), options).image;
  let gradients: Record<string, ArrayLike<number>>;
  beforeAll(async () => {
    const found = grad((p: typeof inputs) => image(p).mul(weights).sum())(inputs);
    gradients = Object.fromEntries(await Promise.all(Object.entries(found).map(async ([k, g]) => [k, await g.data()])));
  });

  it('sends rays where it sees points', async () => {
    const camera = make(lens, inputs.turn, inputs.position);
    const { albedo, position, mask } = renderAovs(scene, camera);
    expect(await mask.mean().item()).toBe(1);
    const centres = await camera.toPixels(position).data();
    for (let i = 0; i < size * size; i++) {
      expect(centres[3 * i]).toBeCloseTo((i % size) + 0.5, 3);
      expect(centres[3 * i + 1]).toBeCloseTo(Math.floor(i / size) + 0.5, 3);
    }
    // the sheet sees light all over: its mean image is its albedo's, but for where in pixels samples lie
    const shown = pathTrace(scene, camera, { spp: 1024, seed: 1 }).image;
    const fine = renderAovs(scene, camera.finer(8)).albedo.reshape([size, 8, size, 8, 3]).mean([1, 3]);
    const [far, near] = await Promise.all([shown.sub(fine), albedo.sub(fine)].map((d) => d.abs().mean().item()));
    expect(far).toBeLessThan(0.006);
    expect(near).toBeGreaterThan(3 * far);
  });

  it('has gradients of lens and pose: frozen differences', async () => {
    for (const [k, input] of Object.entries(inputs)) {
      const along = numbers(input.shape);
      const moved = (t: number) => {
        const p = { ...inputs, [k]: input.add(along.mul(t)) };
        return { scene, camera: make(p.lens, p.turn, p.position) };
      };
      const expected = await frozenDerivative(moved, options, await weights.data(), 1e-5);
      const direction = (await along.data()) as Float32Array;
      const found = direction.reduce((sum, d, i) => sum + d * gradients[k][i], 0);
      expect(found / expected, k).toBeCloseTo(1, 3);
    }
  });
});
