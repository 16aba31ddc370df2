import { describe, expect, it } from 'vitest';
import { tensor } from '../engine.js';
import { lambert } from '../bsdf/index.js';
import { lookAt, orthographic, perspective } from '../camera/index.js';
import { mesh } from '../geometry/index.js';
import { pathTrace, renderAovs } from './index.js';

const sheet = (positions: number[], albedo: number) => ({
  mesh: mesh({ positions, triangles: [0, 1, 2] }),
  bsdf: lambert({ albedo: tensor([albedo, albedo, albedo]) }),
});
const scene = { shapes: [sheet([-0.8, -0.6, 0.5, 0.5, -0.4, 0.7, -0.2, 0.7, 0.6], 0.5)] };
const camera = perspective({ fovY: 0.5, width: 6, height: 6, ...lookAt([2, -3, 2.5], [0, 0, 0.2], [0, 0, 1]) });

describe('several samples of a pixel', () => {
  it.each(['box', 'tent', 'gaussian'] as const)(
    'are where those of an image are, by every sampler: %s',
    async (filter) => {
      for (const sampler of ['independent', 'stratified', 'sobol'] as const) {
        const options = { spp: 16, seed: 3, sampler, filter };
        const aovs = renderAovs(scene, camera, options);
        const [found, expected, albedo, other] = await Promise.all([
          aovs.mask.data(),
          pathTrace(scene, camera, { ...options, depth: 1 }).mask.data(),
          aovs.albedo.select(2, 0).data(),
          renderAovs(scene, camera, { ...options, seed: 4 }).mask.data(),
        ]);
        expect(Array.from(found), sampler).toEqual(Array.from(expected));
        expect(Array.from(other), sampler).not.toEqual(Array.from(expected));
        found.forEach((share, i) => expect(albedo[i]).toBeCloseTo(0.5 * share, 6));
      }
    },
  );

  it('cover pixels at an edge by the density of the filter', async () => {
    const densities = {
      box: (x: number) => Number(Math.abs(x) < 0.5),
      tent: (x: number) => Math.max(0, 1 - Math.abs(x)),
      gaussian: (x: number) => Math.exp(-2 * x * x) * Math.sqrt(2 / Math.PI),
    };
    const end = 3.95; // pixels from the left
    const half = { shapes: [sheet([end, -90, 0, end, 90, 0, -90, 0, 0], 1)] };
    const parallel = orthographic({ width: 8, height: 8, extent: 8, position: [4, 4, 5] });
    for (const filter of ['box', 'tent', 'gaussian'] as const) {
      const mask = await renderAovs(half, parallel, { spp: 64, seed: 3, sampler: 'sobol', filter }).mask.mean(0).data();
      for (let column = 0; column < 8; column++) {
        let expected = 0;
        for (let x = -2 + 5e-4; x < end - column - 0.5; x += 1e-3) expected += 1e-3 * densities[filter](x);
        expect(Math.abs(mask[column] - expected), `${filter}, column ${column}`).toBeLessThan(0.015);
      }
    }
  });

  it('are refused with a reason', () => {
    expect(() => renderAovs(scene, camera, { spp: 0 })).toThrow(/spp.*got 0/);
  });
});
