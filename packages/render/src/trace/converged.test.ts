import { beforeAll, describe, expect, it } from 'vitest';
import { grad, tensor, tidy, zeros, zerosLike } from '../engine.js';
import type { Tensor } from '../engine.js';
import { ggx } from '../bsdf/index.js';
import { axisAngle, pinhole } from '../camera/index.js';
import { mesh, planeShape } from '../geometry/index.js';
import { environmentOfSH } from '../light/index.js';
import { randomNumbers } from '../testing/random.testing.js';
import { areaLight, directionalLight, environment, pathTrace, pointLight } from './index.js';

/**
 * Gradients against differences of converged renders, by z-tests. The differences see all that changes, sampling
 * included: a term that detached sampling leaves out would show. The plane fills the view, nothing shadows it, and the
 * lamp hides no light, so there is no edge whose term is left out on purpose.
 *
 * Differences of equal random numbers, and found by sampling the lights only: the densities of the lobe would jump
 * from one side to the other, which is unbiased and noise.
 */
const random = randomNumbers(8);
const numbers = (shape: readonly number[], low: number, high: number): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => low + (high - low) * random()),
    [...shape],
  );
type Inputs = Readonly<Record<string, Tensor>>;

const floor = mesh(planeShape({ size: 5, cells: 4 }));
const lamp = mesh({ positions: [-1.2, 0, 1.2, -1.8, 0.6, 1.5, -1.5, -0.8, 1.4], triangles: [0, 1, 2] });
const black = tensor([0, 0, 0]);

/**
 * Textures under lights; shading normals are tilted, and all light is well above the horizon. Sizes are
 * such that all cases have the same number of floats in inputs of at most sixteen, and so one kernel.
 */
const underLights: Inputs = {
  positions: floor.positions,
  uvs: floor.uvs!,
  diffuse: numbers([4, 5, 3], 0.1, 0.6),
  specular: numbers([3, 3, 3], 0.1, 0.4),
  roughness: numbers([1, 7, 1], 0.5, 0.9),
  'normal map': tensor([0.5, 0.5, 1]).add(numbers([3, 3, 3], -0.1, 0.1)),
  harmonics: zeros([9, 3]),
  map: zeros([8, 16, 3]),
  direction: tensor([0.3, 0.2, -1]),
  irradiance: tensor([0.5, 0.7, 0.9]),
  place: tensor([-0.9, -0.7, 1.4]),
  intensity: tensor([0.4, 0.3, 0.5]),
  lamp: lamp.positions,
  radiance: tensor([6, 4, 2]),
  intrinsics: tensor([14, 15, 3.1, 2.9]),
  turn: tensor([0.1, 0.15, -0.1]),
  position: tensor([0.4, -0.5, 3]),
};
/** Constants in place of the textures. */
const constants: Inputs = {
  ...underLights,
  diffuse: tensor([0.3, 0.4, 0.5]),
  specular: tensor([0.2, 0.3, 0.1]),
  roughness: tensor(0.6),
};
/** The textures under an environment. Shading normals begin as the plane's: see "the horizon" below. */
const underSky: Inputs = {
  ...underLights,
  'normal map': zeros([3, 3, 3]).add(tensor([0.5, 0.5, 1])),
  harmonics: numbers([9, 3], -0.1, 0.2),
  map: numbers([8, 16, 3], 0.2, 1).mul(tensor(Float32Array.from({ length: 16 }, (_, k) => 2 - k / 8)).unsqueeze(1)),
  irradiance: black,
  intensity: black,
  lamp: lamp.positions.sub(tensor([0, 0, 50])),
  radiance: black,
};
const weights = numbers([6, 6, 3], 0.2, 1);

interface Sampling {
  readonly spp: number;
  readonly seed: number;
  readonly sampling?: 'light';
}
const loss = (p: Inputs, options: Sampling): Tensor => {
  const { diffuse, specular, roughness, intrinsics, position, 'normal map': normalMap } = p;
  const scene = {
    shapes: [
      {
        mesh: { ...floor, positions: p['positions'], uvs: p['uvs'] },
        bsdf: ggx({ diffuse, specular, roughness }),
        normalMap,
      },
    ],
    emitters: [
      environment(environmentOfSH(p['harmonics'], { height: 8 }).add(p['map'])),
      directionalLight({ direction: p['direction'], irradiance: p['irradiance'] }),
      pointLight({ position: p['place'], intensity: p['intensity'] }),
      areaLight({ mesh: { ...lamp, positions: p['lamp'] }, radiance: p['radiance'], twoSided: true }),
    ],
  };
  const camera = pinhole({ intrinsics, rotation: axisAngle(p['turn']), position, width: 6, height: 6 });
  return pathTrace(scene, camera, options).image.mul(weights).mean();
};
/** By every input at once, so that one kernel serves all. */
const gradient = (inputs: Inputs, spp: number, seed: number): Inputs =>
  tidy(() => grad((p: Inputs) => loss(p, { spp, seed }))(inputs)) as Inputs;

