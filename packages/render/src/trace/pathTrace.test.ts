import { describe, expect, it } from 'vitest';
import { GradientError, concat, grad, memory, tensor, tidy, zeros } from '../engine.js';
import type { Tensor } from '../engine.js';
import { ggx, lambert } from '../bsdf/index.js';
import { lookAt, perspective } from '../camera/index.js';
import type { Camera } from '../camera/index.js';
import { icosphereShape, mesh, planeShape } from '../geometry/index.js';
import type { Mesh } from '../geometry/index.js';
import { discIrradiance, evaluateSH, halfCosine, halfPlaneIrradiance, polygonIrradiance } from '../light/index.js';
import { randomNumbers } from '../testing/random.testing.js';
import {
  areaLight,
  directionalLight,
  environment,
  environmentFromSH,
  pathTrace,
  pointLight,
  renderAovs,
} from './index.js';
import type { Shape } from '../geometry/index.js';
import type { Emitter, PathTraceOptions, Scene } from './index.js';
import { traceCall } from './pathTrace.js';
import { filmProgram } from './programs.js';

const floor = mesh(planeShape({ size: 3, cells: 1 }));
const white = (shape: Mesh): Shape => ({ mesh: shape, bsdf: lambert({ albedo: tensor([1, 1, 1]) }), shading: 'flat' });
/** Looks at the origin, at a patch so small that it counts as a point. */
const atPoint = (x: number, y: number, z: number): Camera =>
  perspective({ fovY: 1e-3, width: 4, height: 4, ...lookAt([x, y, z], [0, 0, 0], [0, 0, 1]) });

/** Mean of an estimate over seeds, and its standard error. */
async function estimate(of: (seed: number) => Tensor, runs = 8): Promise<{ mean: number; error: number }> {
  const values: number[] = [];
  for (let seed = 0; seed < runs; seed++) values.push(await of(seed).item());
  const mean = values.reduce((a, b) => a + b) / runs;
  const square = values.reduce((s, v) => s + (v - mean) ** 2, 0);
  return { mean, error: Math.sqrt(square / (runs - 1) / runs) };
}

/** Irradiance at the origin of a white floor: pi times what the camera sees. */
const irradiance = (
  shapes: readonly Shape[],
  emitters: readonly Emitter[],
  options: PathTraceOptions = {},
): Promise<{ mean: number; error: number }> =>
  estimate((seed) =>
    pathTrace({ shapes, emitters }, atPoint(-3, -3, 1.5), { spp: 256, seed, ...options })
      .image.mean()
      .mul(Math.PI),
  );

const sky = environment(zeros([8, 16, 3]).add(1), { background: false });

