import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeError, compile, referenceData, tensor, valueAndGrad } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { icosphereShape, mesh, planeShape } from '../../geometry/index.js';
import { largestDifference, randomNumbers } from '../../testing/random.testing.js';
import { cornersOf, rows } from './bruteForce.testing.js';
import type { Triangles } from './bruteForce.testing.js';
import { nearestInTriangle } from './nearestHost.js';
import { closestPoints } from './index.js';

const pointAt = (points: ArrayLike<number>, i: number): [number, number, number] => [
  points[3 * i],
  points[3 * i + 1],
  points[3 * i + 2],
];

/** Distance to the nearest of all triangles, by asking each; float64. */
function bruteDistance(corners: Float32Array, point: [number, number, number]): number {
  let best = Infinity;
  for (let at = 0; at < corners.length; at += 9) best = Math.min(best, nearestInTriangle(corners, at, point).square);
  return Math.sqrt(best);
}

/** Distances found, and how far the point at the weights is from what they say. */
async function check(shape: Triangles, points: Float32Array, tolerance: number): Promise<void> {
  const found = closestPoints(mesh(shape), rows(points));
  const [distance, places, triangles] = [
    await found.distance.data(),
    await found.positions.data(),
    await found.triangles.data(),
  ];
  const corners = cornersOf(shape);
  for (let i = 0; i < triangles.length; i++) {
    const point = pointAt(points, i);
    const exact = bruteDistance(corners, point);
    expect(Math.abs(distance[i] - exact)).toBeLessThan(tolerance);
    const own = nearestInTriangle(corners, 9 * triangles[i], pointAt(places, i)).square;
    expect(Math.sqrt(own)).toBeLessThan(tolerance);
  }
}

/** A grid of points in a triangle, in float64: no formula for distances. */
const sampledDistance = (corners: readonly number[], point: readonly number[], n: number): number => {
  let best = Infinity;
  for (let i = 0; i <= n; i++) {
    for (let j = 0; i + j <= n; j++) {
      const w = [(n - i - j) / n, i / n, j / n];
      const d = [0, 1, 2].map((k) => w[0] * corners[k] + w[1] * corners[3 + k] + w[2] * corners[6 + k] - point[k]);
      best = Math.min(best, Math.hypot(...d));
    }
  }
  return best;
};