const seeds = [1, 2, 3, 4, 5, 6];
/** Mean of an estimate over the seeds, and its squared standard error. */
const statistics = (values: readonly number[]): { readonly mean: number; readonly variance: number } => {
  const mean = values.reduce((a, b) => a + b) / values.length;
  const spread = values.reduce((s, v) => s + (v - mean) ** 2, 0) / (values.length - 1);
  return { mean, variance: spread / values.length };
};
/** Central differences along `way` for every seed. */
const differences = (inputs: Inputs, key: string, way: Tensor, step: number, spp: number): Promise<number[]> =>
  Promise.all(
    seeds.map(async (seed) => {
      const at = (t: number): Promise<number> =>
        tidy(() => loss({ ...inputs, [key]: inputs[key].add(way.mul(t)) }, { spp, seed, sampling: 'light' })).item();
      return ((await at(step)) - (await at(-step))) / (2 * step);
    }),
  );

const materials = ['diffuse', 'specular', 'roughness'];
const lights = ['direction', 'irradiance', 'place', 'intensity', 'lamp', 'radiance'];
const camera = ['intrinsics', 'turn', 'position'];
const sky = ['harmonics', 'map'];
/** Images are linear in these: no step is too large. */
const linear = ['diffuse', 'specular', 'irradiance', 'intensity', 'radiance', ...sky];

describe.each([
  ['under lights', underLights, 64, ['positions', 'uvs', 'normal map', 'position', ...lights]],
  ['constants under lights', constants, 64, materials],
  ['under an environment', underSky, 1024, ['positions', 'normal map', ...materials, ...camera, ...sky]],
] as const)('%s, the converged gradient', (_, inputs, spp, keys) => {
  let first: Inputs;
  let found: Inputs[];
  beforeAll(() => {
    first = gradient(inputs, spp, 99);
    found = seeds.map((seed) => gradient(inputs, spp, seed + 100));
  });

  it.each(keys)('to %s is that of differences', async (key) => {
    // along a gradient of other random numbers, so that the derivative is not small by chance
    const way = first[key].div(first[key].square().sum().sqrt());
    const slopes = statistics(await Promise.all(found.map((g) => tidy(() => g[key].mul(way).sum()).item())));
    const step = linear.includes(key) ? 1 : 0.005;
    const expected = statistics(await differences(inputs, key, way, step, spp));
    const error = Math.sqrt(slopes.variance + expected.variance);
    // the step's curvature and the rounding of differences: less than 0.1 %
    const z = (factor: number): number =>
      Math.abs(factor * slopes.mean - expected.mean) / Math.hypot(error, 1e-3 * expected.mean);
    expect(error / Math.abs(expected.mean), 'standard error').toBeLessThan(0.01);
    expect(z(1)).toBeLessThan(5.5); // Student's t, 10 degrees, 23 tries
    expect(z(1.07), 'power').toBeGreaterThan(5.5);
  });
});

/**
 * The edge that remains on a plain surface: light from below the triangle's own horizon is cut, also where a normal map
 * leans towards it. The horizon moves with the triangle, and its term is one of visibility, left out like those of
 * other shadows. Under an even sky nothing changes when a white surface turns with its tilted normals; what the interior
 * says is half the sine of the tilt per slope: n' . (n + m) / 2 for shading normal n and the triangle's m, from
 * the integral of directions over the lune between their horizons.
 */
it.each([0, 0.5])('the horizon of a surface is constant: its term for a tilt of %d is missing', async (tilt) => {
  const inputs: Inputs = {
    ...underSky,
    diffuse: tensor([1, 1, 1]),
    specular: black,
    roughness: tensor(0.6),
    'normal map': zeros([3, 3, 3]).add(tensor([0.5 + 0.5 * Math.sin(tilt), 0.5, 0.5 + 0.5 * Math.cos(tilt)])),
    harmonics: zerosLike(underSky['harmonics']),
    map: zerosLike(underSky['map']).add(1),
  };
  const slope = floor.positions.mul(tensor([1, 0, 0])).matmul(tensor([0, 0, 1, 0, 0, 0, 0, 0, 0], [3, 3]));
  const total = await weights.mean().item();
  const found = statistics(
    await Promise.all(
      seeds.map((seed) => tidy(() => gradient(inputs, 512, seed)['positions'].mul(slope).sum()).item()),
    ),
  );
  const edges = statistics(await differences(inputs, 'positions', slope, 0.02, 512));
  expect(Math.sqrt(found.variance) / total).toBeLessThan(0.01);
  expect(Math.abs(found.mean / total - 0.5 * Math.sin(tilt))).toBeLessThan((5 * Math.sqrt(found.variance)) / total);
  expect(Math.abs(edges.mean)).toBeLessThan(5 * Math.sqrt(edges.variance));
});
