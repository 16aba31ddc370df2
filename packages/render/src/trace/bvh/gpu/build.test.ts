import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile, noGrad, referenceData, tensor } from '../../../engine.js';
import type { Tensor } from '../../../engine.js';
import { lambert } from '../../../bsdf/index.js';
import { perspective } from '../../../camera/index.js';
import { boxShape, icosphereShape, mesh } from '../../../geometry/index.js';
import { randomNumbers } from '../../../testing/random.testing.js';
import { renderAovs } from '../../aovs.js';
import { bruteForce, cornersOf, randomRays, rows } from '../bruteForce.testing.js';
import type { Triangles } from '../bruteForce.testing.js';
import { checkBounds } from '../checkBounds.testing.js';
import { bvhCost, buildBvh, buildBvhOnGpu, bvhOf, rayCast, refitBvh } from '../index.js';
import { childWord, isLeaf, leafCount, leafOffset, maximalDepth, rowWords } from '../layout.js';
import { idWord, triangleWords } from '../layout.js';
import { mortonOrder } from './morton.js';

const listOf = (triangles: Uint32Array): Tensor => tensor(triangles, [triangles.length / 3, 3]);
const built = ({ positions, triangles }: Triangles): Tensor => buildBvhOnGpu(rows(positions), listOf(triangles));
const wordsOf = async (bvh: Tensor): Promise<Uint32Array> => Uint32Array.from(await bvh.data());

/** Levels of a tree and the triangles in its leaves, by walking from the root. */
function walk(words: Uint32Array): { depth: number; triangles: number[] } {
  const waiting: [child: number, depth: number][] = [[0, 1]];
  const triangles: number[] = [];
  let depth = 0;
  while (waiting.length > 0) {
    const [child, level] = waiting.pop()!;
    if (isLeaf(child)) {
      for (let t = 0; t < leafCount(child); t++)
        triangles.push(words[leafOffset(child) * rowWords + t * triangleWords + idWord]);
      continue;
    }
    depth = Math.max(depth, level);
    for (let k = 0; k < 4; k++) {
      const next = words[child * rowWords + childWord + k];
      if (next !== 0) waiting.push([next, level + 1]);
    }
  }
  return { depth, triangles };
}

/** Every triangle is in one leaf, and the stack of a traversal holds what waits. */
async function expectTree(bvh: Tensor, count: number): Promise<Uint32Array> {
  const words = await wordsOf(bvh);
  const { depth, triangles } = walk(words);
  expect(depth).toBeLessThanOrEqual(maximalDepth / 2 + 1);
  expect(triangles).toHaveLength(count);
  expect(new Set(triangles).size).toBe(count);
  return words;
}

/** Triangles without common vertices: sizes and places over many orders, some flat, some twice, some not finite. */
const soups = fc.record({ seed: fc.integer(), count: fc.integer({ min: 1, max: 400 }), broken: fc.boolean() });

function soupOf({ seed, count, broken }: { seed: number; count: number; broken: boolean }): Triangles {
  const random = randomNumbers(seed);
  const positions = new Float32Array(9 * count);
  for (let f = 0; f < count; f++) {
    const size = 10 ** (-2 * random());
    const centre = [0, 1, 2].map(() => 2 * random() - 1);
    const kind = Math.floor(6 * random());
    for (let k = 0; k < 9; k++) positions[9 * f + k] = centre[k % 3] + size * (random() - 0.5);
    if (kind === 0) positions.copyWithin(9 * f + 3, 9 * f, 9 * f + 3);
    if (kind === 1 && f > 0) positions.copyWithin(9 * f, 9 * f - 9, 9 * f);
    if (kind === 2 && broken) positions[9 * f + Math.floor(9 * random())] = [NaN, Infinity, -Infinity][f % 3];
  }
  return { positions, triangles: Uint32Array.from({ length: 3 * count }, (_, i) => i) };
}

