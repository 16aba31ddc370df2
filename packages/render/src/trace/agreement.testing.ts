import { beforeAll, expect, it } from 'vitest';
import { grad, jvp, noGrad, referenceData, tensor, zerosLike } from '../engine.js';
import type { Tensor } from '../engine.js';
import type { Camera } from '../camera/index.js';
import { randomNumbers } from '../testing/random.testing.js';
import { frozenDerivative } from './frozen.testing.js';
import { pathTrace } from './index.js';
import type { PathTraceOptions, Scene } from './index.js';

/** Whatever a scene has that may have a gradient, by name. */
export type Inputs = Readonly<Record<string, Tensor>>;
/** A scene, and a camera of 5 x 5 pixels. */
export type Setting = (p: Inputs) => { readonly scene: Scene; readonly camera: Camera };

/** Tests that image and gradients, in both modes, are those of float64, sample by sample. */
export function agreesWithOracles(setting: Setting, inputs: Inputs, paths: PathTraceOptions = {}): void {
  const options = { spp: 4, seed: 11, ...paths };
  const random = randomNumbers(6);
  const numbers = (shape: readonly number[], low: number, high: number): Tensor =>
    tensor(
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => low + (high - low) * random()),
      [...shape],
    );
  const weights = numbers([5, 5, 3], 0.5, 1.5);
  const tangents = Object.fromEntries(Object.entries(inputs).map(([k, t]) => [k, numbers(t.shape, -1, 1)]));
  const loss = (p: Inputs): Tensor => {
    const { scene, camera } = setting(p);
    return pathTrace(scene, camera, options).image.mul(weights).sum();
  };
  let gradients: Readonly<Record<string, Float32Array>>;
  const dot = async (keys: readonly string[]): Promise<{ sum: number; scale: number }> => {
    let [sum, scale] = [0, 0];
    for (const key of keys) {
      const moved = await tangents[key].data();
      gradients[key].forEach((g, i) => ((sum += g * moved[i]), (scale += (g * moved[i]) ** 2)));
    }
    return { sum, scale: Math.sqrt(scale) };
  };
  beforeAll(async () => {
    const found = grad(loss)(inputs) as Inputs;
    gradients = Object.fromEntries(
      await Promise.all(Object.entries(found).map(async ([k, g]) => [k, (await g.data()) as Float32Array] as const)),
    );
  });

  it('is the same on the GPU and in float64', async () => {
    const { scene, camera } = setting(inputs);
    const image = await pathTrace(scene, camera, options).image.data();
    const [exact] = await referenceData(pathTrace(scene, camera, options).image);
    const different = image.filter((v, i) => Math.abs(v - exact[i]) > 2e-4 * (1 + Math.abs(exact[i])));
    expect(different.length).toBeLessThanOrEqual(3); // a ray on an edge may choose the other side: one pixel
  });

  it.each(Object.keys(inputs))('gradient to %s agrees with frozen differences', async (key) => {
    const moving = (t: number): ReturnType<Setting> =>
      noGrad(() => setting({ ...inputs, [key]: inputs[key].add(tangents[key].mul(t)) }));
    const expected = await frozenDerivative(moving, options, await weights.data());
    const { sum, scale } = await dot([key]);
    expect(scale).toBeGreaterThan(1e-4); // it has a gradient at all
    expect(Math.abs(sum - expected) / scale).toBeLessThan(2e-3);
  });

  it('forward and reverse mode are transposes: every input, and two at once', async () => {
    const keys = Object.keys(inputs);
    const sets = [...keys.map((k) => [k]), [keys[0], keys[2]]];
    for (const set of sets) {
      const direction = Object.fromEntries(
        keys.map((k) => [k, set.includes(k) ? tangents[k] : zerosLike(tangents[k])]),
      );
      const [, change] = jvp(loss, inputs, direction);
      const { sum, scale } = await dot(set);
      expect(Math.abs((await (change as Tensor).item()) - sum) / scale, set.join()).toBeLessThan(1e-4);
    }
  });
}
