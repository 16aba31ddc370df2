import { describe, expect, it } from 'vitest';
import { ShapeError, full, gradcheck, tensor, valueAndGrad } from '../engine.js';
import type { Tensor } from '../engine.js';
import { ggx, lambert, metallicRoughness } from '../bsdf/index.js';
import { lookAt, orthographic, perspective } from '../camera/index.js';
import { mesh, plane, sphereShape } from '../geometry/index.js';
import { sphereIrradiance } from '../light/index.js';
import { renderVertices } from '../raster/index.js';
import { largestDifference, randomNumbers } from '../testing/random.testing.js';
import { velvet } from '../testing/velvet.testing.js';
import {
  areaLight,
  directionalLight,
  environment,
  pathTrace,
  pointLight,
  renderAovs,
  sphereLight,
} from '../trace/index.js';
import { renderMesh } from './index.js';

const random = randomNumbers(17);
const numbers = (shape: readonly number[], low: number, high: number): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => low + (high - low) * random()),
    [...shape],
  );

/** A textured ball with a normal map, one of a user's lobe with values per vertex, a flat one: none shades another. */
const size = 48;
const camera = perspective({ fovY: 0.5, width: size, height: size, ...lookAt([1, 2, 9], [0, 0, 0]) });
const at = (x: number, y: number): Float32Array =>
  Float32Array.from(sphereShape({ rows: 16, columns: 24 }).positions, (v, k) => 0.9 * v + (k % 3 === 0 ? x : k % 3 === 1 ? y : 0)); // prettier-ignore
const ball = (x: number, y: number) => mesh({ ...sphereShape({ rows: 16, columns: 24 }), positions: at(x, y) });
const vertexCount = ball(0, 0).topology.vertexCount;
const shapes = [
  {
    mesh: ball(-1.1, -1),
    bsdf: ggx({ diffuse: numbers([4, 6, 3], 0.2, 0.8), specular: 0.1, roughness: 0.5 }),
    normalMap: tensor([0.5, 0.5, 1]).add(numbers([4, 4, 3], -0.1, 0.1)),
    wrap: 'repeat' as const,
  },
  { mesh: ball(1.1, -1), bsdf: velvet({ tint: numbers([vertexCount, 3], 0.2, 1), roughness: 0.5 }) },
  {
    mesh: ball(0, 1.1),
    bsdf: metallicRoughness({ baseColor: tensor([0.9, 0.6, 0.3]), metallic: 0.7, roughness: 0.6 }),
    shading: 'flat' as const,
  },
];
const emitters = [
  directionalLight({ direction: [-0.2, -0.4, -1], irradiance: [2, 1.8, 1.5] }),
  pointLight({ position: [-3, 1, 12], intensity: [30, 60, 90] }),
];