describe('light in closed form', () => {
  it('white furnace: what arrives times the albedo leaves', async () => {
    const ball = mesh(icosphereShape({ subdivisions: 1 }));
    const scene = {
      shapes: [{ mesh: ball, bsdf: lambert({ albedo: tensor([1, 0.5, 0.5]) }), shading: 'flat' as const }],
      emitters: [sky],
    };
    const camera = perspective({ fovY: 0.2, width: 8, height: 8, position: [0, 0, 4] });
    for (const [channel, albedo] of [
      [0, 1],
      [1, 0.5],
    ]) {
      const found = await estimate((seed) =>
        pathTrace(scene, camera, { spp: 64, seed }).image.select(2, channel).mean(),
      );
      expect(found.error).toBeLessThan(0.004);
      expect(Math.abs(found.mean - albedo)).toBeLessThan(4.5 * found.error);
    }
  });

  // a mirror of F = 1 reflects what single scattering leaves: the directional albedos of the research notes, which
  // bsdf.test.ts holds against quadrature of the lobe
  it('white furnace: a rough metal keeps what its lobe keeps', async () => {
    const metal = (roughness: number): Shape => ({
      ...white(floor),
      bsdf: ggx({ diffuse: tensor([0, 0, 0]), specular: tensor([1, 1, 1]), roughness }),
    });
    for (const [alpha, grazing, aside, front] of [
      [0.25, 0.892, 0.858, 0.916],
      [1, 0.761, 0.451, 1 - Math.LN2],
    ]) {
      for (const [cosine, exact] of [
        [0.1, grazing],
        [0.5, aside],
        [1, front],
      ]) {
        const camera = atPoint(-3 * Math.sqrt(1 - cosine * cosine), 1e-3, 3 * cosine);
        const found = await estimate((seed) =>
          pathTrace({ shapes: [metal(Math.sqrt(alpha))], emitters: [sky] }, camera, { spp: 256, seed }).image.mean(),
        );
        const what = `alpha ${alpha}, cosine ${cosine}: ${found.mean} against ${exact}`;
        expect(found.error / exact, what).toBeLessThan(0.01);
        expect(Math.abs(found.mean - exact), what).toBeLessThan(5 * found.error + 1.5e-3); // the table has 3 digits
      }
    }
  });

  it('half-plane shadow', async () => {
    const [e, far] = [0.3, 1000];
    const roof = mesh({
      positions: [e, -far, 1, far, -far, 1, far, far, 1, e, far, 1],
      triangles: [0, 1, 2, 0, 2, 3],
    });
    const exact = Math.PI - (await halfPlaneIrradiance(tensor(e), tensor(0), tensor(1)).item()); // what the roof leaves
    const found = await irradiance([white(floor), white(roof)], [sky]);
    expect(found.error).toBeLessThan(0.01);
    expect(Math.abs(found.mean - exact)).toBeLessThan(4.5 * found.error + 1e-3);
  });

  const corners = [0.4, 0.1, 1.2, -0.3, 0.6, 1, -0.2, -0.5, 1.5];
  const disc = Array.from({ length: 128 }, (_, k) => (2 * Math.PI * k) / 128);
  const lights = {
    triangle: { positions: corners, triangles: [0, 2, 1] },
    disc: {
      positions: [0, 0, 1, ...disc.flatMap((a) => [0.5 * Math.cos(a), 0.5 * Math.sin(a), 1])],
      triangles: disc.flatMap((_, k) => [0, 1 + ((k + 1) % 128), 1 + k]),
    },
    sphere: {
      ...icosphereShape({ radius: 0.3, subdivisions: 4 }),
      positions: icosphereShape({ radius: 0.3, subdivisions: 4 }).positions.map((v, i) => v + [0.5, 0, 1.5][i % 3]),
    },
  };
  it.each(Object.entries(lights))('%s light, by every sampling', async (name, data) => {
    const square = 0.5 ** 2 + 1.5 ** 2;
    const exact = {
      triangle: await polygonIrradiance(tensor(corners, [3, 3]), tensor([0, 0, 0]), tensor([0, 0, 1])).item(),
      disc: await discIrradiance(tensor(0.5), tensor(1)).item(),
      sphere: (Math.PI * 0.3 ** 2 * 1.5) / square ** 1.5,
    }[name]!;
    const emitter = areaLight({ mesh: mesh(data), radiance: 1 });
    for (const sampling of ['light', 'bsdf', 'mis'] as const) {
      const found = await irradiance([white(floor)], [emitter], { sampling });
      expect(found.error).toBeLessThan(0.03 * exact + 0.01);
      expect(Math.abs(found.mean - exact), sampling).toBeLessThan(4.5 * found.error + 1e-3 * exact);
    }
  });

  it('directional and point lights', async () => {
    const sun = directionalLight({ direction: [1, 0, -2], irradiance: 3 });
    const bulb = pointLight({ position: [-0.4, 0.3, 0.8], intensity: 2 });
    const found = await irradiance([white(floor)], [sun, bulb], { spp: 4 });
    const square = 0.4 ** 2 + 0.3 ** 2 + 0.8 ** 2;
    expect(found.mean).toBeCloseTo((3 * 2) / Math.sqrt(5) + (2 * 0.8) / square ** 1.5, 2);
  });

  // linear in the light: its gradients are the images under every single one of the 81 functions
  it('a convex matte ball under every harmonic light, in a fixed memory', async () => {
    const ball = mesh(icosphereShape({ subdivisions: 2 }));
    const camera = (size: number): Camera =>
      perspective({ fovY: 0.6, width: size, height: size, ...lookAt([2, 2, 2], [0, 0, 0]) });
    const shapes = [white(ball)];
    const mean =
      (spp: number, seed: number) =>
      (light: Tensor): Tensor =>
        pathTrace({ shapes, emitters: [environmentFromSH(light, { height: 64, background: false })] }, camera(64), {
          spp,
          seed,
        })
          .image.select(2, 0)
          .mean();
    const bytes: number[] = [];
    const runs: Float32Array[] = [];
    const light = tensor(
      Float32Array.from({ length: 243 }, (_, i) => (i < 3 ? 1 : 0)),
      [81, 3],
    ); // even light
    const run = async (spp: number, seed: number): Promise<Float32Array> => {
      const found = tidy(() => grad(mean(spp, seed))(light).select(1, 0));
      const values = (await found.data()) as Float32Array;
      found.dispose();
      return values;
    };
    for (let seed = 0; seed < 6; seed++) {
      runs.push(await run(seed === 5 ? 8 : 32, seed));
      bytes.push(memory().liveBytes + memory().pooledBytes);
    }
    await run(512, 9);
    bytes.push(memory().liveBytes + memory().pooledBytes);
    expect(Math.abs(bytes[6] / bytes[5] - 1), bytes.join()).toBeLessThan(0.01);

    const { normal, mask } = renderAovs({ shapes }, camera(512));
    const basis = evaluateSH(normal.reshape([512 * 512, 3]), 8).mul(mask.reshape([512 * 512, 1]));
    const means = await basis.mean(0).data();
    const zOf = (k: number, expected: number): number => {
      const values = runs.map((r) => r[k]);
      const average = values.reduce((a, b) => a + b) / values.length;
      const spread = values.reduce((s, v) => s + (v - average) ** 2, 0) / (values.length - 1) / values.length;
      return (average - expected) / Math.sqrt(spread + 3e-4 ** 2); // 3e-4: the grid of normals, bilinear texels
    };
    const expected = Array.from(means, (m, k) => (halfCosine()[Math.floor(Math.sqrt(k))] * m) / Math.PI);
    const deviates = expected.map((v, k) => zOf(k, v));
    deviates.forEach((z, k) => expect(Math.abs(z), `function ${k}`).toBeLessThan(6)); // Student's t, 5 degrees, 81 tries
    const wrong = Array.from(means, (m, k) => zOf(k, m * (k === 0 ? 1 : 2 / 3))); // without the fall-off of the bands
    expect(wrong.filter((z) => Math.abs(z) > 6).length).toBeGreaterThan(2);
  });
});

