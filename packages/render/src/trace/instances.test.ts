import { describe, expect, it } from 'vitest';
import { grad, realize, referenceData, tensor, tidy } from '../engine.js';
import type { Tensor } from '../engine.js';
import { lambert } from '../bsdf/index.js';
import { lookAt, perspective } from '../camera/index.js';
import { icosphereShape, mesh, planeShape, sphereShape } from '../geometry/index.js';
import { randomNumbers } from '../testing/random.testing.js';
import { agreesWithOracles } from './agreement.testing.js';
import { ambientOcclusion, environment, pathTrace, prbBasic, renderAovs } from './index.js';
import type { PathTraceOptions, Scene } from './index.js';
import { traceCall } from './pathTrace.js';

const random = randomNumbers(7);
const numbers = (...shape: number[]): Tensor =>
  tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, random), shape);

// balls as bodies of four places: turned and stretched, squashed, mirrored, and far from where the mesh is at rest
const ball = mesh(sphereShape({ rows: 8, columns: 12 }));
const places = [
  [0.5, -0.3, 0.1, -1.1, 0.3, 0.45, 0, 0.2, -0.1, 0.05, 0.7, 0.7],
  [0.6, 0, 0, 0.5, 0, 0.6, 0, -0.8, 0, 0, 0.25, 0.3],
  [-0.5, 0.1, 0, 0.9, 0.1, 0.5, 0.2, 0.9, 0, -0.2, 0.5, 0.8],
  [0.4, 0, 0, -0.3, 0, 0.4, 0, -1.2, 0, 0, 0.4, 1.2],
];
const floor = { mesh: mesh(planeShape({ size: 8 })), bsdf: lambert({ albedo: 0.6 }), shading: 'flat' as const };
const sky = numbers(8, 16, 3);
const inputs = {
  positions: ball.positions,
  transforms: tensor(places.flat(), [4, 3, 4]),
  albedo: numbers(6, 6, 3),
};
type Inputs = typeof inputs;
const shapeOf = ({ positions, albedo }: Inputs, normalMap?: Tensor) => ({
  mesh: { ...ball, positions },
  bsdf: lambert({ albedo }),
  ...(normalMap && { normalMap }),
});
const emitters = [environment(sky, { background: false })];
const withInstances = (p: Inputs, normalMap?: Tensor): Scene => ({
  shapes: [floor],
  instances: [{ shape: shapeOf(p, normalMap), transforms: p.transforms }],
  emitters,
});
/** The same scene of shapes whose positions were moved. */
const baked = (p: Inputs, normalMap?: Tensor): Scene => {
  const shape = shapeOf(p, normalMap);
  const copies = Array.from({ length: p.transforms.shape[0] }, (_, k) => {
    const rows = p.transforms.select(0, k);
    const positions = p.positions.matmul(rows.narrow(1, 0, 3).transpose(0, 1)).add(rows.select(1, 3));
    return { ...shape, mesh: { ...shape.mesh, positions } };
  });
  return { shapes: [floor, ...copies], emitters };
};
const camera = perspective({ fovY: 0.5, width: 5, height: 5, ...lookAt([3, -6, 4], [0, 0, 0.4], [0, 0, 1]) });

describe('instances of a shape', () => {
  agreesWithOracles((p) => ({ scene: withInstances(p as Inputs), camera }), inputs);

  it('are found among a hundred', async () => {
    const coin = mesh(icosphereShape({ subdivisions: 0 }));
    const rows = Array.from({ length: 100 }, () => {
      const [x, y, z, sx, sy, sz] = Array.from({ length: 6 }, random);
      return [
        0.1 + 0.3 * sx,
        0.2 * sy,
        0,
        6 * x - 3,
        -0.1,
        0.1 + 0.3 * sy,
        0.1,
        6 * y - 3,
        0,
        0.1,
        0.1 + 0.3 * sz,
        2 * z,
      ];
    });
    const shape = { mesh: coin, bsdf: lambert({ albedo: inputs.albedo }) };
    const scene = {
      shapes: [floor],
      instances: [{ shape, transforms: tensor(rows.flat(), [100, 3, 4]) }],
      emitters,
    };
    const wide = perspective({ fovY: 0.5, width: 32, height: 32, ...lookAt([3, -6, 4], [0, 0, 0.4], [0, 0, 1]) });
    const image = pathTrace(scene, wide, { spp: 1, seed: 5 }).image;
    const [exact] = await referenceData(pathTrace(scene, wide, { spp: 1, seed: 5 }).image);
    const different = (await image.data()).filter((v, i) => Math.abs(v - exact[i]) > 1e-3);
    expect(different.length).toBeLessThanOrEqual(9); // three pixels
    expect(exact.filter((v) => v === 0).length).toBeGreaterThan(100); // shadows
  });
});