describe('closestPoints', () => {
  const coordinate = fc.integer({ min: -4, max: 4 });
  const point = fc.tuple(coordinate, coordinate, coordinate);

  it("one triangle's distance is what dense samples of it say", () => {
    fc.assert(
      fc.property(fc.tuple(point, point, point), point, (corners, p) => {
        const exact = Math.sqrt(nearestInTriangle(corners.flat(), 0, p).square);
        const sampled = sampledDistance(corners.flat(), p, 60);
        expect(exact).toBeLessThan(sampled + 1e-12);
        // samples are at most 14 / 60 apart
        expect(exact).toBeGreaterThan(sampled - 0.24);
      }),
      { numRuns: 200 },
    );
  });

  it('agree with brute force on soups of triangles, degenerate ones too, and on a ball from near and far', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(point, point, point), { minLength: 1, maxLength: 60 }),
        fc.array(point, { minLength: 40, maxLength: 40 }),
        async (list, points) => {
          const positions = Float32Array.from(list.flat(2));
          await check(
            { positions, triangles: Uint32Array.from({ length: positions.length / 3 }, (_, i) => i) },
            Float32Array.from(points.flat(), (x, k) => x * (k % 2 === 0 ? 1 : 1.37)),
            1e-5,
          );
        },
      ),
      { numRuns: 5 },
    );
    const random = randomNumbers(4);
    const ball = icosphereShape({ subdivisions: 3 });
    const bumpy = { ...ball, positions: ball.positions.map((x) => x * (1 + 0.2 * random())) };
    await check(
      bumpy,
      Float32Array.from({ length: 600 }, (_, k) => (random() - 0.5) * (k < 300 ? 3 : 30)),
      1e-5,
    );
  });

  it('have the gradients of the distance, and follow a mesh that moves inside of a compiled step', async () => {
    const random = randomNumbers(6);
    const shape = icosphereShape({ subdivisions: 2 });
    const surface = mesh(shape);
    // under the middle of a triangle that triangle is nearest; seen from outside it may be an edge, where planes differ
    const middles = Array.from({ length: 20 }, (_, k) =>
      [0, 1, 2].map((c) =>
        [0, 1, 2].reduce((sum, n) => sum + shape.positions[3 * shape.triangles[48 * k + n] + c] / 3, 0),
      ),
    );
    const within = tensor(middles.map((p) => p.map((x) => x * (0.7 + 0.1 * random()))));
    const around = tensor(middles.map((p) => p.map((x) => 2 * x + random())));
    const seed = tensor(Array.from({ length: 20 }, () => random() - 0.5));
    for (const [name, points] of [
      ['distance', around],
      ['distance', within],
      ['planeDistance', within],
    ] as const) {
      const f = (p: Tensor, x: Tensor): Tensor => {
        const found = closestPoints({ ...surface, positions: x }, p);
        return found[name].mul(seed).sum();
      };
      const [, toPoints] = valueAndGrad((p: Tensor) => f(p, surface.positions))(points);
      const [, toMesh] = valueAndGrad((x: Tensor) => f(points, x))(surface.positions);
      const h = 1e-3;
      const direction = (values: Tensor): Tensor =>
        tensor(Array.from({ length: values.size }, () => random() - 0.5)).reshape(values.shape);
      const [dp, dx] = [direction(points), direction(surface.positions)];
      const at = async (t: number): Promise<number> =>
        f(points.add(dp.mul(t)), surface.positions.add(dx.mul(t))).item();
      const slope = ((await at(h)) - (await at(-h))) / (2 * h);
      const expected = (await toPoints.mul(dp).sum().item()) + (await toMesh.mul(dx).sum().item());
      expect(Math.abs(expected - slope), name).toBeLessThan(3e-3);
    }
    const step = compile((scale: number) =>
      closestPoints({ ...surface, positions: surface.positions.mul(scale) }, around).distance.mean(),
    );
    const [one, two] = [await step(1).item(), await step(2).item()];
    const radius = Array.from(await around.square().sum(1).sqrt().data(), (r) => Math.abs(r - 2));
    expect(one).not.toBeCloseTo(two, 2);
    expect(two).toBeCloseTo(radius.reduce((a, b) => a + b) / 20, 1);
    step.dispose();
  });

  it('agree with their reference; nothing is near to NaN or beyond the limit', async () => {
    const random = randomNumbers(8);
    const surface = mesh(icosphereShape({ subdivisions: 1 }));
    const points = rows(Float32Array.from({ length: 90 }, () => 4 * (random() - 0.5)));
    const { distance, planeDistance } = closestPoints(surface, points);
    const exact = await referenceData(distance, planeDistance);
    expect(largestDifference(await distance.data(), exact[0])).toBeLessThan(1e-5);

    const sheet = mesh(planeShape({ size: 2, cells: 2 }));
    const few = closestPoints(sheet, tensor([[0.3, 0.2, 0.5], [NaN, 0, 0], [0, 0, -3], [2, 0, -1]]), { maxDistance: 2 }); // prettier-ignore
    expect(largestDifference(await few.distance.data(), [0.5, 0, 0, Math.SQRT2])).toBeLessThan(1e-6);
    expect(largestDifference(await few.planeDistance.data(), [0.5, 0, 0, -1])).toBeLessThan(1e-6);
    expect(Array.from(await few.triangles.data(), (t) => t < 0)).toEqual([false, true, true, false]);
    expect(() => closestPoints(sheet, tensor([1, 2, 3]))).toThrow(ShapeError);
    expect(() => closestPoints(mesh({ positions: [0, 0, 0], triangles: [] }), points)).toThrow(/no triangles/);
    expect(() => closestPoints(sheet, points, { maxDistance: Infinity })).toThrow(/at most 1e15/);
  });
});