describe('renderMesh', () => {
  it('sees what the tracer sees under the centres of pixels', async () => {
    const [found, expected] = [renderMesh({ shapes }, camera, { filter: 'bilinear' }), renderAovs({ shapes }, camera)];
    const [ids, traced] = await Promise.all([found.triangle.data(), expected.triangle.data()]);
    const same = [...ids].map((id, i) => id === traced[i]);
    expect(same.filter((s) => !s).length).toBeLessThan(8); // centres on an edge
    for (const name of ['depth', 'position', 'normal', 'uv', 'albedo', 'shape', 'mask'] as const) {
      const [a, b] = await Promise.all([found[name].data(), expected[name].data()]);
      const width = a.length / ids.length;
      const worst = largestDifference(...([a, b].map((x) => [...x].filter((_, i) => same[Math.floor(i / width)])) as [number[], number[]])); // prettier-ignore
      expect(worst, name).toBeLessThan(2e-3);
      expect(Math.max(...a), name).toBeGreaterThan(0.5);
    }
  });

  it('has the image of the tracer under lights in one direction, also for a lobe of the user', async () => {
    const image = renderMesh({ shapes, emitters }, camera, { supersample: 4, filter: 'bilinear' });
    const count = 4;
    const runs = await Promise.all(
      Array.from({ length: count }, (_, seed) =>
        pathTrace({ shapes, emitters }, camera, { spp: 64, seed }).image.data(),
      ),
    );
    const [found, alpha] = await Promise.all([image.image.data(), image.alpha.data()]);
    // by blocks of 4 x 4 pixels that are covered whole
    const blocks = Array.from({ length: (size / 4) ** 2 }, (_, b) => {
      const [y, x] = [4 * Math.floor(b / (size / 4)), 4 * (b % (size / 4))];
      return Array.from({ length: 16 }, (__, k) => size * (y + (k >> 2)) + x + (k & 3));
    }).filter((block) => block.every((i) => alpha[i] > 0.999));
    expect(blocks.length).toBeGreaterThan(20);
    const worst = (factor: number): number =>
      Math.max(
        ...blocks.flatMap((block) =>
          [0, 1, 2].map((c) => {
            const mean = (x: ArrayLike<number>): number => block.reduce((s, i) => s + x[3 * i + c], 0) / 16;
            const all = runs.map(mean);
            const average = all.reduce((a, b) => a + b) / count;
            const error = Math.sqrt(all.reduce((s, v) => s + (v - average) ** 2, 0) / (count - 1) / count);
            // 0.3 %: where the samples of a pixel lie
            return Math.abs(factor * mean(found) - average) / (error + 0.003 * average + 1e-4);
          }),
        ),
      );
    expect(worst(1)).toBeLessThan(8); // Student's t, 3 degrees, some hundred tries
    expect(worst(1.1)).toBeGreaterThan(15);
  });

  it('has the light of spheres: the closed form, and the tracer', async () => {
    const above = orthographic({ extent: 4, width: 8, height: 8, position: [0, 0, 5] });
    const [centre, radius] = [tensor([0.5, -0.3, 2]), tensor(0.7)];
    const lamp = sphereLight({ position: centre, radius, radiance: [3, 2, 1] });
    const floor = plane({ size: 8, bsdf: lambert({ albedo: 1 }) });
    const { image, position, normal } = renderMesh({ shapes: [floor], emitters: [lamp] }, above);
    const points = position.reshape([-1, 3]);
    const irradiance = sphereIrradiance(points, normal.reshape([-1, 3]), centre, radius).mul(1 / Math.PI);
    const [found, expected] = await Promise.all([image.select(2, 1).flatten().data(), irradiance.mul(2).data()]);
    const off = found.map((v, i) => v / expected[i]);
    expect(largestDifference(off, off.map(() => 1))).toBeLessThan(0.01); // prettier-ignore

    // other lobes: within the tracer's noise, 0.3 % or so, and the quadrature's error
    for (const bsdf of [ggx({ diffuse: 0.2, specular: 0.3, roughness: 0.5 }), velvet({ tint: 1, roughness: 0.5 })]) {
      const scene = { shapes: [plane({ size: 8, bsdf })], emitters: [lamp] };
      const aside = perspective({ fovY: 0.15, width: 12, height: 12, ...lookAt([3, -1, 3], [0, 0, 0]) });
      const [drawn, traced] = await Promise.all([
        renderMesh(scene, aside).image.mean().item(),
        pathTrace(scene, aside, { spp: 2048, seed: 5, sampling: 'light' }).image.mean().item(),
      ]);
      expect(Math.abs(drawn / traced - 1), bsdf.kind.name).toBeLessThan(0.008);
    }
  });

  it('draws several views at once as one by one', async () => {
    const eyes = tensor([[1, 2, 9], [-4, 1, 7]]); // prettier-ignore
    const from = (eye: Tensor) => orthographic({ extent: 4.5, width: 20, height: 16, ...lookAt(eye, [0, 0, 0]) });
    const [, , flat] = shapes;
    const matte = { ...shapes[0], bsdf: lambert({ albedo: numbers([4, 6, 3], 0.2, 0.8) }) };
    const scene = { shapes: [matte, { ...flat, bsdf: lambert({ albedo: 0.5 }) }] };
    const options = { lights: [...emitters, tensor([[1, 1, 1]])], supersample: 2 };
    const all = renderMesh(scene, from(eyes), options);
    expect(all.image.shape).toEqual([2, 16, 20, 3]);
    const each = [0, 1].map((k) => renderMesh(scene, from(eyes.select(0, k)), options));
    for (const name of ['image', 'depth', 'normal', 'triangle'] as const) {
      const [found, ...expected] = await Promise.all([all[name].data(), ...each.map((one) => one[name].data())]);
      expect(largestDifference(found, [...expected[0], ...expected[1]]), name).toBeLessThan(1e-4);
    }
    // where rays are parallel, what is seen is what parallel rays meet
    const traced = renderAovs(scene, from(eyes.select(0, 0))).triangle;
    expect(await each[0].triangle.ne(traced).to('int32').sum().item()).toBeLessThan(4); // centres on an edge
  });

  it('has the light of harmonics and environments that vertices have', async () => {
    const light = numbers([81, 3], -0.1, 0.1).add(tensor([[3, 3, 3], ...Array.from({ length: 80 }, () => [0, 0, 0])]));
    const one = [{ ...shapes[0], normalMap: undefined, bsdf: ggx({ diffuse: 0.5, specular: 0.1, roughness: 0.5 }) }];
    const bare = [{ mesh: one[0].mesh, bsdf: one[0].bsdf }];
    const { image, position, normal, mask } = renderMesh({ shapes: bare }, camera, {
      lights: [light],
      antialias: false,
    });
    const points = { mesh: mesh({ positions: await position.data(), triangles: [0, 1, 2] }), bsdf: bare[0].bsdf };
    const { colors } = renderVertices(points, light, camera, { normals: normal.reshape([-1, 3]) });
    const [found, expected, inside] = await Promise.all([image.data(), colors.data(), mask.data()]);
    const only = (x: ArrayLike<number>): number[] => [...Array.from(x)].filter((_, i) => inside[Math.floor(i / 3)] > 0);
    expect(only(found).length).toBeGreaterThan(500);
    expect(largestDifference(only(found), only(expected))).toBeLessThan(1e-4);

    const white = [{ mesh: one[0].mesh, bsdf: lambert({ albedo: 0.7 }) }];
    const sky = renderMesh({ shapes: white, emitters: [environment(full([64, 128, 3], 2))] }, camera);
    const [shown, shading, share] = await Promise.all([sky.image.data(), sky.shading.data(), sky.mask.data()]);
    shown.forEach((v) => expect(v).toBeGreaterThan(1.4 - 1e-2)); // radiance 2 behind, 1.4 on the ball
    const whole = share.findIndex((m, i) => m > 0 && share[i + 1] > 0 && share[i - 1] > 0);
    expect(shading[3 * whole]).toBeCloseTo(2, 2);
  });

  it('has gradients to everything, forward and backward', async () => {
    const small = perspective({ fovY: 0.5, width: 4, height: 4, position: [0.1, 0.2, 9] });
    const coarse = sphereShape({ rows: 3, columns: 4 });
    const base = mesh({ ...coarse, positions: Float32Array.from(coarse.positions, (v) => 1.7 * v) });
    const options = { antialias: false, filter: 'bilinear' } as const;
    // two sums over all pixels: every output counts, and only two are followed back
    const weights = numbers([4 * 4 * 3, 2], -1, 1);
    const sums = (image: Tensor): Tensor => image.reshape([1, 4 * 4 * 3]).matmul(weights);
    const underLamp = (positions: Tensor, diffuse: Tensor, roughness: Tensor, place: Tensor): Tensor => {
      const bsdf = ggx({ diffuse, specular: 0.2, roughness });
      const behind = plane({ size: 6, bsdf: velvet({ tint: diffuse.mean([0, 1]), roughness }) });
      const lights = [pointLight({ position: place, intensity: 40 })];
      const shapes = [{ mesh: { ...base, positions }, bsdf }, behind];
      return sums(renderMesh({ shapes }, small, { ...options, lights }).image);
    };
    const diffuse = numbers([3, 4, 3], 0.2, 0.8);
    await gradcheck(underLamp, [base.positions, diffuse, tensor(0.6), tensor([1, 2, 6])], { most: 6 });
    const underOthers = (positions: Tensor, light: Tensor, centre: Tensor, radius: Tensor): Tensor => {
      const shapes = [{ mesh: { ...base, positions }, bsdf: lambert({ albedo: 0.6 }) }];
      const lights = [light, sphereLight({ position: centre, radius, radiance: 2 })];
      return sums(renderMesh({ shapes }, small, { ...options, lights }).image);
    };
    const inputs = [base.positions, numbers([4, 3], 0.1, 0.5), tensor([1, 2, 6]), tensor(0.5)];
    await gradcheck(underOthers, inputs, { most: 6 });
  });

  it('has gradients of silhouettes: a growing ball fills more of the image', async () => {
    const still = ball(0, 0);
    const area = (scale: Tensor): Tensor =>
      renderMesh({ shapes: [{ mesh: { ...still, positions: still.positions.mul(scale) }, bsdf: lambert({ albedo: 1 }) }] }, camera).alpha.sum(); // prettier-ignore
    const [value, slope] = valueAndGrad(area)(tensor(1));
    const [low, high] = await Promise.all([0.95, 1.05].map((s) => area(tensor(s)).item()));
    expect(await value.item()).toBeGreaterThan(200);
    expect((await slope.item()) / ((high - low) / 0.1)).toBeGreaterThan(0.9);
    expect((await slope.item()) / ((high - low) / 0.1)).toBeLessThan(1.1);
  });

  it('draws nothing, backgrounds and plain colours, and says what does not fit', async () => {
    const empty = renderMesh({ shapes: [] }, camera, { background: tensor([0.1, 0.2, 0.3]) });
    expect(largestDifference(await empty.image.slice(0, 0).data(), [0.1, 0.2, 0.3])).toBeLessThan(1e-6);
    const flat = renderMesh({ shapes }, camera, { shading: 'albedo', antialias: false });
    expect(largestDifference(await flat.image.data(), await flat.albedo.data())).toBeLessThan(1e-6);
    const head = renderMesh({ shapes: [{ mesh: ball(0, 0), bsdf: lambert({ albedo: 0.5 }) }] }, camera);
    expect(await head.image.max().item()).toBeCloseTo(0.5, 2);
    expect(() => renderMesh({ shapes }, camera, { supersample: 0 })).toThrow(ShapeError);
    expect(() => renderMesh({ shapes }, camera, { lights: [tensor([1, 2, 3])] })).toThrow(/harmonics must be \[K, 3\]/);
    const lamp = areaLight({ mesh: ball(0, 0), radiance: 1 });
    expect(() => renderMesh({ shapes, emitters: [lamp] }, camera)).toThrow(/pathTrace/);
  });
});