describe('instances and shapes whose positions were moved', () => {
  // in float64, where no ray passes an edge by rounding: the same triangles in the same places
  const exact = (image: Tensor): Promise<readonly ArrayLike<number>[]> => referenceData(image);
  const difference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
    const sizes = Array.from(a, Math.abs);
    return Math.max(...sizes.map((_, i) => Math.abs(a[i] - b[i]))) / Math.max(...sizes);
  };
  const options: PathTraceOptions = { spp: 4, seed: 5, depth: 3 };
  const all = [
    ['pathTrace', (scene: Scene) => pathTrace(scene, camera, options).image],
    ['prbBasic', (scene: Scene) => prbBasic(scene, camera, options).image],
    ['ambientOcclusion', (scene: Scene) => ambientOcclusion(scene, camera, { spp: 4, seed: 5 }).openness],
  ] as const;

  it.each(all)('are the same image: %s', async (_, image) => {
    const [found] = await exact(image(withInstances(inputs)));
    const [expected] = await exact(image(baked(inputs)));
    const [empty] = await exact(image({ shapes: [floor], emitters }));
    expect(difference(expected, found)).toBeLessThan(1e-4);
    expect(difference(expected, empty)).toBeGreaterThan(0.1); // there is something to see
  });

  it('have the same gradients: the mesh that of all its copies, transforms what moves them', async () => {
    const weights = numbers(5, 5, 3);
    const slopes = async (scene: (p: Inputs) => Scene): Promise<readonly ArrayLike<number>[]> => {
      const run = (p: Inputs): Tensor => pathTrace(scene(p), camera, options).image.mul(weights).sum();
      return referenceData(...Object.values(grad(run)(inputs) as Inputs));
    };
    const [found, expected] = [await slopes(withInstances), await slopes(baked)];
    Object.keys(inputs).forEach((key, k) => {
      expect(Math.max(...Array.from(expected[k], Math.abs)), key).toBeGreaterThan(0.01);
      expect(difference(expected[k], found[k]), key).toBeLessThan(1e-3);
    });
  });

  it('have the same normal maps where they are turned, scaled and mirrored', async () => {
    const turned = tensor(
      [0, -0.8, 0, 0, 0.8, 0, 0, 0, 0, 0, 0.8, 0.6, -0.5, 0, 0, 1, 0, 0, 0.5, 1, 0, 0.5, 0, 1],
      [2, 3, 4],
    );
    const p = { ...inputs, transforms: turned };
    const texels = numbers(5, 5, 3)
      .mul(tensor([0.3, 0.3, 0.1]))
      .add(tensor([0.35, 0.35, 0.9]));
    const [found, expected] = [withInstances, baked]
      .map((scene) => scene(p, texels))
      .map((scene) => pathTrace(scene, camera, options).image);
    const [a, b] = await referenceData(found, expected);
    expect(difference(b, a)).toBeLessThan(1e-4);
    const [plain] = await exact(pathTrace(withInstances(p), camera, options).image);
    expect(difference(b, plain)).toBeGreaterThan(0.02);
  });
});

describe('a scene with instances', () => {
  it('stores a mesh once', async () => {
    const body = icosphereShape({ subdivisions: 4 }); // 5120 triangles
    const one = mesh(body);
    const bytes = async (scene: Scene): Promise<number> => {
      const { inputs: stored } = tidy(() => ({ inputs: traceCall(scene, camera, {}).inputs }));
      const lists = Object.values(stored) as Tensor[];
      await realize(...lists);
      return lists.reduce((sum, t) => sum + 4 * t.size, 0);
    };
    const bsdf = lambert({ albedo: 0.5 });
    const grid = (count: number): number[] => Array.from({ length: count }, (_, k) => 3 * k);
    const instances = (count: number): Scene => ({
      shapes: [],
      instances: [
        {
          shape: { mesh: one, bsdf },
          transforms: tensor(
            grid(count).flatMap((x) => [1, 0, 0, x, 0, 1, 0, 0, 0, 0, 1, 0]),
            [count, 3, 4],
          ),
        },
      ],
      emitters,
    });
    const copies = (count: number): Scene => ({
      shapes: grid(count).map((x) => ({
        mesh: mesh({ ...body, positions: body.positions.map((v, i) => (i % 3 === 0 ? v + x : v)) }),
        bsdf,
      })),
      emitters,
    });
    const of1000 = await bytes(instances(1000));
    const each = (of1000 - (await bytes(instances(1)))) / 999;
    const eachCopy = (await bytes(copies(3))) - (await bytes(copies(2)));
    expect(each).toBeLessThan(250);
    expect(eachCopy).toBeGreaterThan(500_000);
    expect(1000 * eachCopy).toBeGreaterThan(400 * of1000);
  });

  it('shows nothing of instances without an inverse, of none, and of triangles without a place', async () => {
    const show = async (positions: Tensor, transforms: Tensor): Promise<number> => {
      const scene = withInstances({ ...inputs, positions, transforms });
      return pathTrace({ ...scene, shapes: [] }, camera, { spp: 4, seed: 5 })
        .mask.sum()
        .item();
    };
    expect(await show(inputs.positions, inputs.transforms)).toBeGreaterThan(2);
    expect(await show(inputs.positions, inputs.transforms.mul(tensor([0, 0, 0, 1])))).toBe(0);
    expect(await show(inputs.positions, inputs.transforms.narrow(0, 0, 0))).toBe(0);
    expect(await show(inputs.positions.mul(NaN), inputs.transforms)).toBe(0);
  });

  it('refuses what it cannot do', () => {
    const scene = withInstances(inputs);
    for (const boundary of ['primary', 'antialias', 'all'] as const) {
      expect(() => pathTrace(scene, camera, { boundary })).toThrow(/GradientError|edges of instances/);
    }
    expect(() => renderAovs(scene, camera)).toThrow(/no instances/);
    const wrong = withInstances({ ...inputs, transforms: numbers(4, 4) });
    expect(() => pathTrace(wrong, camera)).toThrow(/\[N, 3, 4\] or \[N, 4, 4\], got float32 \[4, 4\]/);
  });
});
