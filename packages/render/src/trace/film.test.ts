import { beforeAll, describe, expect, it } from 'vitest';
import { elementwise, full, grad, jvp, memory, profile, referenceData, tensor, tidy } from '../engine.js';
import type { Tensor } from '../engine.js';
import { lambert } from '../bsdf/index.js';
import { lookAt, orthographic, perspective } from '../camera/index.js';
import { mesh, planeShape } from '../geometry/index.js';
import { studentQuantile } from '../math/studentQuantile.js';
import { randomNumbers } from '../testing/random.testing.js';
import { environment, pathTrace, renderProgressive, renderTiles } from './index.js';
import type { Crop, PathTraceOptions, ProgressiveImage, RenderProgress, Scene } from './index.js';
import { filmOffset } from './sampling.js';

const random = randomNumbers(41);
const numbers = (shape: readonly number[]): Tensor =>
  tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random), [...shape]);

/** A floor of many colours and a roof over a part of it, under a sky. All tests render it: one kernel. */
const inputs = { albedo: numbers([24, 24, 3]), map: numbers([8, 16, 3]) };
const floor = mesh(planeShape({ size: 6 }));
const roof = mesh({ positions: [-0.8, -0.6, 0.5, 0.5, -0.4, 0.7, -0.2, 0.7, 0.6], triangles: [0, 1, 2] });
const sceneOf = ({ albedo, map } = inputs): Scene => ({
  shapes: [
    { mesh: floor, bsdf: lambert({ albedo }), shading: 'flat' },
    { mesh: roof, bsdf: lambert({ albedo: tensor([0.5, 0.5, 0.5]) }), shading: 'flat' },
  ],
  emitters: [environment(map, { background: false })],
});
const cameraOf = (width: number, height = width) =>
  perspective({ fovY: 0.5, width, height, ...lookAt([2, -3, 2.5], [0, 0, 0.2], [0, 0, 1]) });
const image = (size: number, options: PathTraceOptions, p = inputs): Tensor =>
  pathTrace(sceneOf(p), cameraOf(size), options).image;
const samplers = ['independent', 'stratified', 'sobol'] as const;
const size = 6;
const slow = 120_000;
let converged: Tensor;
beforeAll(() => {
  converged = tidy(() => image(size, { spp: 8192, seed: 100, sampler: 'sobol' }));
  return converged.data().then(() => undefined);
}, slow);

describe('samplers', () => {
  const errors: Record<string, number[]> = {};

  it.each(samplers)('%s finds the same image', async (sampler) => {
    errors[sampler] = [];
    for (const spp of [16, 64, 256]) {
      const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
      const differences = seeds.map((seed) => tidy(() => image(size, { spp, sampler, seed }).sub(converged)));
      const squares = await Promise.all(differences.map((d) => d.square().mean().item()));
      const means = await Promise.all(differences.map((d) => d.mean().item()));
      const rms = Math.sqrt(squares.reduce((a, b) => a + b) / seeds.length);
      // pixels are independent of each other, channels are not
      const z = (means.reduce((a, b) => a + b) / seeds.length / rms) * Math.sqrt(seeds.length * size * size);
      expect(Math.abs(z), `${sampler}, ${spp}`).toBeLessThan(4);
      errors[sampler].push(rms);
    }
  });

  it('differ in noise: Sobol has the least, and gains most by more samples', () => {
    const [independent, stratified, sobol] = samplers.map((s) => errors[s]);
    for (const k of [0, 1, 2]) {
      expect(sobol[k]).toBeLessThan(stratified[k]);
      expect(stratified[k]).toBeLessThan(independent[k]);
    }
    expect(independent[0] / independent[2]).toBeCloseTo(4, 0); // one over the square root
    expect(sobol[0] / sobol[2]).toBeGreaterThan(5);
  });

  it('draw the same numbers in every pass', { timeout: slow }, async () => {
    for (const sampler of samplers) {
      const options = { spp: 4, batches: 2, seed: 5, sampler };
      const [exact] = await referenceData(image(4, options));
      const found = await image(4, options).data();
      found.forEach((v, i) => expect(Math.abs(v - exact[i])).toBeLessThan(1e-4 * (1 + Math.abs(exact[i]))));
      const along = { albedo: numbers([24, 24, 3]), map: numbers([8, 16, 3]) };
      const weights = numbers([4, 4, 3]);
      const loss = (p: typeof inputs): Tensor => image(4, options, p).mul(weights).sum();
      const gradients = grad(loss)(inputs) as typeof inputs;
      const [, change] = jvp(loss, inputs, along);
      const products = (['albedo', 'map'] as const).map((k) => gradients[k].mul(along[k]).sum().item());
      const back = (await Promise.all(products)).reduce((a, b) => a + b);
      expect(Math.abs((await (change as Tensor).item()) / back - 1), sampler).toBeLessThan(1e-5);
    }
  });
});

