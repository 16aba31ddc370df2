import { beforeAll, describe, expect, it } from 'vitest';
import { GradientError, concat, grad, jvp, stack, tensor, tidy, zeros } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { lambert } from '../../bsdf/index.js';
import { lookAt, perspective } from '../../camera/index.js';
import type { Camera } from '../../camera/index.js';
import { icosphereShape, mesh, planeShape } from '../../geometry/index.js';
import type { MeshData } from '../../geometry/index.js';
import { halfPlaneIrradiance, polygonIrradiance } from '../../light/index.js';
import { areaLight, directionalLight, environment, pathTrace, pointLight } from '../index.js';
import type { PathTraceOptions } from '../index.js';
import { traceCall } from '../pathTrace.js';
import { plainWeights } from './edgeWeights.js';
import { guideBy } from './guide.js';
import { LineSetting, traceLines } from './lines.js';
import type { Lines } from './lines.js';
import { segmentTables } from './segmentTables.js';

/**
 * Gradients of shadows, by z-tests against closed forms and differences of converged renders. All scenes are a floor, an
 * occluder and two lights, with or without extent, so that the same few kernels serve every test.
 */
interface Inputs extends Readonly<Record<string, Tensor>> {
  readonly floor: Tensor;
  readonly occluder: Tensor;
  readonly lamp: Tensor;
  readonly place: Tensor;
  readonly direction: Tensor;
  readonly eye: Tensor;
}
interface Lights {
  readonly sky: number;
  readonly radiance: number;
  readonly intensity: number;
  readonly irradiance: number;
}
/** Corners of a polygon, or a mesh. */
type Form = readonly number[] | MeshData;
interface Shapes {
  readonly occluder: Form;
  readonly lamp: Form;
}
const dark: Lights = { sky: 0, radiance: 0, intensity: 0, irradiance: 0 };
const floor = mesh(planeShape({ size: 3, cells: 1 }));
const triangle = [0.4, 0.1, 1.2, -0.3, 0.6, 1, -0.2, -0.5, 1.5];
const farAway = [20, 20, -9, 21, 20, -9, 20, 21, -9];
const fan = (count: number): number[] => Array.from({ length: count - 2 }, (_, k) => [0, k + 1, k + 2]).flat();
const shapeOf = (form: Form): ReturnType<typeof mesh> =>
  mesh('triangles' in form ? form : { positions: [...form], triangles: fan(form.length / 3) });

/** The scene as a function of all that may move. */
function sceneOf(shapes: Shapes, lights: Lights): (p: Inputs) => Parameters<typeof pathTrace>[0] {
  const [occluder, lamp] = [shapeOf(shapes.occluder), shapeOf(shapes.lamp)];
  const grey = (albedo: number): ReturnType<typeof lambert> => lambert({ albedo: tensor([albedo, albedo, albedo]) });
  const { sky, radiance, intensity, irradiance } = lights;
  return (p) => ({
    shapes: [
      { mesh: { ...floor, positions: p.floor }, bsdf: grey(1), shading: 'flat' },
      { mesh: { ...occluder, positions: p.occluder }, bsdf: grey(0.5), shading: 'flat' },
    ],
    emitters:
      sky + radiance > 0
        ? [
            environment(zeros([4, 8, 3]).add(sky), { background: false }),
            areaLight({ mesh: { ...lamp, positions: p.lamp }, radiance, twoSided: true }),
          ]
        : [pointLight({ position: p.place, intensity }), directionalLight({ direction: p.direction, irradiance })],
  });
}
const inputsOf = ({ occluder, lamp }: Shapes): Inputs => ({
  floor: floor.positions,
  occluder: shapeOf(occluder).positions,
  lamp: shapeOf(lamp).positions,
  place: tensor([0.2, 0.3, 1.7]),
  direction: tensor([0.2, -0.3, -1]),
  eye: tensor([0, -1.3, 0.35]),
});

