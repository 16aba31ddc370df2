import { describe, expect, it } from 'vitest';
import { grad, onesLike, tensor, zerosLike } from '../engine.js';
import type { Tensor } from '../engine.js';
import { ggx } from '../bsdf/index.js';
import { axisAngle, lookAt, perspective, pinhole } from '../camera/index.js';
import { mesh, planeShape } from '../geometry/index.js';
import type { Mesh } from '../geometry/index.js';
import { environmentOfSH, polygonIrradiance } from '../light/index.js';
import { agreesWithOracles } from './agreement.testing.js';
import type { Inputs, Setting } from './agreement.testing.js';
import { environment, pathTrace } from './index.js';
import { ball, lamp, lightInputs, lookAtLights, numbers } from './lightScene.testing.js';

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

describe('a textured ball under an environment', () => agreesWithOracles(lookAtBall(ball), ballInputs));
describe('two lobes under every light', () => agreesWithOracles(lookAtLights, lightInputs));

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