describe('batches of samples', () => {
  // (image - truth) over the standard error is Student's t: over many pixels and seeds its square has the mean n / (n - 2)
  it.each(samplers)('tell the variance of the image: %s', async (sampler) => {
    const truth = await converged.data();
    let [squares, count, within, error, variances] = [0, 0, 0, 0, 0];
    for (let seed = 0; seed < 16; seed++) {
      const found = pathTrace(sceneOf(), cameraOf(size), { spp: 32, batches: 8, sampler, seed });
      const [image, variance, confidence] = await Promise.all(
        [found.image, found.variance!, found.confidence!].map((v) => v.data()),
      );
      image.forEach((v, i) => {
        if (variance[i] < 1e-12) return; // in shadow with all samples
        const square = (v - truth[i]) ** 2;
        squares += square / variance[i];
        within += Number(square <= confidence[i] ** 2);
        error += square;
        variances += variance[i];
        count++;
      });
    }
    // 576 pixels: 3 channels are nearly one number; t^2 of 7 degrees has a standard deviation of 3.3
    const pixels = count / 3;
    expect(pixels).toBeGreaterThan(500);
    const sigma = Math.sqrt((2 * 49 * 6) / (25 * 3) / pixels);
    expect(Math.abs(squares / count - 7 / 5)).toBeLessThan(4.5 * sigma);
    expect(Math.abs(within / count - 0.95)).toBeLessThan(4.5 * Math.sqrt((0.95 * 0.05) / pixels));
    // and the variance itself has the mean of the squared error; that of single samples would be 8 times that of batches
    expect(error / variances).toBeGreaterThan(0.8);
    expect(error / variances).toBeLessThan(1.25);
  });

  it('by quantiles of Student', () => {
    // Abramowitz and Stegun, table 26.10
    for (const [degrees, quantile] of [
      [1, 12.706],
      [2, 4.303],
      [3, 3.182],
      [7, 2.365],
      [30, 2.042],
    ]) {
      expect(studentQuantile(degrees, 0.05)).toBeCloseTo(quantile, 3);
    }
  });

  it('are refused with a reason', () => {
    expect(() => image(4, { spp: 8, batches: 3 })).toThrow(/batches.*multiple/);
    expect(() => image(4, { crop: { x: 2, y: 0, width: 3, height: 4 } })).toThrow(/crop.*3 x 4 at \(2, 0\)/);
  });
});

describe('memory', () => {
  it('grows with neither samples nor depth, forwards and back', { timeout: 2 * slow }, async () => {
    // buffers that were in use are kept for reuse: both together are the most that was ever needed
    const peak = async (size: number, spp: number, depth: number): Promise<number> => {
      const gradients = tidy(() => grad((p: typeof inputs) => image(size, { spp, depth, seed: 1 }, p).mean())(inputs));
      await Promise.all(Object.values(gradients as typeof inputs).map((g) => g.data()));
      for (const g of Object.values(gradients as typeof inputs)) g.dispose();
      return memory().liveBytes + memory().pooledBytes;
    };
    const least = await peak(64, 4, 2);
    for (const [spp, depth] of [
      [16, 2],
      [64, 2],
      [4, 8],
      [16, 8],
    ]) {
      const bytes = await peak(64, spp, depth);
      expect(Math.abs(bytes / least - 1), `${spp} samples, depth ${depth}: ${bytes}, not ${least}`).toBeLessThan(0.01);
    }
    expect((await peak(91, 4, 2)) / least, 'twice the pixels').toBeGreaterThan(1.01);
  });
});