const seeds = [1, 2, 3, 4, 5, 6];
interface Estimate {
  readonly mean: readonly number[];
  readonly error: readonly number[];
}
/** Means over the seeds, and their standard errors. */
async function converged(of: (seed: number) => Tensor): Promise<Estimate> {
  const runs: number[][] = [];
  for (const seed of seeds) runs.push([...(await tidy(() => of(seed)).data())]);
  const mean = runs[0].map((_, k) => runs.reduce((sum, r) => sum + r[k], 0) / runs.length);
  const error = mean.map((m, k) =>
    Math.sqrt(runs.reduce((sum, r) => sum + (r[k] - m) ** 2, 0) / (runs.length - 1) / runs.length),
  );
  return { mean, error };
}
/** Student's t of 5 degrees at 1e-4; floats and the step beside the edge may add 3 in a thousand. */
function expectSame(found: Estimate, exact: readonly number[], own: readonly number[] = exact.map(() => 0)): void {
  const scale = Math.hypot(...exact) / Math.sqrt(exact.length);
  const z = (factor: number): number =>
    Math.max(
      ...exact.map(
        (e, k) => Math.abs(factor * found.mean[k] - e) / (Math.hypot(found.error[k], own[k]) + 3e-3 * scale),
      ),
    );
  expect(Math.max(...found.error) / scale, 'standard error').toBeLessThan(0.03);
  expect(z(1)).toBeLessThan(9.7);
  expect(z(1.4), 'power').toBeGreaterThan(9.7);
}

/** The irradiance at the origin: pi times what a camera sees of a white floor in a patch so small that it is a point. */
const atOrigin = perspective({ fovY: 1e-3, width: 4, height: 4, ...lookAt([3, -3, 0.8], [0, 0, 0], [0, 0, 1]) });
const irradiance = (
  shapes: Shapes,
  lights: Lights,
  key: 'occluder' | 'lamp',
  options: PathTraceOptions = {},
): ((positions: Tensor) => Tensor) => {
  const scene = sceneOf(shapes, lights);
  return (positions) =>
    pathTrace(scene({ ...inputsOf(shapes), [key]: positions }), atOrigin, {
      ...{ spp: 64, seed: 1, boundary: 'all', edgeSamples: 16, shadowSamples: 30_000, ...options },
    })
      .image.mean()
      .mul(Math.PI);
};
const lit = (corners: Tensor): Tensor =>
  polygonIrradiance(corners, tensor([0, 0, 0]), tensor([0, 0, 1]))
    .abs()
    .sum();
const list = async (t: Tensor): Promise<number[]> => [...(await t.data())];

