import { expect, it } from 'vitest';
import { grad, tensor, tidy } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { lambert } from '../../bsdf/index.js';
import { lookAt, perspective } from '../../camera/index.js';
import { mesh, planeShape } from '../../geometry/index.js';
import type { Mesh } from '../../geometry/index.js';
import { areaLight, pathTrace } from '../index.js';
import type { PathTraceOptions } from '../index.js';

/**
 * Indirect visibility: a floor that no lamp shines at, a roof that one does, and between them a triangle that rises. The camera
 * sees the floor only; paths have four segments, so the triangle hides the roof from the floor, and the floor from the
 * roof. There is no interior gradient at all.
 */
const floor = mesh(planeShape({ size: 3, cells: 1 }));
const roof = mesh({
  positions: floor.rest!.map((v, k) => (k % 3 === 2 ? 1.6 : v)),
  triangles: [...floor.topology.triangles],
});
const triangleOf = (positions: readonly number[]): Mesh => mesh({ positions, triangles: [0, 1, 2] });
const lamp = triangleOf([-0.3, -0.3, 1.2, 0.3, -0.3, 1.2, 0, 0.4, 1.2]); // its back is dark
const occluder = triangleOf([0.5, 0, 0.5, -0.4, 0.45, 0.6, -0.3, -0.5, 0.7]);
const grey = (albedo: number): ReturnType<typeof lambert> => lambert({ albedo: tensor([albedo, albedo, albedo]) });
const camera = perspective({ fovY: 0.3, width: 4, height: 4, ...lookAt([0, -1.3, 0.35], [0, 0, 0], [0, 0, 1]) });
const light = (positions: Tensor, options: PathTraceOptions): Tensor =>
  pathTrace(
    {
      shapes: [
        { mesh: floor, bsdf: grey(0.8), shading: 'flat' },
        { mesh: roof, bsdf: grey(0.8), shading: 'flat' },
        { mesh: { ...occluder, positions }, bsdf: grey(0.5), shading: 'flat' },
      ],
      emitters: [areaLight({ mesh: lamp, radiance: 10 })],
    },
    camera,
    { depth: 4, rouletteFrom: 4, edgeSamples: 64, shadowSamples: 200_000, ...options },
  ).image.mean();

/**
 * The slope by renders of 32,768 samples a pixel, the triangle 0.05 above and below: the mean and standard error of 14 pairs of
 * seeds 51 to 64 (48 s on two cores, so not part of the test).
 */
const expected = { mean: 0.011122, error: 0.000161 };

it('a triangle between the second surface of a path and the others: as differences say', async () => {
  const slope = (seed: number, boundary: 'none' | 'all'): Tensor =>
    grad((p: Tensor) => light(p, { seed, spp: 16, boundary, guided: seed % 2 === 0 }))(occluder.positions)
      .mul(tensor([0, 0, 1]))
      .sum();
  const runs: number[] = [];
  for (const seed of [1, 2, 3, 4, 5, 6]) runs.push(await tidy(() => slope(seed, 'all')).item()); // half of them guided
  const mean = runs.reduce((sum, r) => sum + r, 0) / runs.length;
  const error = Math.sqrt(runs.reduce((sum, r) => sum + (r - mean) ** 2, 0) / (runs.length - 1) / runs.length);
  expect(error / mean, 'standard error').toBeLessThan(0.03);
  // Student's t of 5 degrees at 1e-3
  const z = (factor: number): number =>
    Math.abs(factor * mean - expected.mean) / Math.hypot(factor * error, expected.error);
  expect(z(1)).toBeLessThan(6.9);
  expect(z(1.4), 'power').toBeGreaterThan(6.9);
  expect(Math.abs(await slope(1, 'none').item()), 'the interior').toBeLessThan(1e-6);
});