describe('film filters', () => {
  // mean squares and mean sizes of how far places are from the pixel's centre, along a row
  it.each([
    ['box', 1 / 12, 1 / 4],
    ['tent', 1 / 6, 1 / 3],
    ['gaussian', 1 / 4, Math.sqrt(1 / (2 * Math.PI))],
  ] as const)('%s spreads places as it says, and leaves an even image alone', async (filter, square, distance) => {
    const n = 128;
    const middles = Float32Array.from({ length: 2 * n * n }, (_, i) => {
      const k = i >> 1;
      return ((i % 2 === 0 ? k % n : Math.floor(k / n)) + 0.5) / n;
    });
    const places = elementwise(filmOffset[filter], tensor(middles, [n * n, 2]));
    for (const axis of [0, 1]) {
      const x = places.select(1, axis);
      expect(Math.abs((await x.mean().item()) / distance)).toBeLessThan(1e-3);
      expect(Math.abs((await x.square().mean().item()) / square - 1)).toBeLessThan(0.01);
      expect(Math.abs((await x.abs().mean().item()) / distance - 1)).toBeLessThan(0.01);
    }
    const even = { shapes: [], emitters: [environment(full([2, 4, 3], 0.7))] };
    const [values] = await referenceData(pathTrace(even, cameraOf(4), { spp: 8, seed: 2, filter }).image);
    values.forEach((v) => expect(v).toBeCloseTo(0.7, 6));
  });
});

describe('an edge through a film filter', () => {
  const densities = {
    box: (x: number) => Number(Math.abs(x) < 0.5),
    tent: (x: number) => Math.max(0, 1 - Math.abs(x)),
    gaussian: (x: number) => Math.exp(-2 * x * x) * Math.sqrt(2 / Math.PI),
  };
  const end = 3.95; // pixels from the left
  const sheet = mesh({ positions: [-9, -9, 0, end, -9, 0, end, 19, 0, -9, 19, 0], triangles: [0, 1, 2, 0, 2, 3] });
  const scene = { shapes: [{ mesh: sheet, bsdf: lambert({ albedo: 1 }) }] };
  const parallel = orthographic({ width: 8, height: 8, extent: 8, position: [4, 4, 5] });

  it.each(Object.keys(densities) as (keyof typeof densities)[])('covers pixels by its density: %s', async (filter) => {
    const [mask] = await referenceData(
      pathTrace(scene, parallel, { spp: 64, seed: 3, sampler: 'sobol', filter, depth: 1 }).mask.mean(0),
    );
    for (let column = 0; column < 8; column++) {
      let expected = 0;
      for (let x = -2 + 5e-4; x < end - column - 0.5; x += 1e-3) expected += 1e-3 * densities[filter](x);
      expect(Math.abs(mask[column] - expected), `column ${column}`).toBeLessThan(0.015);
    }
  });
});

describe('parts of an image', () => {
  const options = { spp: 16, seed: 3, batches: 4, sampler: 'sobol' } as const;
  const camera = cameraOf(40, 32);
  const all = async (): Promise<ArrayLike<number>> => pathTrace(sceneOf(), camera, options).image.data();

  it('have the same bits as in the whole', async () => {
    const whole = await all();
    const crop = { x: 7, y: 11, width: 20, height: 9 };
    const found = await pathTrace(sceneOf(), camera, { ...options, crop }).image.data();
    found.forEach((v, i) => {
      const [x, y] = [crop.x + (Math.floor(i / 3) % crop.width), crop.y + Math.floor(i / 3 / crop.width)];
      expect(v).toBe(whole[3 * (40 * y + x) + (i % 3)]);
    });
    const [, edge] = [whole, found].map((d) => new Set(Array.from(d)).size);
    expect(edge).toBeGreaterThan(100); // there is something to compare
  });

  it('as tiles fill the image', async () => {
    const whole = await all();
    const image = new Float32Array(whole.length);
    let tiles = 0;
    for await (const { x, y, width, height, image: part } of renderTiles(sceneOf(), camera, { ...options, tile: 16 })) {
      tiles++;
      for (let row = 0; row < height; row++) {
        image.set(part.subarray(3 * width * row, 3 * width * (row + 1)), 3 * (40 * (y + row) + x));
      }
    }
    expect(tiles).toBe(6);
    expect(Array.from(image)).toEqual(Array.from(whole));
  });
});