describe('sampling', () => {
  const random = randomNumbers(9);
  const map = tensor(
    Float32Array.from({ length: 8 * 16 * 3 }, (_, i) => (Math.floor(i / 3) === 21 ? 80 : 0.2 + random())),
    [8, 16, 3],
  );
  const scene: Scene = {
    shapes: [
      { mesh: floor, bsdf: ggx({ diffuse: tensor([0.4, 0.5, 0.6]), specular: 0.3, roughness: 0.5 }), shading: 'flat' },
    ],
    emitters: [environment(map, { background: false })],
  };
  const camera = atPoint(-1, -1, 2);

  it('of light, of the lobe and of both find the same', async () => {
    const [light, lobe, both] = await Promise.all(
      (['light', 'bsdf', 'mis'] as const).map((sampling) =>
        estimate((seed) => pathTrace(scene, camera, { spp: 256, seed, sampling }).image.mean()),
      ),
    );
    expect(both.error).toBeLessThan(lobe.error);
    for (const one of [light, lobe]) {
      expect(Math.abs(one.mean - both.mean)).toBeLessThan(4.5 * Math.hypot(one.error, both.error));
    }
  });

  it('by a table that is off by one is found out', async () => {
    const shifted = async (seed: number): Promise<Tensor> => {
      const { packed, inputs, numbers } = traceCall(scene, camera, { spp: 256, seed, sampling: 'light' });
      const words = Uint32Array.from(await inputs.bvh.data());
      const width = numbers.environmentWidth;
      for (let row = 0; row < numbers.environmentHeight; row++) {
        const at = numbers.conditionalAt + row * (width + 1);
        words.copyWithin(at + 1, at, at + width);
      }
      const bvh = tensor(words, [words.length / 4, 4]);
      return filmProgram(packed.structure, packed.needs)({ ...inputs, bvh }, numbers)
        .sum(0)
        .mul(1 / 256)
        .narrow(1, 0, 3)
        .mean();
    };
    const films = await Promise.all(Array.from({ length: 8 }, (_, seed) => shifted(seed)));
    const wrong = await estimate((seed) => films[seed]);
    const right = await estimate((seed) => pathTrace(scene, camera, { spp: 256, seed }).image.mean());
    expect(Math.abs(wrong.mean - right.mean)).toBeGreaterThan(20 * Math.hypot(wrong.error, right.error));
  });

  // if the strata of the pixel and of the light went together, the error would stay at that of some 64 samples
  it('of pixel and light is independent: a textured pixel converges', async () => {
    const texels = Array.from({ length: 40 * 40 * 3 }, random);
    const pattern = { ...white(floor), bsdf: lambert({ albedo: tensor(texels, [40, 40, 3]) }) };
    const patches = tensor(Array.from({ length: 8 * 16 * 3 }, random), [8, 16, 3]);
    const scene = { shapes: [pattern], emitters: [environment(patches, { background: false })] };
    const pixel = perspective({ fovY: 0.5, width: 1, height: 1, position: [0, 0, 3] });
    const noise = async (spp: number): Promise<number> =>
      (await estimate((seed) => pathTrace(scene, pixel, { spp, seed, sampling: 'light' }).image.mean(), 12)).error;
    expect((await noise(64)) / (await noise(16384))).toBeGreaterThan(10); // 16 for independent samples
  });

  it('by a Gaussian film filter is as bright, and softer', async () => {
    const image = (filter: 'box' | 'gaussian'): Tensor =>
      pathTrace(
        { shapes: [white(floor)], emitters: [sky] },
        perspective({ fovY: 1, width: 16, height: 16, position: [0, 0, 4] }),
        { spp: 64, seed: 1, filter },
      ).mask;
    const [box, gaussian] = await Promise.all([image('box').data(), image('gaussian').data()]);
    const sum = (m: ArrayLike<number>): number => Array.from(m).reduce((a, b) => a + b);
    const partial = (m: ArrayLike<number>): number => Array.from(m).filter((v) => v > 0.02 && v < 0.98).length;
    expect(sum(gaussian) / sum(box)).toBeCloseTo(1, 1);
    expect(partial(gaussian)).toBeGreaterThan(partial(box));
  });
});

