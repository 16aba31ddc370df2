import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeError, compile, gradcheck, referenceData, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { randomNumbers } from '../../testing/random.testing.js';
import { rasterize } from './rasterize.js';
import { triangulate } from './triangulation.testing.js';
import type { Triangulation } from './triangulation.testing.js';

const indices = (count: number): Tensor =>
  tensor(
    Int32Array.from({ length: 3 * count }, (_, k) => k),
    [count, 3],
  );

/** A soup of triangles given by clip coordinates: every triangle has vertices of its own. */
const soup = (corners: readonly (readonly number[])[]): [Tensor, Tensor] => [
  tensor(corners.map((c) => [...c])),
  indices(corners.length / 3),
];

const idsOf = async (clip: Tensor, triangles: Tensor, height: number, width: number): Promise<number[]> => [
  ...(await rasterize(clip, triangles, { height, width }).triangles.data()),
];

describe('coverage', () => {
  /** Vertices of a triangulation at depth `depthOf(triangle)`, mapped by (x, y) -> clip x, y, w. */
  function cornersOf(
    triangles: Triangulation,
    steps: number,
    map: (x: number, y: number) => [number, number, number],
    depthOf: (k: number) => number,
  ): number[][] {
    return triangles.flatMap((corners, k) =>
      corners.map(([x, y]) => {
        const [cx, cy, w] = map(x / steps, y / steps);
        return [cx, cy, depthOf(k) * w, w];
      }),
    );
  }

  /**
   * The triangles seen if the first is the nearest, and if the last is: equal where no pixel belongs to two. Every
   * triangle is drawn with vertices of its own, in random turns of its corners.
   */
  async function seenBothWays(
    triangles: Triangulation,
    steps: number,
    { width, height }: { width: number; height: number },
    map: (x: number, y: number) => [number, number, number],
  ): Promise<[number[], number[]]> {
    const depth = (k: number): number => 0.1 + (0.8 * k) / triangles.length;
    const orders = [depth, (k: number) => 1 - depth(k)].map((d) => cornersOf(triangles, steps, map, d));
    const ids = await idsOf(tensor(orders), indices(triangles.length), height, width);
    return [ids.slice(0, width * height), ids.slice(width * height)];
  }

  it('no pixel twice, none lost, over random triangulations on grids that hit pixel centres often', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 2 ** 31 }),
        fc.constantFrom(2, 4, 256),
        fc.constantFrom([16, 16], [37, 22], [130, 70]),
        async (seed, steps, [width, height]) => {
          const random = randomNumbers(seed);
          const triangles = triangulate({ width, height, border: 3, steps }, 300, random);
          for (const t of triangles) {
            if (random() < 0.5) t.reverse(); // both windings
            const turns = Math.floor(3 * random());
            t.push(...t.splice(0, turns));
          }
          // one w per place, so that triangles that meet agree
          const w = (x: number, y: number): number => 1 + 0.4 * Math.sin(12.9898 * x + 78.233 * y);
          const [near, far] = await seenBothWays(triangles, steps, { width, height }, (x, y) => [
            w(x, y) * ((2 * x) / width - 1),
            w(x, y) * (1 - (2 * y) / height),
            w(x, y),
          ]);
          expect(near).not.toContain(-1);
          expect(near).toEqual(far);
        },
      ),
      { numRuns: 25, seed: 6, endOnFailure: true },
    );
  });

  it('the same for planes that pass the camera, and edges of any length', async () => {
    const [width, height] = [64, 48];
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 2 ** 31 }),
        fc.double({ min: -0.06, max: 0.06, noNaN: true }),
        fc.double({ min: 0.02, max: 0.06, noNaN: true }),
        fc.constantFrom(1, 100),
        async (seed, slopeX, slopeY, scale) => {
          const triangles = triangulate({ width, height, border: 40, steps: 256 }, 150, randomNumbers(seed));
          // w is 1 in the middle and falls below 0 in the border
          const map = (x: number, y: number): [number, number, number] => [
            scale * ((2 * x) / width - 1),
            scale * (1 - (2 * y) / height),
            1 + slopeX * (x - width / 2) + slopeY * (y - height / 2),
          ];
          const [near, far] = await seenBothWays(triangles, 256, { width, height }, map);
          expect(near).toEqual(far);
          near.forEach((id, i) => {
            // where the ray of the pixel meets the plane: solve for x, y
            const [X, Y] = [(2 * ((i % width) + 0.5)) / width - 1, 1 - (2 * (Math.floor(i / width) + 0.5)) / height];
            const c = 1 - (slopeX * width) / 2 - (slopeY * height) / 2;
            const [a1, b1, r1] = [(2 * scale) / width - X * slopeX, -X * slopeY, X * c + scale];
            const [a2, b2, r2] = [-Y * slopeX, (-2 * scale) / height - Y * slopeY, Y * c - scale];
            const det = a1 * b2 - a2 * b1;
            const [x, y] = [(r1 * b2 - r2 * b1) / det, (a1 * r2 - a2 * r1) / det];
            const inside = Math.min(x + 40, width + 40 - x, y + 40, height + 40 - y);
            const w = map(x, y)[2];
            if (inside > 0.01 && w > 1e-3) expect(id).toBeGreaterThanOrEqual(0);
            if (inside < -0.01 || w < -1e-3) expect(id).toBe(-1);
          });
        },
      ),
      { numRuns: 20, seed: 7, endOnFailure: true },
    );
  });

  it('the same for edges too long for integers that run through pixel centres', async () => {
    const [width, height] = [16, 16];
    // a fan around the centre of pixel (8, 8), in half pixels
    const rim = [[1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1]]; // prettier-ignore
    const point = (k: number): [number, number] => [17 + 8192 * rim[k % 8][0], 17 + 8192 * rim[k % 8][1]];
    for (const turned of [0b00000000, 0b01010101, 0b00111010]) {
      const fan: Triangulation = rim.map((_, k) => {
        const corners: [number, number][] = [[17, 17], point(k), point(k + 1)];
        return (turned >> k) & 1 ? corners.reverse() : corners;
      });
      const [near, far] = await seenBothWays(fan, 2, { width, height }, (x, y) => [
        (2 * x) / width - 1,
        1 - (2 * y) / height,
        1,
      ]);
      expect(near).not.toContain(-1);
      expect(near).toEqual(far);
    }
  });

  it('is that of the reference, of which all integers are exact', async () => {
    const random = randomNumbers(3);
    for (const [width, height, count, size] of [
      [32, 16, 60, 40],
      [256, 256, 12, 300],
      [256, 128, 400, 12],
    ]) {
      const corners = Array.from({ length: count }, () => {
        const [cx, cy] = [random() * width, random() * height];
        return [0, 1, 2].map(() => {
          const [x, y] = [cx, cy].map((c) => Math.round(256 * (c + size * (random() - 0.5))) / 256);
          return [(2 * x) / width - 1, 1 - (2 * y) / height, Math.round(64 * random()) / 64, 1];
        });
      }).flat();
      const [clip, triangles] = soup(corners);
      const [expected] = await referenceData(rasterize(clip, triangles, { height, width }).triangles);
      expect(await idsOf(clip, triangles, height, width)).toEqual([...expected]);
    }
  });

  it('gives pixel centres on an edge to the right and below', async () => {
    const at = (x: number, y: number): number[] => [(2 * x) / 8 - 1, 1 - (2 * y) / 8, 0.5, 1];
    // from the centre of pixel (1, 1) to that of (5, 4)
    const quad = [at(1.5, 1.5), at(5.5, 1.5), at(1.5, 4.5), at(5.5, 1.5), at(5.5, 4.5), at(1.5, 4.5)];
    const ids = await idsOf(...soup(quad), 8, 8);
    const covered = ids.flatMap((id, i) => (id < 0 ? [] : [`${i % 8},${Math.floor(i / 8)}`]));
    expect(covered).toEqual([1, 2, 3].flatMap((y) => [1, 2, 3, 4].map((x) => `${x},${y}`)));
  });
});