describe('dispatches', () => {
  it('are many where there is much to do, and gradients sum over all', { timeout: slow }, async () => {
    const options = { spp: 16, seed: 3 };
    const slope = (crop: Crop): Tensor => {
      const run = (p: typeof inputs): Tensor =>
        pathTrace(sceneOf(p), cameraOf(40, 32), { ...options, crop }).image.sum();
      return (grad(run)(inputs) as typeof inputs).albedo;
    };
    const { result, kernels } = await profile(() => slope({ x: 0, y: 0, width: 40, height: 32 }).data());
    // 20480 surfaces with two ways to find light each: 16384 for an image, 8192 for gradients
    expect(kernels.filter((k) => k.label === 'trace: gradients')).toHaveLength(3);
    const parts = [0, 16].map((y) => slope({ x: 0, y, width: 40, height: 16 }));
    const sum = await parts[0].add(parts[1]).data();
    const largest = Math.max(...sum.map(Math.abs));
    expect(largest).toBeGreaterThan(1);
    sum.forEach((v, i) => expect(Math.abs(v - result[i])).toBeLessThan(1e-5 * largest));
  });
});

describe('progressive rendering', () => {
  const options = { spp: 64, seed: 3, batches: 4, sampler: 'sobol', passes: 4 } as const;

  it('ends with the image of one call, bit for bit, and tells how far it is', async () => {
    const progress: RenderProgress[] = [];
    const seen: ProgressiveImage[] = [];
    for await (const found of renderProgressive(sceneOf(), cameraOf(32), {
      ...options,
      onProgress: (p) => progress.push(p),
    }))
      seen.push(found);
    expect(seen.map((s) => s.samples)).toEqual([16, 32, 48, 64]);
    const once = pathTrace(sceneOf(), cameraOf(32), options);
    for (const key of ['image', 'variance', 'mask'] as const) {
      expect(Array.from(await seen[3][key]!.data())).toEqual(Array.from(await once[key]!.data()));
    }
    const partial = pathTrace(sceneOf(), cameraOf(32), { ...options, spp: 64 }).image;
    expect(Array.from(await seen[0].image.data())).not.toEqual(Array.from(await partial.data()));
    expect(seen[3].error!).toBeLessThan(0.6 * seen[0].error!);
    const last = progress.at(-1)!;
    expect(last.done).toBe(1);
    expect(last.secondsLeft).toBe(0);
    expect(progress.every((p, k) => p.rate >= 0 && p.done > (progress[k - 1]?.done ?? 0))).toBe(true);
  });

  it('stops when the error is small enough, or when asked to, and leaves nothing behind', async () => {
    const scene = sceneOf();
    const camera = cameraOf(32);
    const run = async (extra: object): Promise<number> => {
      let samples = 0;
      for await (const found of renderProgressive(scene, camera, { ...options, ...extra })) {
        samples = found.samples;
        for (const t of [found.image, found.mask, found.variance!, found.confidence!]) t.dispose();
      }
      return samples;
    };
    await run({});
    const before = memory().liveBytes;
    expect(await run({ targetError: 1 })).toBe(16);
    const control = new AbortController();
    const aborted = run({ signal: control.signal, onProgress: () => control.abort(new Error('enough')) });
    await expect(aborted).rejects.toThrow('enough');
    expect(memory().liveBytes).toBeLessThanOrEqual(before); // garbage of other tests may be gone by now
    await expect(run({ batches: 1, targetError: 1 })).rejects.toThrow(/batches/);
    await expect(run({ passes: 0 })).rejects.toThrow(/passes/);
  });
});
