import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChiaroError, defineProgram, grad, jvp, referenceData, tensor, wgsl } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { boxShape, icosphereShape, mesh } from '../../geometry/index.js';
import { randomDirection, randomNumbers } from '../../testing/random.testing.js';
import { bruteForce, cornersOf, gap, randomRays, rows } from './bruteForce.testing.js';
import type { Rays, Triangles } from './bruteForce.testing.js';
import { stackSize } from './layout.js';
import { buildBvh, bvhOf, occlusion, offsetOrigin, rayCast, refitBvh } from './index.js';

const treeOf = ({ positions, triangles }: Triangles) => refitBvh(buildBvh(positions, triangles), rows(positions));

/** Hits on the GPU. */
async function cast(shape: Triangles, { origins, directions }: Rays, range = {}) {
  const bvh = treeOf(shape);
  const hits = rayCast(bvh, rows(origins), rows(directions), range);
  const blocked = occlusion(bvh, rows(origins), rows(directions), range);
  return {
    t: await hits.t.data(),
    weights: await hits.barycentrics.data(),
    triangles: await hits.triangles.data(),
    blocked: await blocked.data(),
  };
}

describe('rayCast and occlusion', () => {
  it('agree with brute force in float64 on a bumpy ball', async () => {
    const random = randomNumbers(1);
    const ball = icosphereShape({ subdivisions: 3 });
    const shape = { ...ball, positions: ball.positions.map((x) => x * (1 + 0.2 * random())) };
    const rays = randomRays(random, 1500, 3);
    const range = { tMin: 0.2, tMax: 2.5 };
    const found = await cast(shape, rays, range);
    const corners = cornersOf(shape);
    let hits = 0;
    for (let i = 0; i < 1500; i++) {
      const expected = bruteForce(corners, rays, i, range);
      expect(found.triangles[i]).toBe(expected.triangle);
      expect(found.blocked[i]).toBe(expected.triangle < 0 ? 0 : 1);
      expect(Math.abs(found.t[i] - expected.t)).toBeLessThan(1e-5);
      if (expected.triangle < 0) continue;
      hits++;
      expect(
        gap(corners, rays, i, {
          t: found.t[i],
          weights: found.weights.subarray(3 * i, 3 * i + 3),
          triangle: found.triangles[i],
        }),
      ).toBeLessThan(2e-6);
    }
    expect(hits).toBeGreaterThan(400);
  });

  it('agree with their float64 reference, which walks the tree', async () => {
    const rays = randomRays(randomNumbers(2), 200, 2);
    const hits = rayCast(treeOf(icosphereShape({ subdivisions: 2 })), rows(rays.origins), rows(rays.directions));
    const given = [hits.t, hits.barycentrics, hits.triangles];
    const exact = await referenceData(...given);
    for (const [k, values] of exact.entries()) {
      const data = await given[k].data();
      values.forEach((x, i) => expect(Math.abs(data[i] - x)).toBeLessThan(1e-5 * Math.max(1, Math.abs(x))));
    }
  });

  it('are the same for rays of a second dispatch', async () => {
    const rays = randomRays(randomNumbers(2), 200, 2);
    const many = (of: Float32Array): Tensor =>
      rows(Float32Array.from({ length: 3 * 66_000 }, (_, i) => of[i % of.length]));
    const [origins, directions] = [many(rays.origins), many(rays.directions)];
    const tree = treeOf(icosphereShape({ subdivisions: 2 }));
    const [t, blocked] = [await rayCast(tree, origins, directions).t.data(), occlusion(tree, origins, directions)];
    expect(t.every((v, i) => v === t[i % 200])).toBe(true);
    expect(new Set(t).size).toBeGreaterThan(50);
    expect((await blocked.data()).every((v, i) => v === Number(t[i] < 1e30))).toBe(true);
  });

  // coordinates and axis-parallel rays on a coarse grid: float32 is exact, so ties, coplanar, coinciding and degenerate
  // triangles, rays in planes, along edges and through vertices have one answer for t
  const coordinate = fc.integer({ min: -4, max: 4 });
  const point = fc.tuple(coordinate, coordinate, coordinate);
  const soup = fc.array(fc.tuple(point, point, point), { maxLength: 60 });

  it('agree with brute force on soups of degenerate, coplanar and coinciding triangles', async () => {
    await fc.assert(
      fc.asyncProperty(soup, fc.integer({ min: 1, max: 3 }), async (list, copies) => {
        const positions = Float32Array.from(Array.from({ length: copies }, () => list).flat(3));
        const shape = { positions, triangles: Uint32Array.from({ length: positions.length / 3 }, (_, i) => i) };
        const [origins, directions]: [number[], number[]] = [[], []];
        for (let a = -4; a <= 4; a++) {
          for (let b = -4; b <= 4; b++) {
            for (let axis = 0; axis < 3; axis++) {
              origins.push(
                ...[
                  [-5, a, b],
                  [a, 6, b],
                  [a, b, -7],
                ][axis],
              );
              directions.push(
                ...[
                  [1, 0, 0],
                  [-0, -2, 0],
                  [0, 0, 0.5],
                ][axis],
              );
            }
          }
        }
        const rays = { origins: Float32Array.from(origins), directions: Float32Array.from(directions) };
        const found = await cast(shape, rays);
        const corners = cornersOf(shape);
        for (let i = 0; i < found.t.length; i++) {
          const { t, triangle } = bruteForce(corners, rays, i);
          expect(found.triangles[i] < 0).toBe(triangle < 0);
          expect(found.blocked[i]).toBe(triangle < 0 ? 0 : 1);
          if (triangle >= 0) expect(Math.abs(found.t[i] - t)).toBeLessThan(1e-5);
        }
      }),
      { numRuns: 25, seed: 3 },
    );
  });

  it('let no ray through the edges and vertices of a closed surface', async () => {
    const random = randomNumbers(4);
    const ball = icosphereShape({ subdivisions: 4 });
    const positions = ball.positions.map((x) => x * (1 + 0.1 * random()) + 7);
    const count = 100_000;
    const [origins, directions] = [new Float32Array(3 * count), new Float32Array(3 * count)];
    for (let i = 0; i < count; i++) {
      const corner = Math.floor(random() * ball.triangles.length);
      const next = corner % 3 === 2 ? corner - 2 : corner + 1;
      const share = i % 3 === 0 ? 0 : random(); // every third at a vertex
      const inside = randomDirection(random);
      for (let axis = 0; axis < 3; axis++) {
        const [a, b] = [corner, next].map((c) => positions[3 * ball.triangles[c] + axis]);
        origins[3 * i + axis] = 7 + 0.7 * inside[axis];
        directions[3 * i + axis] = a + share * (b - a) - origins[3 * i + axis];
      }
    }
    const leaks = async (triangles: Uint32Array): Promise<number> => {
      const { triangles: found, blocked } = await cast({ positions, triangles }, { origins, directions });
      expect([...blocked].reduce((a, b) => a + b)).toBe(found.filter((f) => f >= 0).length);
      return found.filter((f) => f < 0).length;
    };
    expect(await leaks(ball.triangles)).toBe(0);
    // that the rays would find a hole: without one of 5120 triangles, those to its inside edges still hit the others
    const without = ball.triangles.slice(0, -18);
    expect(await leaks(without)).toBeGreaterThan(10);
  });

  it('ignore triangles whose vertices are not finite, and hit nothing in an empty mesh', async () => {
    const { positions, triangles } = boxShape();
    const rays = {
      origins: Float32Array.from([0.3, 0.2, 5, 0.3, 0.2, 5, NaN, 0, 5, 0.3, 0.2, 5]),
      directions: Float32Array.from([0, 0, -1, 0, 1, 0, 0, 0, -1, 0, 0, 0]),
    };
    expect([...(await cast({ positions, triangles }, rays)).triangles].map((f) => f >= 0)).toEqual([
      true,
      false,
      false,
      false,
    ]);
    for (const bad of [NaN, Infinity, -1e30]) {
      const broken = positions.slice();
      broken[3 * 7 + 1] = bad; // the corner (1, 1, 1): the front face is gone, the back is seen through it
      const found = await cast({ positions: broken, triangles }, rays);
      expect(found.t[0]).toBeCloseTo(6, 5);
      expect(found.triangles[1]).toBe(-1);
    }
    const nothing = await cast({ positions: new Float32Array(0), triangles: new Uint32Array(0) }, rays);
    expect([...nothing.triangles]).toEqual([-1, -1, -1, -1]);
    expect([...nothing.blocked]).toEqual([0, 0, 0, 0]);
  });

  it('are constants to derivatives, in both modes', async () => {
    const box = mesh(boxShape());
    const depth = (z: Tensor): Tensor => {
      const positions = box.positions.add(z);
      const origins = tensor([[0.2, 0.3, 5]]).add(z.mul(2));
      const { t, triangles } = rayCast(bvhOf({ ...box, positions }), origins, tensor([[0, 0, -1]]).add(z.mul(0)));
      const corner = box.triangles.indexSelect(0, triangles).narrow(1, 0, 1).reshape([1]);
      return origins.sub(positions.indexSelect(0, corner)).narrow(1, 2, 1).mul(t.detach()).sum();
    };
    // (5 + 2 z - 1 - z) t: t = 4 is not differentiated
    const at = tensor([0, 0, 0]);
    expect([...(await grad(depth)(at).data())]).toEqual([0, 0, 4]);
    expect(await jvp(depth, at, tensor([0, 0, 1]))[1].item()).toBe(4);
  });

  it('say what does not fit', async () => {
    const bvh = treeOf(boxShape());
    const [three, four] = [rows(new Float32Array(9)), rows(new Float32Array(12))];
    expect(() => rayCast(bvh, three, four)).toThrow(ChiaroError);
    expect(() => occlusion(bvh, three, three, { tMin: -1 })).toThrow(/0 <= tMin <= tMax, got -1/);
    expect(() => buildBvh(new Float32Array(9), Uint32Array.of(0, 1, 3))).toThrow(/names vertex 3; there are 3/);
    expect(() => buildBvh(new Float32Array(8), Uint32Array.of(0, 1, 2))).toThrow(/rows of three/);
  });
});