describe('rasterize', () => {
  const near = [
    [-0.8, -0.7, 0.5, 1],
    [0.9, -0.5, 0.4, 1.2],
    [0.1, 0.8, 0.7, 1.5],
    [0.9, 0.9, 0.5, 1],
  ];
  const pair = tensor(Int32Array.from([0, 1, 2, 1, 3, 2]), [2, 3]);
  const size = { height: 16, width: 24 };

  it('values are those of the reference, derivatives those of its differences, forward and backward', async () => {
    const values = (clip: Tensor): Tensor[] => {
      const { barycentrics, depth, derivatives } = rasterize(clip, pair, size);
      return [barycentrics, depth, derivatives];
    };
    await gradcheck(values, [tensor(near)]);
    await gradcheck(values, [tensor([near, near.map((row, k) => row.map((x) => x + 0.03 * k))])]);
    const expected = await referenceData(...values(tensor(near)));
    for (const [k, found] of values(tensor(near)).entries()) {
      (await found.data()).forEach((v, i) => expect(Math.abs(v - expected[k][i])).toBeLessThan(2e-6));
    }
  });

  it('derivatives are the differences between neighbouring pixels, where the surface is flat on the screen', async () => {
    const flat = near.map(([x, y, z]) => [x, y, z, 1]);
    const hit = rasterize(tensor(flat), pair, size);
    const [ids, uv, slopes] = await Promise.all([
      hit.triangles.data(),
      hit.barycentrics.data(),
      hit.derivatives.data(),
    ]);
    let compared = 0;
    for (let i = 0; i + size.width < ids.length; i++) {
      for (const [axis, j] of [
        [0, i + 1],
        [1, i + size.width],
      ]) {
        if (ids[i] < 0 || ids[i] !== ids[j] || (axis === 0 && j % size.width === 0)) continue;
        compared++;
        for (const c of [0, 1]) expect(uv[2 * j + c] - uv[2 * i + c]).toBeCloseTo(slopes[4 * i + 2 * axis + c], 5);
      }
    }
    expect(compared).toBeGreaterThan(150);
  });

  it('what is nearer hides, of equally near the first; what is before the near or behind the far plane is cut', async () => {
    const full = (z: number): number[][] => [
      [-1, -1, z, 1],
      [3, -1, z, 1],
      [-1, 3, z, 1],
    ];
    const seen = async (...depths: number[]): Promise<number[]> => [
      ...new Set(await idsOf(...soup(depths.flatMap(full)), 9, 9)),
    ];
    expect(await seen(0.5, 0.3, 0.3, 0.9)).toEqual([1]);
    expect(await seen(0.5, -0.1, 1.1)).toEqual([0]);
    expect(await seen(1.5, -0.5)).toEqual([-1]);
    // depth from -1 on the left to 1 on the right: the left half is cut
    const slanted = [
      [-1, -1, -1, 1],
      [3, -1, 3, 1],
      [-1, 3, -1, 1],
    ];
    const ids = await idsOf(...soup(slanted), 4, 8);
    expect(ids.slice(0, 8)).toEqual([-1, -1, -1, -1, 0, 0, 0, 0]);
  });

  it('nothing that cannot be drawn is drawn, and it harms nobody else', async () => {
    const good = near.slice(0, 3);
    const expected = await idsOf(...soup(good), 16, 24);
    const hostile = [
      [[NaN, 0, 0.5, 1], ...near.slice(1, 3)],
      [[0, 0, Infinity, 1], ...near.slice(1, 3)],
      [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]], // prettier-ignore
      near.slice(0, 3).map(([x, y, z, w]) => [x, y, z, -w]), // behind the camera
      [near[0], near[1], near[0]],
      [near[0], near[0], near[0]],
      [[3e38, 3e38, 0.1, 1], [-3e38, 3e38, 0.1, 1], [0, -3e38, 0.1, 1]], // prettier-ignore
    ];
    for (const bad of hostile) {
      expect(await idsOf(...soup([...good, ...bad]), 16, 24)).toEqual(expected);
      const [clip, triangles] = soup([...bad, ...good]);
      const hit = rasterize(clip, triangles, { height: 16, width: 24 });
      expect([...(await hit.triangles.data())].map((id) => (id === 1 ? 0 : id))).toEqual(expected);
      for (const t of [hit.barycentrics, hit.depth, hit.derivatives]) {
        expect((await t.data()).every(Number.isFinite)).toBe(true);
      }
    }
    const outside = tensor(Int32Array.from([0, 1, 2, 0, 1, 9, -1, 1, 2]), [3, 3]);
    expect(await idsOf(tensor(good), outside, 16, 24)).toEqual(expected);
    const empty = rasterize(tensor(good), tensor(new Int32Array(0), [0, 3]), { height: 3, width: 5 });
    expect([...(await empty.triangles.data())]).toEqual(new Array(15).fill(-1));
    expect(await empty.mask.any().item()).toBeFalsy();
  });

  it('lists grow as needed, in compiled functions too', async () => {
    // two thousand triangles over the whole image: many times the room that is there at first
    const random = randomNumbers(9);
    const depths = Array.from({ length: 2000 }, random);
    const corners = depths.flatMap((z) => [
      [-1, -1, z, 1],
      [3, -1, z, 1],
      [-1, 3, z, 1],
    ]);
    const [clip, triangles] = soup(corners);
    const nearest = depths.indexOf(Math.min(...depths));
    const draw = compile((c: Tensor) => rasterize(c, triangles, { height: 64, width: 64 }).triangles);
    for (let k = 0; k < 2; k++) expect([...new Set(await draw(clip).data())]).toEqual([nearest]);
    draw.dispose();
  });

  it('says what does not fit', () => {
    const clip = tensor(near);
    expect(() => rasterize(clip.slice(null, [0, 3]), pair, size)).toThrow(
      /must be \[V, 4\] or \[B, V, 4\], got \[4, 3\]/,
    );
    expect(() => rasterize(clip, clip, size)).toThrow(ShapeError);
    expect(() => rasterize(clip, pair, { height: 0, width: 8 })).toThrow(/from 1 to 16384, got 0 x 8/);
  });
});
