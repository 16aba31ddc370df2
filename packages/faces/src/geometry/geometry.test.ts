import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { icosphereShape, ShapeError } from '../engine.js';
import { applySimilarity, fitSimilarity } from './similarity.js';
import { rotationAbout } from './rotationAbout.testing.js';
import { SurfaceTree } from './surfaceTree.js';

type Point = [number, number, number];

// on a grid, so that triangles are often lines or points
const coordinate = fc.oneof(
  fc.integer({ min: -2, max: 2 }),
  fc.integer({ min: -50_000, max: 50_000 }).map((k) => k / 1000),
);
const point: fc.Arbitrary<Point> = fc.tuple(coordinate, coordinate, coordinate);
const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
const share = fc.double({ min: 0, max: 1, noNaN: true });

it("fitSimilarity: the example of Umeyama's paper (1991, section IV), a plane of it at heights 10 and -10", () => {
  const [x, y] = [
    [0, 0, 1, 0, 0, 2],
    [0, 0, -1, 0, 0, 2],
  ];
  // published for the plane: R = [[0.832, 0.555], [-0.555, 0.832]], scale 0.721; a mirror would fit better
  const both = (plane: number[]): number[] =>
    [10, -10].flatMap((z) => [0, 1, 2].flatMap((k) => [plane[2 * k], plane[2 * k + 1], z]));
  const { rotation, scale } = fitSimilarity(both(x), both(y));
  [0.832, 0.555, 0, -0.555, 0.832, 0, 0, 0, 1].forEach((value, k) => expect(rotation[k]).toBeCloseTo(value, 3));
  // the heights keep their scale of 1: they weigh 6 * 100 beside twice the plane's spread of 10 / 3
  expect((scale * (20 / 3 + 600) - 600) / (20 / 3)).toBeCloseTo(0.721, 3);
});

describe('SurfaceTree', () => {
  it('the closest point of a triangle is on it, and no other of its points is closer', () => {
    fc.assert(
      fc.property(point, point, point, point, share, share, (p, a, b, c, u, v) => {
        const tree = new SurfaceTree([...a, ...b, ...c], [0, 1, 2]);
        const hit = tree.closest(p);
        expect(Math.min(...hit.weights)).toBeGreaterThanOrEqual(-1e-9);
        expect(hit.weights.reduce((x, y) => x + y)).toBeCloseTo(1, 9);
        expect(hit.distance).toBeCloseTo(distance(tree.at(hit), p), 9);
        const [s, t] = u + v > 1 ? [1 - u, 1 - v] : [u, v];
        const other = a.map((x, k) => x + s * (b[k] - x) + t * (c[k] - x));
        expect(hit.distance).toBeLessThanOrEqual(distance(p, other) + 1e-6);
      }),
      { seed: 3, numRuns: 1000 },
    );
  });

  it('finds what looking at every triangle finds', () => {
    const { positions, triangles } = icosphereShape({ radius: 50, subdivisions: 2 });
    const whole = new SurfaceTree(positions, triangles);
    const single = Array.from(
      { length: triangles.length / 3 },
      (_, f) => new SurfaceTree(positions, triangles.subarray(3 * f, 3 * f + 3)),
    );
    fc.assert(
      fc.property(point, point, (p, direction) => {
        const least = Math.min(...single.map((tree) => tree.closest(p).distance));
        expect(whole.closest(p).distance).toBeCloseTo(least, 9);
        if (Math.hypot(...direction) === 0) return;
        const nearest = Math.min(...single.map((tree) => tree.alongLine(p, direction)?.distance ?? Infinity));
        const found = whole.alongLine(p, direction)?.distance ?? Infinity;
        expect(found === nearest || Math.abs(found - nearest) < 1e-9).toBe(true);
      }),
      { seed: 5, numRuns: 100 },
    );
  });

  it('refuses what is no mesh', () => {
    expect(() => new SurfaceTree([0, 0, 0], [])).toThrow(ShapeError);
    expect(() => new SurfaceTree([0, 0, 0], [0, 0, 1])).toThrow(ShapeError);
    expect(() => new SurfaceTree([0, 0, NaN], [0, 0, 0])).toThrow(/not finite/);
  });
});

describe('fitSimilarity', () => {
  const points = Float64Array.from({ length: 60 }, (_, i) => 30 * Math.sin(7.3 * i + 1));
  const angle = fc.double({ min: -3, max: 3, noNaN: true });

  it('finds a motion again', () => {
    fc.assert(
      fc.property(angle, fc.double({ min: 0.5, max: 2, noNaN: true }), point, (turn, scale, translation) => {
        const truth = { scale, rotation: rotationAbout([2, -1, 2], turn), translation };
        for (const kind of ['similarity', 'symmetric'] as const) {
          const found = fitSimilarity(points, applySimilarity(points, truth), { kind });
          found.rotation.forEach((x, k) => expect(x).toBeCloseTo(truth.rotation[k], 6));
          expect(found.scale).toBeCloseTo(scale, 6);
          found.translation.forEach((x, k) => expect(x).toBeCloseTo(translation[k], 4));
        }
      }),
    );
  });

  it('is the best in the sense of least squares, and never a mirror', () => {
    const noisy = points.map((x, i) => -x + 5 * Math.cos(i)); // a mirror image, which no rotation makes
    const cost = (motion: Parameters<typeof applySimilarity>[1]): number =>
      applySimilarity(points, motion).reduce((sum, x, i) => sum + (x - noisy[i]) ** 2, 0);
    const rigid = fitSimilarity(points, noisy, { kind: 'rigid' });
    const r = rigid.rotation;
    const determinant =
      r[0] * (r[4] * r[8] - r[5] * r[7]) - r[1] * (r[3] * r[8] - r[5] * r[6]) + r[2] * (r[3] * r[7] - r[4] * r[6]);
    expect(determinant).toBeCloseTo(1, 9);
    expect(rigid.scale).toBe(1);
    fc.assert(
      fc.property(angle, point, (turn, axis) => {
        fc.pre(Math.hypot(...axis) > 0);
        const rotation = rotationAbout(axis, turn);
        const other = { ...rigid, rotation };
        // the best translation for that rotation keeps the means together
        const mean = (list: ArrayLike<number>, c: number): number =>
          Array.from({ length: 20 }, (_, k) => list[3 * k + c]).reduce((a, b) => a + b) / 20;
        const placed = applySimilarity(points, { ...other, translation: [0, 0, 0] });
        const off = (c: number): number => mean(noisy, c) - mean(placed, c);
        expect(cost({ ...other, translation: [off(0), off(1), off(2)] })).toBeGreaterThanOrEqual(cost(rigid) - 1e-6);
      }),
    );
  });

  it('leaves out pairs of weight 0, and refuses lists that do not pair', () => {
    const weights = [...Array<number>(19).fill(1), 0];
    const target = points.slice();
    target[57] += 1000;
    const found = fitSimilarity(points, target, { weights });
    expect(found.scale).toBeCloseTo(1, 9);
    expect(() => fitSimilarity(points, points.subarray(3))).toThrow(ShapeError);
    expect(() => fitSimilarity([0, 0, NaN], [0, 0, 0])).toThrow(/finite/);
  });
});