describe('buildBvhOnGpu', () => {
  it('finds what brute force in float64 and a tree of the host find, in soups of triangles', async () => {
    let hits = 0;
    await fc.assert(
      fc.asyncProperty(soups, async (soup) => {
        const shape = soupOf(soup);
        const bvh = built(shape);
        checkBounds(await expectTree(bvh, shape.triangles.length / 3));
        const rays = randomRays(randomNumbers(soup.seed + 1), 128, 2);
        const ends = [rows(rays.origins), rows(rays.directions)] as const;
        const found = rayCast(bvh, ...ends);
        const ofHost = rayCast(refitBvh(buildBvh(shape.positions, shape.triangles), rows(shape.positions)), ...ends);
        const [t, triangles] = [await found.t.data(), await found.triangles.data()];
        expect([...t]).toEqual([...(await ofHost.t.data())]);
        const corners = cornersOf(shape);
        for (let i = 0; i < 128; i++) {
          const expected = bruteForce(corners, rays, i);
          expect(triangles[i] < 0).toBe(expected.triangle < 0);
          if (expected.triangle < 0) continue;
          expect(Math.abs(t[i] - expected.t)).toBeLessThan(1e-5);
          hits++;
        }
      }),
      { numRuns: 8, seed: 5 },
    );
    expect(hits).toBeGreaterThan(50);
  });

  it('takes one triangle, none, and triangles that are all the same, empty or not finite', async () => {
    const ray = [tensor([[0.2, 0.2, 1]]), tensor([[0, 0, -1]])] as const;
    const corner = Float32Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0);
    for (const [positions, hit] of [
      [corner, true],
      [corner.map(() => 3), false],
      [corner.map(() => NaN), false],
      [corner.map((x) => 1e20 * x), false],
    ] as const) {
      for (const count of [1, 2, 5, 33]) {
        const triangles = Uint32Array.from({ length: 3 * count }, (_, i) => i % 3);
        const bvh = built({ positions, triangles });
        await expectTree(bvh, count);
        expect((await rayCast(bvh, ...ray).triangles.item()) >= 0).toBe(hit);
      }
    }
    const nothing = buildBvhOnGpu(rows(corner), tensor(new Uint32Array(0), [0, 3]));
    expect(await rayCast(nothing, ...ray).triangles.item()).toBe(-1);
  });

  it('is no deeper than a traversal can hold, for a million copies of a triangle and for growing ones', async () => {
    const million = 1_000_000;
    const copies = buildBvhOnGpu(
      rows(Float32Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0)),
      listOf(Uint32Array.from({ length: 3 * million }, (_, i) => i % 3)),
    );
    const { depth, triangles } = walk(await wordsOf(copies));
    expect(depth).toBeLessThanOrEqual(11); // 4^10 leaves and more: balanced
    expect(triangles.length).toBe(million);
    // each is much larger than all before it together: only one pair chooses each other
    const positions = Float32Array.from({ length: 9 * 300 }, (_, k) => {
      const size = 1.2 ** Math.floor(k / 9);
      return (k % 9 === 3 || k % 9 === 7 ? 2 : 1) * size * 1e-12;
    });
    await expectTree(built({ positions, triangles: Uint32Array.from({ length: 900 }, (_, i) => i) }), 300);
  });

  it('gives the same bits each time, also replayed', async () => {
    const random = randomNumbers(7);
    const { positions, triangles } = icosphereShape({ subdivisions: 5 });
    const vertices = rows(positions.map((x) => x * (1 + 0.3 * random())));
    const list = listOf(triangles);
    const once = await wordsOf(buildBvhOnGpu(vertices, list));
    const step = compile((scale: Tensor) => noGrad(() => buildBvhOnGpu(vertices.mul(scale), list)));
    await step(tensor(0.5)).data();
    for (let i = 0; i < 2; i++) expect(await wordsOf(step(tensor(1)))).toEqual(once);
  });

  it('is nearly as good as the tree of the host, and what a tree is not that was refitted far from where it was built', async () => {
    const random = randomNumbers(8);
    const { positions, triangles } = icosphereShape({ subdivisions: 5 });
    const whole = { positions: positions.map((x) => x * (1 + 0.05 * random())), triangles };
    const topology = buildBvh(whole.positions, triangles);
    const ofHost = await bvhCost(refitBvh(topology, rows(whole.positions)));
    expect(await bvhCost(built(whole))).toBeLessThan(1.15 * ofHost);
    // power: small triangles whose places were exchanged
    const places = (): number[] => Array.from({ length: 500 * 3 }, () => 10 * random());
    const at = (centres: number[]): Tensor =>
      rows(
        Float32Array.from({ length: 9 * 500 }, (_, k) => centres[3 * Math.floor(k / 9) + (k % 3)] + whole.positions[k]),
      );
    const list = Uint32Array.from({ length: 3 * 500 }, (_, i) => i);
    const before = at(places());
    const tree = buildBvh((await before.data()) as Float32Array, list);
    const moved = at(places());
    const atRest = await bvhCost(refitBvh(tree, before));
    expect(await bvhCost(refitBvh(tree, moved))).toBeGreaterThan(1.5 * atRest);
    expect(await bvhCost(buildBvhOnGpu(moved, listOf(list)))).toBeLessThan(1.15 * atRest);
  });

  it('is what a mesh without positions at rest is traced in, by a reference that has another tree', async () => {
    const shape = boxShape();
    const moving = mesh({ ...shape, positions: rows(shape.positions) });
    const ray = [tensor([[0.2, 0.3, 5]]), tensor([[0, 0, -1]])] as const;
    const hits = rayCast(bvhOf(moving), ...ray);
    expect(await hits.t.item()).toBeCloseTo(4, 6);
    expect([...(await referenceData(hits.t))[0]]).toEqual([4]);
    const far = { ...mesh(shape), positions: moving.positions.mul(tensor([1, 1, 3])), rest: undefined };
    expect(await rayCast(bvhOf(far), ...ray).t.item()).toBeCloseTo(2, 6);
    // a scene is traced in one tree: built on the GPU where one of its meshes asks for it
    const camera = perspective({ fovY: 0.6, width: 9, height: 9, position: [0, 0, 8] });
    const ground = { mesh: mesh(icosphereShape({ radius: 3, subdivisions: 1 })), bsdf: lambert({ albedo: 0.5 }) };
    const depths = [moving, mesh(shape)].map(async (m) => {
      const { depth } = renderAovs({ shapes: [ground, { mesh: m, bsdf: lambert({ albedo: 0.5 }) }] }, camera);
      return depth.data();
    });
    expect([...(await depths[0])]).toEqual([...(await depths[1])]);
  });

  it('refuses what are no rows of three', () => {
    expect(() => buildBvhOnGpu(tensor([1, 2]), tensor([[0, 1, 2]]))).toThrow(
      /positions must be rows of three, got \[2\]/,
    );
  });
});

describe('mortonOrder', () => {
  it('equals its reference', async () => {
    const { positions, triangles } = icosphereShape({ subdivisions: 3 });
    const broken = positions.slice();
    broken[30] = NaN;
    for (const vertices of [positions, broken, positions.map((x) => 1000 + 1e-3 * x), positions.map(() => 1)]) {
      const order = mortonOrder(rows(vertices), listOf(triangles));
      const [expected] = await referenceData(order);
      expect([...(await order.data())]).toEqual([...expected]);
    }
  });
});