describe('odd scenes', () => {
  const camera = perspective({ fovY: 0.5, width: 4, height: 4, position: [0, 0, 3] });
  const open = environment(zeros([8, 16, 3]).add(1));
  const render = (shape: Mesh, albedo: Tensor): Promise<ArrayLike<number>> =>
    pathTrace({ shapes: [{ mesh: shape, bsdf: lambert({ albedo }), shading: 'flat' }], emitters: [open] }, camera, {
      spp: 64,
      seed: 3,
    }).image.data();
  const grey = tensor([0.5, 0.5, 0.5]);

  it('are right: no triangles, degenerate, doubled and broken ones, textures of one texel', async () => {
    const empty = await render(mesh({ positions: [], triangles: [] }), grey);
    for (const v of Array.from(empty)) expect(v).toBeCloseTo(1, 5);
    const plane = planeShape({ size: 8 });
    const plain = await render(mesh(plane), grey);
    for (const v of Array.from(plain)) expect(Math.abs(v - 0.5)).toBeLessThan(0.1);
    const texel = await render(mesh(plane), grey.reshape([1, 1, 3]));
    Array.from(texel).forEach((v, i) => expect(v).toBeCloseTo(plain[i], 5));
    // a triangle without area, the plane once more, one with a vertex that is no number
    const positions = [...plane.positions, 0, 0, 1, NaN, 0, 1, 1, 1, 1];
    const odd = mesh({ positions, triangles: [...plane.triangles, 0, 0, 1, ...plane.triangles, 4, 5, 6] });
    const doubled = await render(odd, grey);
    Array.from(doubled).forEach((v, i) => expect(v).toBeCloseTo(plain[i], 4));
    const unknown = await render(mesh(plane), tensor([NaN, 0.5, 0.5]));
    expect(Array.from(unknown).slice(0, 3).map(Number.isNaN)).toEqual([true, false, false]);
  });

  it('show a lobe whose roughness is no number, rather than black', async () => {
    const bsdf = ggx({ diffuse: grey, specular: 0.04, roughness: tensor(NaN) });
    const shapes = [{ mesh: mesh(planeShape({ size: 8 })), bsdf }];
    const image = await pathTrace({ shapes, emitters: [open] }, camera, { spp: 64, seed: 3 }).image.data();
    expect(Array.from(image).every(Number.isNaN)).toBe(true);
  });

  it('keep gradients: what is broken harms only what it is', async () => {
    const plane = planeShape({ size: 8 });
    const odd = mesh({
      positions: [...plane.positions, 0, 0, 1, NaN, 0, 1, 1, 1, 1],
      triangles: [...plane.triangles, 0, 0, 1, 4, 5, 6],
    });
    const shapes = (positions: Tensor, albedo: Tensor): Shape[] => [
      { mesh: { ...odd, positions }, bsdf: lambert({ albedo }) },
    ];
    const image = ([positions, albedo, map]: readonly Tensor[]): Tensor =>
      pathTrace({ shapes: shapes(positions, albedo), emitters: [environment(map)] }, camera, { spp: 16, seed: 1 })
        .image;
    const values = [odd.positions, grey, zeros([8, 16, 3]).add(1)];
    const gradients = grad((p: { readonly t: readonly Tensor[] }) => image(p.t).sum())({ t: values }).t;
    const found = await Promise.all(gradients.map((g) => g.data()));
    const [moved, ...others] = found.map((g) => Array.from(g));
    expect(moved.slice(0, 12).every(Number.isFinite)).toBe(true); // the vertices of the broken triangle have none
    for (const g of others) expect(g.every((v) => v >= 0 && v < Infinity) && g.some((v) => v > 0)).toBe(true);

    // light that is no number shows: nothing turns black
    const [none, texel] = [values[2].mul(NaN), concat([values[2].narrow(0, 0, 7), zeros([1, 16, 3]).add(Infinity)])];
    for (const map of [none, texel]) {
      const seen = Array.from(await image([values[0], grey, map]).data());
      expect(seen.every((v) => !Number.isFinite(v))).toBe(true);
    }
  });

  it('are refused with a reason', () => {
    const scene = { shapes: [white(floor)], emitters: [open] };
    expect(() => pathTrace(scene, camera, { depth: 0 })).toThrow(/1 to 65536/);
    expect(() => pathTrace(scene, camera, { rouletteFrom: 0.5 })).toThrow(/rouletteFrom/);
    expect(() => pathTrace(scene, camera, { boundary: 'some' as never })).toThrow(GradientError);
    expect(() => pathTrace(scene, camera, { spp: 0 })).toThrow(/whole number/);
    expect(() => pathTrace({ ...scene, emitters: [open, sky] }, camera)).toThrow(/at most one environment/);
    expect(() => environment(zeros([4, 8]))).toThrow(/\[H, W, 3\]/);
    const rows = lambert({ albedo: zeros([7, 3]) });
    expect(() => pathTrace({ shapes: [{ mesh: floor, bsdf: rows }] }, camera)).toThrow(/one value per vertex \[4, 3\]/);
    const ball = mesh(icosphereShape());
    const mapped = { ...white(ball), normalMap: zeros([2, 2, 3]) };
    expect(() => pathTrace({ shapes: [mapped] }, camera)).toThrow(/texture coordinates/);
  });
});
