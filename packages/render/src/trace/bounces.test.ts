import { vec3 } from 'gl-matrix';
import { describe, expect, it } from 'vitest';
import { grad, memory, tensor, tidy, zeros } from '../engine.js';
import type { Tensor } from '../engine.js';
import { perspective } from '../camera/index.js';
import { icosphereShape, mesh } from '../geometry/index.js';
import { agreesWithOracles } from './agreement.testing.js';
import type { Inputs } from './agreement.testing.js';
import { pathTrace } from './index.js';
import type { PathTraceOptions } from './index.js';
import { lamp, lightInputs, lookAtLights } from './lightScene.testing.js';

/** All tests derive one scene by the same inputs, so that the same few kernels serve them all. */

// one lobe is black in one channel: nothing may be divided by it
describe('light between two lobes, with Russian roulette', () =>
  agreesWithOracles(lookAtLights, { ...lightInputs, tint: tensor([0, 0.4, 0.9]) }, { depth: 5, rouletteFrom: 2 }));

const sphere = icosphereShape({ subdivisions: 4 });
const lowerHalf = sphere.triangles.filter((_, i) => {
  const first = i - (i % 3);
  return [0, 1, 2].every((k) => sphere.positions[3 * sphere.triangles[first + k] + 2] <= 1e-6);
});
/** Area of a list of triangles. */
const areaOf = (triangles: ArrayLike<number>): number => {
  let sum = 0;
  for (let f = 0; f < triangles.length; f += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => vec3.fromValues(...corner(triangles[f + k])));
    sum += 0.5 * vec3.length(vec3.cross(vec3.create(), vec3.sub(b, b, a), vec3.sub(c, c, a)));
  }
  return sum;
};
const corner = (v: number): [number, number, number] => [0, 1, 2].map((k) => sphere.positions[3 * v + k]) as never;
const [area, bowlShare] = [areaOf(sphere.triangles), areaOf(lowerHalf) / areaOf(sphere.triangles)];
const [wall, bowl] = [mesh(sphere), mesh({ positions: sphere.positions, triangles: lowerHalf })];
const lampRadius = 0.6;
const globe = mesh({ ...sphere, positions: sphere.positions.map((v) => v * lampRadius) });

const black = tensor([0, 0, 0]);
const albedo = 0.8;
const dark: Inputs = {
  ...lightInputs,
  'place of the ball': tensor([0, 0, -50]),
  floor: wall.positions,
  albedo: tensor([albedo, albedo, albedo]),
  map: zeros([4, 8, 3]),
  irradiance: black,
  place: black,
  intensity: black,
  lamp: lamp.positions.sub(tensor([0, 0, 50])),
  radiance: black,
  eye: tensor([0, 0, -0.65]),
};

/**
 * Inside a sphere the light that leaves one point comes to all others alike, so what n surfaces reflect of an even light is
 * a geometric series: L = a (1 + q + ... + q^(n - 1)).
 */
interface Cavity {
  readonly inputs: Inputs;
  readonly meshes: Parameters<typeof lookAtLights>[1];
  /** The input that is light, all of value 1. */
  readonly light: string;
  readonly spp: number;
  /** Direct light, and the share of it that the next surface reflects, by albedo. */
  readonly series: (albedo: number) => readonly [a: number, q: number];
}
const cavities: Readonly<Record<string, Cavity>> = {
  'a point light in a sphere': {
    inputs: { ...dark, intensity: tensor([1, 1, 1]) },
    meshes: { ground: wall },
    light: 'intensity',
    spp: 2,
    series: (r) => [(4 * r) / area, r],
  },
  'a sphere light in a sphere': {
    inputs: { ...dark, lamp: globe.positions, radiance: tensor([1, 1, 1]) },
    meshes: { ground: wall, light: globe },
    light: 'radiance',
    spp: 8,
    series: (r) => [r * lampRadius ** 2, r * (1 - lampRadius ** 2)],
  },
  'a bowl under the sky': {
    inputs: { ...dark, map: zeros([4, 8, 3]).add(1) },
    meshes: { ground: bowl },
    light: 'map',
    spp: 8,
    series: (r) => [r * (1 - bowlShare), r * bowlShare],
  },
};

const render = ({ meshes }: Cavity, p: Inputs, options: PathTraceOptions): Tensor =>
  pathTrace(
    lookAtLights(p, meshes).scene,
    perspective({ fovY: 1.6, width: 16, height: 16, position: p['eye'] }),
    options,
  ).image;

/** Mean over seeds, and its standard error. */
async function estimate(of: (seed: number) => Promise<number>, runs = 5): Promise<{ mean: number; error: number }> {
  const values: number[] = [];
  for (let seed = 0; seed < runs; seed++) values.push(await of(seed));
  const mean = values.reduce((a, b) => a + b) / runs;
  return { mean, error: Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / (runs - 1) / runs) };
}

/** Facets in place of a sphere: relative error of the closed forms. */
const facets = 2e-3;
/** Whether an estimate is the expected number, and tells it from one that is wrong by some percent. */
function expectMean({ mean, error }: { mean: number; error: number }, expected: number, what: string): void {
  const z = (factor: number): number => Math.abs(mean / expected - factor) / Math.hypot(error / expected, facets);
  expect(error / Math.abs(expected), `${what}: standard error`).toBeLessThan(0.01);
  expect(z(1), what).toBeLessThan(5.6); // Student's t, 4 degrees: 0.5 %
  expect(z(1.06), `${what}: power`).toBeGreaterThan(5.6);
}