describe('light at a point', () => {
  it('a half-plane under an even sky: the edge of its shadow', async () => {
    const roof = [0, -200, 1, 0, 200, 1, -200, 200, 1, -200, -200, 1];
    const shapes = { occluder: roof, lamp: farAway };
    const moved = shapeOf(roof).positions.mul(0).add(tensor([[1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0]])); // prettier-ignore
    const seen = (seed: number): ((e: Tensor) => Tensor) => {
      const at = irradiance(shapes, { ...dark, sky: 1 }, 'occluder', { seed, shadowSamples: 8192 });
      return (e) => at(shapeOf(roof).positions.add(moved.mul(e)));
    };
    const exact = await grad((e: Tensor) => halfPlaneIrradiance(e, tensor(0), tensor(1)))(tensor(0.3)).item();
    expect(exact).toBeCloseTo(-1.38032, 4);
    const found = await converged((seed) => grad(seen(seed))(tensor(0.3)).reshape([1]));
    expectSame(found, [exact]);
  });

  it.each([
    ['occluder', true, { ...dark, sky: 1 }, -1, 40_000],
    ['occluder', false, { ...dark, sky: 1 }, -1, 30_000],
    ['lamp', true, { ...dark, radiance: 1 }, 1, 4096],
  ] as const)('all nine numbers of a triangle as %s, guided: %s', async (key, guided, lights, sign, shadowSamples) => {
    const shapes = { occluder: farAway, lamp: farAway, [key]: triangle };
    const corners = shapeOf(triangle).positions;
    const exact = await list(grad(lit)(corners).mul(sign));
    const found = await converged((seed) =>
      grad(irradiance(shapes, lights, key, { seed, shadowSamples, guided }))(corners).flatten(),
    );
    expectSame(found, exact);
  });

  it('the radius of a disc that shines', async () => {
    const disc = Array.from({ length: 24 }, (_, k) => (k * Math.PI) / 12).flatMap((a) => [Math.cos(a), Math.sin(a), 0]);
    const shapes = { occluder: farAway, lamp: disc.map((v, k) => (k % 3 === 2 ? 1 : 0.5 * v)) };
    const placed = (r: Tensor): Tensor =>
      tensor(disc, [24, 3])
        .mul(r)
        .add(tensor([0, 0, 1]));
    const exact = await grad((r: Tensor) => lit(placed(r)))(tensor(0.5)).item();
    const found = await converged((seed) => {
      const at = irradiance(shapes, { ...dark, radiance: 1 }, 'lamp', { seed, shadowSamples: 4096 });
      return grad((r: Tensor) => at(placed(r)))(tensor(0.5)).reshape([1]);
    });
    expectSame(found, [exact]);
  });

  // Before a brighter sky the ball takes more light away than it gives. What it hides changes by its outline alone: the
  // interior, the light it gives, has the other sign
  it('the radius of a ball that shines, before a sky twice as bright', async () => {
    const ball = icosphereShape({ subdivisions: 1 });
    const [radius, centre] = [0.4, [0.3, 0.2, 1.5]];
    const [corners, place] = [tensor([...ball.positions], [ball.positions.length / 3, 3]), tensor(centre)];
    const placed = (r: Tensor): Tensor => corners.mul(r).add(place);
    // Lambert's polygons in float64: what meets a closed convex mesh meets two of its triangles
    const seen = (r: number): number => {
      const corner = (k: number): number[] => centre.map((c, i) => c + r * ball.positions[3 * ball.triangles[k] + i]);
      let sum = 0;
      for (let first = 0; first < ball.triangles.length; first += 3) {
        const parts = [0, 1, 2].map((k) => {
          const [[a, b, c], [d, e, f]] = [corner(first + k), corner(first + ((k + 1) % 3))];
          const [x, y, z] = [b * f - c * e, c * d - a * f, a * e - b * d];
          const sine = Math.hypot(x, y, z);
          return (Math.atan2(sine, a * d + b * e + c * f) * z) / sine;
        });
        sum += Math.abs(parts[0] + parts[1] + parts[2]) / 4;
      }
      return sum;
    };
    const given = (seen(radius + 0.01) - seen(radius - 0.01)) / 0.02; // all but quadratic
    const ofSphere = (2 * Math.PI * radius * centre[2]) / Math.hypot(...centre) ** 3; // by pi (r / D)^2 cos
    expect(given / ofSphere).toBeGreaterThan(0.9);
    expect(given / ofSphere).toBeLessThan(1);
    const shapes = { occluder: farAway, lamp: { ...ball, positions: placed(tensor(radius)) } };
    const slope = (options: PathTraceOptions): Tensor => {
      const at = irradiance(shapes, { ...dark, sky: 2, radiance: 1 }, 'lamp', { spp: 512, ...options });
      return grad((r: Tensor) => at(placed(r)))(tensor(radius)).reshape([1]);
    };
    const found = await converged((seed) => slope({ seed, shadowSamples: 60_000 }));
    expectSame(found, [given - 2 * given]);
    expect(await slope({ seed: 1, boundary: 'none' }).item(), 'the interior alone').toBeGreaterThan(0.8 * given);
  });
});

// the occluder is out of view: its shadow is seen, and the far side of the floor
const shapes = {
  occluder: triangle.map((v, k) => (k % 3 === 2 ? v - 0.6 : v)),
  lamp: [0.1, 0, 1.6, 0.7, 0, 1.6, 0.4, 0.6, 1.5],
};
const cameraAt = (eye: Tensor): Camera =>
  perspective({ fovY: 0.55, width: 8, height: 8, ...lookAt([0, -1.3, 0.35], [0, 0.2, 0], [0, 0, 1]), position: eye });
// the same for all pixels: across their borders a sum of pixels that are weighed apart has kinks, which differences smooth
const weights = tensor([0.7, 1, 1.3]);
const start = inputsOf(shapes);
const points = { ...dark, intensity: 1, irradiance: 1 };
const show = (p: Inputs, options: PathTraceOptions): Tensor =>
  pathTrace(sceneOf(shapes, points)(p), cameraAt(p.eye), {
    ...{ spp: 64, shadowSamples: 60_000, edgeSamples: 20_000, ...options },
  }).image;
