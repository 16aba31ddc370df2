import { beforeAll, describe, expect, it } from 'vitest';
import { grad, jvp, noGrad, onesLike, referenceData, tensor, zerosLike } from '../engine.js';
import type { Tensor } from '../engine.js';
import { ggx, lambert } from '../bsdf/index.js';
import { axisAngle, lookAt, perspective, pinhole } from '../camera/index.js';
import type { Camera } from '../camera/index.js';
import { mesh, planeShape, sphereShape } from '../geometry/index.js';
import type { Mesh } from '../geometry/index.js';
import { environmentOfSH, polygonIrradiance } from '../light/index.js';
import { randomNumbers } from '../testing/random.testing.js';
import { velvet } from '../testing/velvet.testing.js';
import { areaLight, directionalLight, environment, pathTrace, pointLight } from './index.js';
import type { Scene } from './index.js';
import { frozenDerivative } from './frozen.testing.js';

const random = randomNumbers(5);
const numbers = (shape: readonly number[], low = 0, high = 1): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => low + (high - low) * random()),
    [...shape],
  );
type Inputs = Readonly<Record<string, Tensor>>;
type Setting = (p: Inputs) => { readonly scene: Scene; readonly camera: Camera };

const ball = mesh(sphereShape({ rows: 5, columns: 7 }));
const vertexCount = ball.topology.vertexCount;

/** A ball with textures, values per vertex and a normal map under an environment of two parts, and a camera. */
const lookAtBall =
  (shape: Mesh): Setting =>
  (p) => ({
    scene: {
      shapes: [
        {
          mesh: { ...shape, positions: p['positions'], uvs: p['uvs'] },
          bsdf: ggx({ diffuse: p['diffuse'], specular: p['specular'], roughness: p['roughness'] }),
          normalMap: p['normalMap'],
          wrap: 'repeat',
        },
      ],
      emitters: [environment(environmentOfSH(p['harmonics'], { height: 6 }).add(p['map']))],
    },
    camera: pinhole({
      intrinsics: p['intrinsics'],
      rotation: axisAngle(p['turn']),
      position: p['position'],
      width: 5,
      height: 5,
    }),
  });

const ballInputs: Inputs = {
  positions: ball.positions,
  uvs: ball.uvs!,
  diffuse: numbers([4, 5, 3], 0.1, 0.8),
  specular: numbers([vertexCount, 3], 0.1, 0.6),
  roughness: numbers([2, 3, 1], 0.4, 0.9),
  normalMap: tensor([0.5, 0.5, 1]).add(numbers([3, 3, 3], -0.15, 0.15)),
  harmonics: numbers([9, 3], -0.2, 0.3),
  map: numbers([6, 12, 3], 0.2, 1.5),
  intrinsics: tensor([6, 6.5, 2.6, 2.4]),
  turn: tensor([0.03, 0.05, -0.1]),
  position: tensor([0.1, -0.1, 3]),
};

const floor = mesh(planeShape({ size: 3, cells: 2 }));
const lamp = mesh({ positions: [0.4, 0.1, 1.2, -0.3, 0.6, 1, -0.2, -0.5, 1.5], triangles: [0, 2, 1] });

const fromAside = perspective({ fovY: 0.7, width: 5, height: 5, ...lookAt([2, -3, 2.5], [0, 0, 0.2], [0, 0, 1]) });

/** Two lobes, flat and smooth, under every kind of light. */
const lookAtLights = (p: Inputs, camera = fromAside): ReturnType<Setting> => ({
  scene: {
    shapes: [
      { mesh: { ...floor, positions: p['floor'] }, bsdf: lambert({ albedo: p['albedo'] }), shading: 'flat' },
      {
        mesh: { ...ball, positions: ball.positions.mul(0.4).add(p['place of the ball']) },
        bsdf: velvet({ tint: p['tint'], roughness: p['roughness'] }),
      },
    ],
    emitters: [
      environment(p['map'], { background: false }),
      directionalLight({ direction: p['direction'], irradiance: p['irradiance'] }),
      pointLight({ position: p['place'], intensity: p['intensity'] }),
      areaLight({ mesh: { ...lamp, positions: p['lamp'] }, radiance: p['radiance'], twoSided: true }),
    ],
  },
  camera,
});