describe('buildBvh', () => {
  it('bounds its depth where cuts by cost would not', () => {
    // every triangle is much larger than all before it together: each cut would take off one
    const count = 300;
    const positions = Float32Array.from({ length: 9 * count }, (_, k) => {
      const size = 1.2 ** Math.floor(k / 9);
      return (k % 9 === 3 || k % 9 === 7 ? 2 : 1) * size * 1e-12;
    });
    for (const each of [positions, new Float32Array(9 * count), positions.map(() => NaN)]) {
      const { levels, triangleCount } = buildBvh(
        each,
        Uint32Array.from({ length: 3 * count }, (_, i) => i),
      );
      expect(3 * (levels.length - 1)).toBeLessThanOrEqual(stackSize);
      expect(triangleCount).toBe(count);
    }
  });

  it('builds every triangle into one leaf', () => {
    const { triangles, positions } = icosphereShape({ subdivisions: 3 });
    const { words, levels } = buildBvh(positions, triangles);
    const first = 16 * levels[levels.length - 1];
    const ids = Array.from({ length: triangles.length / 3 }, (_, k) => words[first + 12 * k + 9]);
    expect(ids.sort((a, b) => a - b)).toEqual(ids.map((_, k) => k));
  });
});

describe('offsetOrigin', () => {
  const leave = defineProgram({
    name: 'leave',
    inputs: { p: 'f32[N, 3]', n: 'f32[N, 3]' },
    outputs: ({ p }) => ({ q: { dtype: 'f32', shape: p.shape } }),
    dispatches: ({ N }) => [
      {
        items: N,
        code: wgsl`${offsetOrigin}
fn item(i: u32) {
  let k = 3u * i;
  let moved = offsetOrigin(vec3f(p[k], p[k + 1u], p[k + 2u]), vec3f(n[k], n[k + 1u], n[k + 2u]));
  q[k] = moved.x; q[k + 1u] = moved.y; q[k + 2u] = moved.z;
}`,
      },
    ],
    reference: ({ p }) => ({ q: p.data }),
  });

  it.each([
    [1, 0],
    [1e-2, 0],
    [300, 0],
    [1, 200],
  ])('lets rays leave a ball of radius %f at distance %f without meeting it again', async (radius, distance) => {
    const random = randomNumbers(6);
    const ball = icosphereShape({ subdivisions: 3, radius });
    const shape = { ...ball, positions: ball.positions.map((x) => x + distance) };
    const corners = cornersOf(shape);
    const count = 20_000;
    const [points, normals, directions] = [0, 1, 2].map(() => new Float32Array(3 * count));
    for (let i = 0; i < count; i++) {
      const at = 9 * Math.floor((random() * corners.length) / 9);
      const [a, b, c] = [0, 3, 6].map((k) => [...corners.subarray(at + k, at + k + 3)]);
      const [u, v] = [b, c].map((p) => p.map((x, k) => x - a[k]));
      const n = [0, 1, 2].map((k) => u[(k + 1) % 3] * v[(k + 2) % 3] - u[(k + 2) % 3] * v[(k + 1) % 3]);
      const [s, t] = [Math.sqrt(random()), random()];
      points.set(
        a.map(
          (x, k) => Math.fround(Math.fround(x * (1 - s)) + Math.fround(b[k] * s * (1 - t))) + Math.fround(c[k] * s * t),
        ),
        3 * i,
      );
      normals.set(
        n.map((x) => x / Math.hypot(...n)),
        3 * i,
      );
      const d = randomDirection(random);
      const up = d.reduce((sum, x, k) => sum + x * n[k], 0) < 0 ? -1 : 1;
      directions.set(
        d.map((x) => x * up),
        3 * i,
      );
    }
    const bvh = treeOf(shape);
    const again = async (from: ReturnType<typeof rows>): Promise<number> =>
      occlusion(bvh, from, rows(directions)).sum().item();
    expect(await again(leave({ p: rows(points), n: rows(normals) }).q)).toBe(0);
    expect(await again(rows(points))).toBeGreaterThan(100);
  });
});

describe('bvhOf', () => {
  it('takes positions at rest from numbers, and keeps them for moved copies', async () => {
    const box = mesh(boxShape());
    const ray = [tensor([[0.2, 0.3, 5]]), tensor([[0, 0, -1]])] as const;
    expect(await rayCast(bvhOf(box), ...ray).t.item()).toBeCloseTo(4, 6);
    const moved = { ...box, positions: box.positions.add(tensor([0, 0, 2])) };
    expect(await rayCast(bvhOf(moved), ...ray).t.item()).toBeCloseTo(2, 6);
    const given = mesh({ ...boxShape(), positions: box.positions.mul(2), rest: boxShape().positions });
    expect(await rayCast(bvhOf(given), ...ray).t.item()).toBeCloseTo(3, 6);
    expect(() => mesh({ ...boxShape(), rest: [1, 2, 3] })).toThrow(/3 numbers at rest for 8 vertices/);
  });
});