const loss = (p: Inputs, options: PathTraceOptions): Tensor => show(p, options).mul(weights).mean();
/** A move of one thing, along which there is much to see. */
const ways: Readonly<Record<string, readonly number[]>> = { place: [0, 1, 0], eye: [0, 0, 1], floor: [0, 0, 1] };
const moves = (key: string): Inputs =>
  Object.fromEntries(
    Object.entries(start).map(([k, t]) => [
      k,
      zeros(t.shape).add(k === key ? tensor([...(ways[key] ?? [0.4, 0.7, -0.6])]) : 0),
    ]),
  ) as Inputs;

describe('light without extent, and all that moves', () => {
  const keys = ['occluder', 'place', 'direction', 'eye', 'floor'];
  let found: Estimate;
  beforeAll(async () => {
    found = await converged((seed) => {
      const gradients = grad((p: Inputs) => loss(p, { seed, boundary: 'all' }))(start) as Inputs;
      return stack(keys.map((key) => gradients[key].mul(moves(key)[key]).sum()));
    });
  });

  it.each(keys)('%s: as differences say', async (key) => {
    const way = moves(key)[key];
    const step = 0.02;
    const expected = await converged((seed) => {
      const at = (t: number): Tensor =>
        loss({ ...start, [key]: start[key].add(way.mul(t)) }, { seed: seed + 50, spp: 1024 });
      return at(step)
        .sub(at(-step))
        .div(2 * step)
        .reshape([1]);
    });
    const k = keys.indexOf(key);
    expectSame({ mean: [found.mean[k]], error: [found.error[k]] }, expected.mean, [...expected.error]);
  });

  it.each([
    ['all', 28],
    ['primary', 4],
  ] as const)('where the occluder is, from its shadow alone: %s', async (boundary, steps) => {
    const place = tensor([0.08, -0.07, 0.05]);
    const showAt = (at: Tensor, options: PathTraceOptions): Tensor =>
      show({ ...start, occluder: start.occluder.add(at) }, { spp: 16, ...options });
    const photo = tensor(await showAt(place, { seed: 99, spp: 256 }).data(), [8, 8, 3]);
    let [at, mean, square] = [0, 1, 2].map(() => zeros([3]));
    for (let step = 1; step <= steps; step++) {
      const difference = (p: Tensor): Tensor =>
        showAt(p, { seed: step, boundary, shadowSamples: 4096, edgeSamples: 64 }).sub(photo).square().mean();
      const slope = grad(difference)(at);
      mean = mean.mul(0.7).add(slope.mul(0.3));
      square = square.mul(0.9).add(slope.square().mul(0.1));
      const size = (0.03 * (1 - (step - 1) / steps) * Math.sqrt(1 - 0.9 ** step)) / (1 - 0.7 ** step);
      at = tensor(await at.sub(mean.mul(size).div(square.sqrt().add(1e-12))).data());
      mean = tensor(await mean.data());
      square = tensor(await square.data());
    }
    const [before, after] = [await place.norm().item(), await at.sub(place).norm().item()];
    // by `primary` no gradient at all comes back from the shadow, whatever the seed
    if (boundary === 'all') expect(after).toBeLessThan(0.25 * before);
    else expect(after).toBe(before);
  });

  it('forward and reverse mode are transposes', async () => {
    const options = { seed: 3, boundary: 'all' as const, spp: 4, shadowSamples: 4096, edgeSamples: 1024 };
    const gradients = grad((p: Inputs) => loss(p, options))(start) as Inputs;
    for (const key of keys) {
      const tangents = moves(key);
      const [, change] = jvp((p: Inputs) => loss(p, options), start, tangents);
      const parts = await list(gradients[key].mul(tangents[key]).flatten());
      const scale = Math.hypot(...parts);
      expect(Math.abs((await (change as Tensor).item()) - parts.reduce((a, b) => a + b)) / scale, key).toBeLessThan(
        1e-3,
      );
    }
  });

  it('says what it cannot do', () => {
    expect(() => loss(start, { boundary: 'all', depth: 11 })).toThrow(GradientError);
  });
});