const lightInputs: Inputs = {
  'place of the ball': tensor([0, 0, 0.3]),
  floor: floor.positions,
  albedo: numbers([9, 3], 0.2, 0.9),
  tint: numbers([3], 0.3, 0.9),
  roughness: tensor(0.5),
  map: numbers([4, 8, 3], 0.1, 0.6),
  direction: tensor([0.3, 0.2, -1]),
  irradiance: tensor([0.5, 0.7, 0.9]),
  place: tensor([-0.9, -0.7, 0.9]),
  intensity: tensor([0.4, 0.3, 0.5]),
  lamp: lamp.positions,
  radiance: tensor([3, 2, 1]),
};

describe.each([
  ['a textured ball under an environment', lookAtBall(ball), ballInputs],
  ['two lobes under every light', lookAtLights, lightInputs],
] as const)('%s', (_, setting, inputs) => {
  const options = { spp: 4, seed: 11 };
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
});

describe('moving geometry', () => {
  it('a plane that moves under an environment changes nothing', async () => {
    const plane = mesh(planeShape({ size: 40, cells: 2 }));
    const even = (t: Tensor): Tensor => t.mul(0).add(0.5);
    const height = tensor([0, 0, 1]);
    // all inputs are derived by, so that the kernels are those of the tests above
    const moved = (p: Inputs): Tensor => {
      const slope = plane.positions.select(1, 0).mul(p['slope']).unsqueeze(1).mul(height);
      const { scene, camera } = lookAtBall(plane)({
        ...p,
        positions: plane.positions.add(p['shift']).add(slope),
        uvs: p['uvs'],
        diffuse: even(p['diffuse']),
        specular: even(p['positions']),
        roughness: even(p['roughness']),
        normalMap: p['normalMap'].mul(0).add(tensor([0.6, 0.5, 0.9])),
      });
      return pathTrace(scene, camera, { spp: 16, seed: 2 }).image.sum();
    };
    const inputs = { ...ballInputs, positions: plane.positions, uvs: plane.uvs! };
    const change = grad(moved)({ ...inputs, shift: tensor([0, 0, 0]), slope: tensor(0) }) as Inputs;
    expect(Math.abs(await change['slope'].item())).toBeGreaterThan(0.1); // turning it does
    for (const g of await change['shift'].data()) expect(Math.abs(g)).toBeLessThan(1e-5);
  });

  // Lambert's polygon, research notes: all nine coordinates in closed form
  it.each(['light', 'bsdf', 'mis'] as const)(
    'a triangle light: gradients to its corners, by %s sampling',
    async (sampling) => {
      const camera = perspective({ fovY: 1e-3, width: 4, height: 4, ...lookAt([3, -3, 1.5], [0, 0, 0], [0, 0, 1]) });
      const black = tensor([0, 0, 0]);
      // nothing but the triangle shines; all inputs are derived by, so that the kernels are those of the tests above
      const alone: Inputs = {
        ...lightInputs,
        'place of the ball': tensor([0, 0, -50]),
        albedo: onesLike(lightInputs['albedo']),
        map: zerosLike(lightInputs['map']),
        irradiance: black,
        intensity: black,
        radiance: tensor([1, 1, 1]),
      };
      const irradiance =
        (seed: number) =>
        (p: Inputs): Tensor => {
          const { scene } = lookAtLights(p);
          return pathTrace(scene, camera, { spp: 1024, seed, sampling }).image.mean().mul(Math.PI);
        };
      const runs = 8;
      const found = await Promise.all(
        Array.from({ length: runs }, (_, seed) => (grad(irradiance(seed))(alone) as Inputs)['lamp'].data()),
      );
      const closed = grad((c: Tensor) => polygonIrradiance(c, tensor([0, 0, 0]), tensor([0, 0, 1])));
      const exact = await closed(lamp.positions).data();
      for (let k = 0; k < 9; k++) {
        const values = found.map((g) => g[k]);
        const mean = values.reduce((a, b) => a + b) / runs;
        const error = Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / (runs - 1) / runs);
        expect(error).toBeLessThan(0.02); // so that an error of a tenth of the largest coordinate would show
        expect(Math.abs(mean - exact[k])).toBeLessThan(4.5 * error + 1e-4); // Student's t, 7 degrees: 3e-3
      }
    },
  );
});
