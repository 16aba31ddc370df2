import { describe, expect, it } from 'vitest';
import { tensor } from '../engine.js';
import { lambert } from '../bsdf/index.js';
import { lookAt, orthographic } from '../camera/index.js';
import { icosphereShape, mesh, planeShape } from '../geometry/index.js';
import type { Mesh } from '../geometry/index.js';
import { halfPlaneIrradiance } from '../light/index.js';
import { ambientOcclusion } from './index.js';

const floor = mesh(planeShape({ size: 40, cells: 1 }));
/** A patch of the floor around (x, 0), from below what is above it, by parallel rays. */
const patch = (x: number) =>
  orthographic({ extent: 1e-3, width: 4, height: 4, ...lookAt([x - 0.05, 0, 0.05], [x, 0, 0], [0, 1, 0]) });

/** Openness of the floor at (x, 0) under an occluder, and its standard error by the batches. */
async function opennessUnder(occluder: Mesh, x: number): Promise<{ mean: number; error: number }> {
  const shapes = [floor, occluder].map((shape) => ({
    mesh: shape,
    bsdf: lambert({ albedo: 0.1 }), // does not matter
    shading: 'flat' as const,
  }));
  const options = { spp: 1024, batches: 16, seed: 4, sampler: 'sobol' } as const;
  const { openness, variance, mask } = ambientOcclusion({ shapes }, patch(x), options);
  expect(openness.shape).toEqual([4, 4]);
  expect(await mask.mean().item()).toBe(1);
  return { mean: await openness.mean().item(), error: Math.sqrt((await variance!.mean().item()) / 16) };
}

const disc = (radius: number, height: number): Mesh => {
  const corners = 256;
  const rim = Array.from({ length: corners }, (_, k) => {
    const angle = (2 * Math.PI * k) / corners;
    return [radius * Math.cos(angle), radius * Math.sin(angle), height];
  });
  const triangles = rim.flatMap((_, k) => [corners, k, (k + 1) % corners]);
  return mesh({ positions: [...rim.flat(), 0, 0, height], triangles });
};
const ballOnFloor = (radius: number): Mesh => {
  const ball = icosphereShape({ radius, subdivisions: 5 });
  return mesh({ ...ball, positions: ball.positions.map((v, i) => v + (i % 3 === 2 ? radius : 0)) });
};
const roofFrom = (edge: number, height: number): Mesh =>
  mesh({
    positions: [edge, -1e3, height, 1e3, -1e3, height, 1e3, 1e3, height, edge, 1e3, height],
    triangles: [0, 1, 2, 0, 2, 3],
  });

describe('ambient occlusion in closed form', () => {
  const check = ({ mean, error }: { mean: number; error: number }, exact: number): void => {
    expect(error).toBeLessThan(0.003);
    expect(Math.abs(mean - exact), `${mean} for ${exact}`).toBeLessThan(4 * error + 5e-4); // facets
    expect(Math.abs(mean - 1.05 * exact), 'power').toBeGreaterThan(4 * error + 5e-4);
  };

  it('under a disc: what lies outside of its cone', async () => {
    for (const [radius, height] of [
      [0.5, 1],
      [2, 1.5],
    ]) {
      check(await opennessUnder(disc(radius, height), 0), height ** 2 / (radius ** 2 + height ** 2));
    }
  });

  it('under half a plane', async () => {
    const covered = await halfPlaneIrradiance(tensor(0.3), tensor(0), tensor(1)).item();
    check(await opennessUnder(roofFrom(0.3, 1), 0), 1 - covered / Math.PI);
  });

  it('beside a ball on the floor: its solid angle by the cosine, (r / d)^2 times r / d', async () => {
    for (const x of [0.6, 1.5]) {
      const distance = Math.hypot(x, 0.5);
      check(await opennessUnder(ballOnFloor(0.5), x), 1 - (0.5 / distance) ** 3);
    }
  });
});
