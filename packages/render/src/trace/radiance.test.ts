import { describe, expect, it } from 'vitest';
import { full, referenceData, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { lambert } from '../bsdf/index.js';
import { lookAt, perspective } from '../camera/index.js';
import { mesh, planeShape, sphereShape } from '../geometry/index.js';
import { pixelCentres } from './aovs.js';
import { areaLight, environment, pathTrace } from './index.js';
import { traceCall } from './pathTrace.js';
import { radianceAlong } from './radiance.js';

/** A ball over a floor under a bright sky and a lamp: shadows, and light between surfaces. */
const scene = {
  shapes: [
    {
      mesh: mesh(planeShape({ size: 4, cells: 2 })),
      bsdf: lambert({ albedo: tensor([0.7, 0.5, 0.3]) }),
      shading: 'flat' as const,
    },
    { mesh: mesh(sphereShape({ rows: 6, columns: 12, radius: 0.5 })), bsdf: lambert({ albedo: 0.6 }) },
  ],
  emitters: [
    environment(full([4, 8, 3], 0.5)),
    areaLight({ mesh: mesh({ positions: [-1, 0, 2, 1, 0, 2, 0, 1, 2], triangles: [0, 2, 1] }), radiance: [3, 2, 1] }),
  ],
};
const camera = perspective({ fovY: 0.8, width: 6, height: 6, ...lookAt([0.5, -3.5, 2], [0, 0, 0], [0, 0, 1]) });
const centres = pixelCentres(6, 6);
/** The image, from rays of the camera. */
const fromRays = (depth: number, spp: number, seed: number): Tensor => {
  const call = traceCall(scene, camera, { depth: 4, seed });
  const { origins, directions } = camera.rays(centres);
  return radianceAlong(call, origins, directions, { depth, spp });
};

describe('radiance along rays', () => {
  it.each([1, 2, 3])('is the same on the GPU and in float64, paths of %d segments', async (depth) => {
    const light = await fromRays(depth, 2, 3).data();
    const [exact] = await referenceData(fromRays(depth, 2, 3));
    const different = light.filter((v, i) => Math.abs(v - exact[i]) > 1e-4 * (1 + Math.abs(exact[i])));
    expect(different.length).toBeLessThanOrEqual(3); // a ray on an edge may choose the other side
    expect(Math.max(...light)).toBeGreaterThan(0.3);
  });

  it('is what the image shows', async () => {
    const depth = 4;
    // pixels so small that the image is its centre
    const narrow = perspective({
      fovY: 1e-3,
      width: 2,
      height: 2,
      ...lookAt([0.5, -3.5, 2], [0.9, 0.3, 0], [0, 0, 1]),
    });
    const means = async (of: (seed: number) => Tensor): Promise<{ mean: number; variance: number }> => {
      const values = await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => of(seed).mean().item()));
      const mean = values.reduce((a, b) => a + b) / values.length;
      return { mean, variance: values.reduce((s, v) => s + (v - mean) ** 2, 0) / (values.length - 1) / values.length };
    };
    const image = await means((seed) => pathTrace(scene, narrow, { depth, spp: 512, seed }).image);
    const { origins, directions } = narrow.rays(pixelCentres(2, 2));
    const light = await means((seed) =>
      radianceAlong(traceCall(scene, narrow, { depth, seed: seed + 50 }), origins, directions, { spp: 512 }),
    );
    const error = Math.sqrt(image.variance + light.variance);
    expect(error / image.mean).toBeLessThan(0.01);
    expect(Math.abs(image.mean - light.mean)).toBeLessThan(5 * error);
  });

  it('rays of one line share their random numbers; others do not', async () => {
    const call = traceCall(scene, camera, { depth: 3, seed: 1 });
    const origins = tensor([0, -1.2, 1]).expand([4, 3]);
    const directions = tensor([0, 0, -1]).expand([4, 3]);
    const red = await radianceAlong(call, origins, directions, { lines: 2 }).select(1, 0).data();
    expect(red[0]).toBe(red[2]);
    expect(red[1]).toBe(red[3]);
    expect(red[0]).not.toBe(red[1]);
  });

  it('sees a hidden environment as light if it is told to, and nothing nearer than tMin', async () => {
    const hidden = { shapes: [], emitters: [environment(full([4, 8, 3], 0.5), { background: false })] };
    const call = traceCall(scene, camera, { depth: 3, seed: 1 });
    const [up, down] = [tensor([[0, 0, 1]]), tensor([[0, 0, -1]])];
    const start = tensor([[0, -1.2, 1]]);
    const half = Float32Array.of(0.5, 0.5, 0.5);
    const empty = traceCall(hidden, camera, { seed: 1 });
    expect(await radianceAlong(empty, start, up).data()).toEqual(new Float32Array(3));
    expect(await radianceAlong(empty, start, up, { sky: true }).data()).toEqual(half);
    expect(await radianceAlong(call, start, down, { tMin: 2 }).data()).toEqual(half);
    expect(await radianceAlong(call, start, down).data()).not.toEqual(half);
    expect(await radianceAlong(call, start, down, { depth: 0 }).data()).toEqual(new Float32Array(3));
    expect(() => radianceAlong(call, start, tensor([0, 0, 1]))).toThrow('[R, 3]');
    expect(() => radianceAlong(call, start, up, { depth: 4 })).toThrow('4 segments in a call of 3');
  });
});