describe.each(Object.entries(cavities))('%s', (_, cavity) => {
  const { inputs, light, series, spp } = cavity;
  const closed = (surfaces: number, r = albedo): number => {
    const [a, q] = series(r);
    return (a * (1 - q ** surfaces)) / (1 - q);
  };

  it('radiance after one to eight surfaces is the series', async () => {
    for (const surfaces of light === 'intensity' ? [1, 2, 3, 4, 5, 6, 7, 8] : [1, 2, 5]) {
      const found = await estimate((seed) =>
        tidy(() => render(cavity, inputs, { spp, seed, depth: surfaces + 1 }).mean()).item(),
      );
      expectMean(found, closed(surfaces), `${surfaces} surfaces`);
    }
  });

  it('gradients after five surfaces are those of the series', async () => {
    const found = { albedo: [] as number[], light: [] as number[], size: [] as number[] };
    for (let seed = 0; seed < 5; seed++) {
      const gradients = tidy(() =>
        grad((p: Inputs) => render(cavity, p, { spp, seed, depth: 6 }).mean())(inputs),
      ) as Inputs;
      found.albedo.push(await gradients['albedo'].sum().item());
      found.light.push(await gradients[light].sum().item());
      const grown = ['floor', 'eye'].map((key) => gradients[key].mul(inputs[key]).sum().item());
      found.size.push((await Promise.all(grown)).reduce((a, b) => a + b));
    }
    const of = (values: readonly number[]): Promise<{ mean: number; error: number }> =>
      estimate((seed) => Promise.resolve(values[seed]));
    const step = 1e-4;
    const slope = (closed(5, albedo + step) - closed(5, albedo - step)) / (2 * step);
    expectMean(await of(found.albedo), slope, 'to albedo');
    expectMean(await of(found.light), closed(5), `to ${light}`);
    // nothing is seen or hidden when the closed sphere grows, and the camera's place with it, so that the gradient is whole
    if (light === 'intensity') expectMean(await of(found.size), -2 * closed(5), 'to size');
  });
});

describe('paths of several surfaces', () => {
  const box = cavities['a point light in a sphere'];

  // by light sampling the lobe draws directions to go on by, and the light that it meets there must not count
  it.each(['light', 'bsdf', 'mis'] as const)(
    'of one surface are direct light by %s sampling: a plane reflects nothing on to itself',
    async (sampling) => {
      const alone = { ...lightInputs, 'place of the ball': tensor([0, 0, -50]) };
      const { scene, camera } = lookAtLights(alone);
      const image = (depth: number): Promise<ArrayLike<number>> =>
        pathTrace(scene, camera, { spp: 16, seed: 4, depth, sampling }).image.data();
      const [direct, long] = [await image(2), await image(6)];
      Array.from(direct, (v, i) => expect(Math.abs(long[i] - v)).toBeLessThanOrEqual(1e-5 * v));
      expect(Math.max(...Array.from(direct))).toBeGreaterThan(0.1);
    },
  );

  it.each(['light', 'bsdf', 'mis'] as const)('find the same light by %s sampling', async (sampling) => {
    const open = cavities['a bowl under the sky'];
    const options = { spp: 16, depth: 4, sampling };
    const found = await estimate((seed) => tidy(() => render(open, open.inputs, { ...options, seed }).mean()).item());
    const [a, q] = open.series(albedo);
    expectMean(found, a * (1 + q + q * q), sampling);
  });

  it('keep all the light in a white furnace that has not yet left it', async () => {
    const open = cavities['a bowl under the sky'];
    const white = { ...open.inputs, albedo: tensor([1, 1, 1]) };
    const found = await estimate((seed) =>
      tidy(() => render(open, white, { spp: 16, seed, depth: 6, rouletteFrom: 6 }).mean()).item(),
    );
    expectMean(found, 1 - bowlShare ** 5, 'five surfaces of albedo 1');
  });

  it('that roulette ends are made up for by those it spares', async () => {
    const found = await estimate((seed) =>
      tidy(() => render(box, box.inputs, { spp: 8, seed, depth: 9, rouletteFrom: 1 }).mean()).item(),
    );
    const [a, q] = box.series(albedo);
    expectMean(found, (a * (1 - q ** 8)) / (1 - q), 'roulette from the first surface on');
  });

  it('fill an image that is computed in parts', async () => {
    const wide = perspective({ fovY: 1.6, width: 160, height: 160, position: box.inputs['eye'] });
    const { scene } = lookAtLights(box.inputs, box.meshes);
    const image = await pathTrace(scene, wide, { spp: 1, seed: 1, depth: 8 }).image.select(2, 0).data();
    const [a, q] = box.series(albedo);
    const [least, most] = [(a * (1 - q ** 4)) / (1 - q), (a * (1 - q ** 7)) / (1 - q)]; // before roulette, and at the end
    const mean = Array.from(image).reduce((sum, v) => sum + v) / image.length;
    expect(Math.min(...image) / least).toBeCloseTo(1, 1);
    expect(mean / most).toBeCloseTo(1, 2);
  });

  it('take the same memory however many surfaces they have', async () => {
    const bytes: number[] = [];
    for (const depth of [3, 9, 9]) {
      const gradients = tidy(() =>
        grad((p: Inputs) => render(box, p, { spp: 1, seed: 1, depth }).mean())(box.inputs),
      ) as Inputs;
      await Promise.all(Object.values(gradients).map((g) => g.data()));
      for (const g of Object.values(gradients)) g.dispose();
      bytes.push(memory().liveBytes + memory().pooledBytes);
    }
    expect(Math.abs(bytes[2] / bytes[0] - 1), bytes.join()).toBeLessThan(0.01);
  });
});
