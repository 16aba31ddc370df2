import { describe, expect, it } from 'vitest';
import { tensor } from '../../engine.js';
import { ggx, lambert } from '../../bsdf/index.js';
import type { Bsdf } from '../../bsdf/index.js';
import { lookAt, perspective } from '../../camera/index.js';
import { icosphereShape, mesh } from '../../geometry/index.js';
import { shBands } from '../../light/index.js';
import { environmentFromSH, pathTrace } from '../../trace/index.js';
import { renderVertices } from './index.js';

/** A ball of radius 1 is looked at where a direction meets it: there it is seen head on, and lobes are round. */
const ball = mesh(icosphereShape({ subdivisions: 4 }));
const bands = shBands(8);

/** Means over the pixels of the middle of the ball, per channel, with their standard errors over runs. */
async function traced(bsdf: Bsdf, light: number[][], towards: number[]): Promise<{ mean: number[]; error: number[] }> {
  const camera = perspective({
    fovY: 0.004,
    width: 8,
    height: 8,
    ...lookAt(
      towards.map((x) => 8 * x),
      [0, 0, 0],
    ),
  });
  const emitters = [environmentFromSH(tensor(light), { height: 64, background: false })];
  const { image, variance } = pathTrace({ shapes: [{ mesh: ball, bsdf }], emitters }, camera, {
    ...{ spp: 256, batches: 8, seed: 11, sampling: 'bsdf' },
  });
  const [mean, square] = await Promise.all([image.mean([0, 1]).data(), variance!.mean([0, 1]).data()]);
  return { mean: [...mean], error: Array.from(square, (v) => Math.sqrt(v / 64)) };
}

describe('vertex renderer and path tracer on a convex ball', () => {
  it.each([
    ['diffuse', lambert({ albedo: tensor([0.8, 0.8, 0.8]) })],
    ['specular', ggx({ diffuse: 0, specular: 0.3, roughness: 0.5 })],
  ])('are one physics for every single SH light: %s', async (_, bsdf) => {
    const towards = [0.48, 0.6, 0.64];
    const normals = tensor([...towards, ...towards, ...towards], [3, 3]);
    const camera = perspective({
      fovY: 0.004,
      width: 8,
      height: 8,
      ...lookAt(
        towards.map((x) => 8 * x),
        [0, 0, 0],
      ),
    });
    const point = { mesh: mesh({ positions: [...towards, ...towards, ...towards], triangles: [0, 1, 2] }), bsdf };
    let [largest, wrong] = [0, 0];
    // three lights at a time, one in each channel
    for (let k = 0; k < 81; k += 3) {
      const light = bands.map((__, j) => [0, 1, 2].map((c) => (j === k + c ? 1 : 0)));
      const found = await traced(bsdf, light, towards);
      const expected = await renderVertices(point, tensor(light), camera, { normals }).colors.data();
      for (let c = 0; c < 3; c++) {
        // 1e-3 of the brightest: texels of the map, facets of the ball
        const noise = found.error[c] + 1e-3;
        largest = Math.max(largest, Math.abs(found.mean[c] - expected[c]) / noise);
        wrong = Math.max(wrong, Math.abs(found.mean[c] - 1.3 * expected[c]) / noise);
        expect(found.error[c]).toBeLessThan(0.01);
      }
    }
    // Student's t with 7 degrees of freedom, 81 lights; the same with a band 30 % too strong is found
    expect(largest).toBeLessThan(6);
    expect(wrong).toBeGreaterThan(12);
  });
});