describe('guiding', () => {
  // a net before the lamp; a ball of many edges throws its shadow out of view
  const cuts = 5;
  const strips = Array.from({ length: cuts * cuts }, (_, k) => [k % cuts, Math.floor(k / cuts)]);
  const net = mesh({
    positions: strips.flatMap(([i, k]) => {
      const [x, y] = [0.12 * i, 0.12 * k - 0.2];
      return [...[x, y, 0.9], ...[x + 0.06, y, 0.9], ...[x + 0.06, y + 0.12, 0.9], ...[x, y + 0.12, 0.9]];
    }),
    triangles: strips.flatMap((_, n) => [0, 1, 2, 0, 2, 3].map((k) => 4 * n + k)),
  });
  const round = icosphereShape({ radius: 8, subdivisions: 3 });
  const ball = mesh({ ...round, positions: round.positions.map((v, k) => v + [20, 20, 8][k % 3]) });
  const { shapes: rest, emitters } = sceneOf(shapes, { ...dark, sky: 1e-3, radiance: 10 })(start);
  const scene = { shapes: [rest[0], ...[net, ball].map((m) => ({ ...rest[1], mesh: m }))], emitters };
  const [plainCount, guidedCount] = [160_000, 80_000];
  /** Lines by plain weights, or by those that a tenth of them suggest, and how many times as often each edge then has one. */
  const draw = (seed: number, guided: boolean): { readonly lines: Lines; readonly oftener: Tensor } => {
    const camera = cameraAt(start.eye);
    const setting = new LineSetting(traceCall(scene, camera, { seed, spp: 16 }), camera, 1);
    const plain = plainWeights(setting.call.packed, setting.still, setting.meets);
    const by = (from: LineSetting, n: number, weights = plain, filmShare?: Tensor): Lines =>
      traceLines(from, segmentTables(from.call, from.still, weights), n, filmShare);
    if (!guided) return { lines: by(setting, plainCount), oftener: tensor([1]) };
    const { weights, filmShare } = guideBy(setting, plain, by(setting.apart(), guidedCount / 10));
    const lines = by(setting, 0.9 * guidedCount, weights, filmShare);
    const share = (cells: Tensor): Tensor => cells.sum(1).div(cells.sum());
    const edges = lines.segments.whole('edge');
    return { lines, oftener: share(weights.cells).div(share(plain.cells)).indexSelect(0, edges).unsqueeze(1) };
  };
  /** How much light an edge's move may change, whatever its sign: all, and weighed by the place on the film. */
  const change = ({ jump, segments, places }: Lines): Tensor => {
    const size = jump.abs().sum(1).mul(segments.vector('across').norm(2, 1)).unsqueeze(1);
    return concat([size, places.div(8).mul(size)], 1);
  };

  it('leaves means as they are, and a third of the variance at most', async () => {
    const moments = (lines: Lines): Tensor[] => [change(lines).sum(0), change(lines).square().sum(0)];
    const plain = await converged((seed) => concat(moments(draw(seed, false).lines)));
    const guided = await converged((seed) => {
      const { lines, oftener } = draw(seed + 100, true);
      // what the mean would be if lines were drawn by the guide and weighed as if they were not
      return concat([...moments(lines), change(lines).mul(oftener).sum(0)]);
    });
    const part = ({ mean, error }: Estimate, from: number): Estimate => ({
      mean: mean.slice(from, from + 3),
      error: error.slice(from, from + 3),
    });
    const [expected, found, wrong] = [part(plain, 0), part(guided, 0), part(guided, 6)];
    expectSame(found, expected.mean, expected.error);
    const z = Math.max(...wrong.mean.map((m, k) => Math.abs(m - expected.mean[k]) / Math.hypot(wrong.error[k], expected.error[k]))); // prettier-ignore
    expect(z, 'a wrong density').toBeGreaterThan(9.7);
    const variance = ({ mean }: Estimate, count: number): number => count * mean[3] - mean[0] ** 2;
    expect(variance(guided, guidedCount)).toBeLessThan(variance(plain, plainCount) / 3);
  });
});
