import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeError, gradcheck, referenceData, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { lookAt, perspective } from '../../camera/index.js';
import { buildTopology, icosphereShape } from '../../geometry/index.js';
import { largestDifference, randomDirection, randomNumbers } from '../../testing/random.testing.js';
import { antialias } from '../antialias/antialias.js';
import { interpolate } from '../interpolate/interpolate.js';
import { rasterize } from './rasterize.js';
import type { ImageSize, RasterHits } from './rasterize.js';
import { triangulate } from './triangulation.testing.js';

const list = (indices: readonly number[]): Tensor => tensor(Int32Array.from(indices), [indices.length / 3, 3]);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, k) => k);

/** Clip coordinates of a place in pixels. */
const clipAt = ([x, y]: readonly number[], z: number, w: number, { width, height }: ImageSize): number[] => [
  w * ((2 * x) / width - 1),
  w * (1 - (2 * y) / height),
  w * z,
  w,
];

/** All layers, up to and with the first that is empty: triangles and depths of each. */
async function peel(clip: Tensor, triangles: Tensor, size: ImageSize): Promise<{ ids: number[]; depths: number[] }[]> {
  const layers = [];
  let behind: RasterHits | undefined;
  for (;;) {
    behind = rasterize(clip, triangles, size, { behind });
    const [ids, depths] = await Promise.all([behind.triangles.data(), behind.depth.data()]);
    layers.push({ ids: [...ids], depths: [...depths] });
    if (ids.every((id) => id < 0)) return layers;
  }
}

describe('behind', () => {
  it('shows all triangles that cover a pixel one by one, from near to far', async () => {
    const size = { width: 40, height: 24 };
    const random = randomNumbers(11);
    const count = 24;
    const corners = upTo(3 * count).map((k) => {
      const z = k < 12 ? 0.5 : random(); // four in one plane: equally near
      return clipAt([60 * random() - 10, 36 * random() - 6], z, k < 12 ? 1 : 0.5 + random(), size);
    });
    const [clip, triangles] = [tensor(corners), list(upTo(3 * count))];
    // each triangle alone, by the range mode
    const alone = rasterize(clip, triangles, size, { ranges: upTo(count).map((k) => [k, 1]) });
    const [seen, depth] = await Promise.all([alone.triangles.data(), alone.depth.data()]);
    const pixels = size.width * size.height;
    const layers = await peel(clip, triangles, size);
    let ties = 0;
    for (let i = 0; i < pixels; i++) {
      const expected = upTo(count).filter((k) => seen[k * pixels + i] === k);
      const found = layers.map(({ ids }) => ids[i]);
      const filled = found.filter((id) => id >= 0);
      expect(found.slice(0, filled.length)).toEqual(filled); // nothing behind nothing
      expect([...filled].sort((a, b) => a - b)).toEqual(expected);
      filled.slice(1).forEach((id, k) => {
        const [near, far] = [filled[k], id].map((f) => depth[f * pixels + i]);
        expect(far - near).toBeGreaterThan(-1e-6);
        if (Math.max(id, filled[k]) < 4) {
          ties++;
          expect(id).toBeGreaterThan(filled[k]);
        }
      });
    }
    expect(ties).toBeGreaterThan(20);
    expect(layers.length).toBeGreaterThan(6);
  });

  it('is that of the reference, of which all integers are exact', async () => {
    const size = { width: 32, height: 16 };
    const random = randomNumbers(5);
    const corners = upTo(90).map(() =>
      clipAt(
        [Math.round(8192 * random()) / 256, Math.round(4096 * random()) / 256],
        Math.round(64 * random()) / 64,
        1,
        size,
      ),
    );
    const triangles = list(upTo(90));
    const layers = (clip: Tensor): Tensor[] => {
      const first = rasterize(clip, triangles, size);
      const second = rasterize(clip, triangles, size, { behind: first });
      const third = rasterize(clip, triangles, size, { behind: second });
      return [first.triangles, second.triangles, third.triangles];
    };
    const expected = await referenceData(...layers(tensor(corners)));
    for (const [k, found] of layers(tensor(corners)).entries()) {
      expect([...(await found.data())]).toEqual([...expected[k]]);
      expect(expected[k].filter((id) => id >= 0).length).toBeGreaterThan(100);
    }
  });

  it('no pixel twice, none lost: a triangulated sheet before another fills two layers, and no third', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 2 ** 31 }),
        fc.constantFrom(2, 4, 256),
        fc.constantFrom([16, 16], [37, 22]),
        async (seed, steps, [width, height]) => {
          const random = randomNumbers(seed);
          const size = { width, height };
          const sheets = [0.2, 0.7].flatMap((z) =>
            triangulate({ ...size, border: 3, steps }, 120, random).map((t) => {
              if (random() < 0.5) t.reverse();
              return { isNear: z < 0.5, corners: t.map(([x, y]) => [x / steps, y / steps]), z };
            }),
          );
          sheets.sort(() => random() - 0.5); // their numbers in any order
          const w = (x: number, y: number): number => 1 + 0.4 * Math.sin(12.9898 * x + 78.233 * y);
          const rows = sheets.flatMap(({ corners, z }) => corners.map(([x, y]) => clipAt([x, y], z, w(x, y), size)));
          const layers = await peel(tensor(rows), list(upTo(rows.length)), size);
          expect(layers.length).toBe(3);
          expect(layers[0].ids.every((id) => id >= 0 && sheets[id].isNear)).toBe(true);
          expect(layers[1].ids.every((id) => id >= 0 && !sheets[id].isNear)).toBe(true);
        },
      ),
      { numRuns: 8, seed: 8, endOnFailure: true },
    );
  });

  it('what cannot be drawn is in no layer, and an empty mesh has none', async () => {
    const size = { width: 9, height: 7 };
    const full = (z: number): number[][] => [[-1, -1, z, 1], [3, -1, z, 1], [-1, 3, z, 1]]; // prettier-ignore
    const hostile = [
      ...[NaN, 0, 0.3, 1, ...full(0.3).slice(1).flat()],
      ...[0, 0, -Infinity, 1, ...full(0.3).slice(1).flat()],
      ...full(0.3).flatMap((row) => row.map((v, c) => (c === 3 ? -v : v))), // behind the camera
      ...[full(0.3)[0], full(0.3)[1], full(0.3)[0]].flat(), // without area
      ...[...full(-0.1).flat(), ...full(1.1).flat()],
    ];
    const clip = tensor([...full(0.6).flat(), ...hostile, ...full(0.4).flat()]).reshape([24, 4]);
    const layers = await peel(clip, list(upTo(24)), size);
    expect(layers.map(({ ids }) => [...new Set(ids)])).toEqual([[7], [0], [-1]]);
    const none = tensor(new Int32Array(0), [0, 3]);
    const first = rasterize(clip, none, size);
    expect(await rasterize(clip, none, size, { behind: first }).mask.any().item()).toBeFalsy();
  });

  it('has gradients as the first layer has', async () => {
    const size = { width: 12, height: 10 };
    const corners = [[-3, 2, 0.2], [15, 1, 0.3], [5, 14, 0.4], [1, -4, 0.8], [14, 11, 0.7], [-2, 12, 0.6]]; // prettier-ignore
    const clip = tensor(corners.map(([x, y, z], k) => clipAt([x, y], z, 1 + 0.2 * k, size)));
    await gradcheck(
      (at: Tensor): Tensor[] => {
        const first = rasterize(at, list(upTo(6)), size);
        const { barycentrics, depth, derivatives } = rasterize(at, list(upTo(6)), size, { behind: first });
        return [barycentrics, depth, derivatives];
      },
      [clip],
    );
  });
});

describe('watertight depth', () => {
  it('pixels on an edge have the depth of the edge, whichever of its triangles shows there', async () => {
    const size = { width: 32, height: 32 };
    const random = randomNumbers(17);
    let compared = 0;
    for (const across of [0, 4, -4, 7, -7, 8, -8, 12, -12, 14, -14]) {
      // 28 rows from end to end
      const [p, q] = [
        [16.5, 1.5, 0.2 + 0.6 * random(), 0.5 + random()],
        [16.5 + across, 29.5, 0.2 + 0.6 * random(), 0.5 + random()],
      ];
      const [left, right] = [
        [-20, 32 * random(), random(), 0.5 + random()],
        [52, 32 * random(), random(), 0.5 + random()],
      ];
      const row = ([x, y, z, w]: number[]): number[] => clipAt([x, y], z, w, size);
      // the pair, and its image in a mirror, in which pixels on the edge belong to the other triangle
      const poses = [[p, q, left, right].map(row), [p, q, left, right].map((v) => row([32 - v[0], ...v.slice(1)]))];
      const hit = rasterize(tensor(poses), list([0, 1, 2, 1, 0, 3]), size);
      const [ids, depth] = await Promise.all([hit.triangles.data(), hit.depth.data()]);
      for (let step = 0; step <= 28; step++) {
        if ((across * step) % 28 !== 0) continue;
        const x = 16 + (across * step) / 28;
        // z / w is linear on the screen
        const expected = p[2] + (step / 28) * (q[2] - p[2]);
        const at = [32 * (step + 1) + x, 32 * 32 + 32 * (step + 1) + 31 - x];
        if (step % 28 !== 0) expect(new Set(at.map((i) => ids[i]))).toEqual(new Set([0, 1]));
        for (const i of at) {
          if (ids[i] < 0) continue; // an end of the edge
          compared++;
          expect(Math.abs(depth[i] - expected)).toBeLessThan(1e-6);
        }
      }
    }
    expect(compared).toBeGreaterThan(50);
  });

  it('closed meshes: rays enter as often as they leave, and nothing shines through', async () => {
    const ball = icosphereShape({ subdivisions: 2 });
    const triangles = list([...ball.triangles]);
    const size = { width: 48, height: 40 };
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 2 ** 31 }),
        fc.double({ min: 0, max: 0.6, noNaN: true }),
        async (seed, noise) => {
          const random = randomNumbers(seed);
          const [x, y, z] = randomDirection(random);
          // star-shaped: every vertex on its own ray from the middle
          const points = Array.from({ length: ball.positions.length / 3 }, (_, k) => {
            const r = 1 - noise * random();
            return [0, 1, 2].map((c) => r * ball.positions[3 * k + c]);
          });
          const clipFrom = (distance: number): Tensor => {
            const pose = lookAt([distance * x, distance * y, distance * z], [-x, -y, -z]);
            return perspective({ ...size, ...pose, fovY: 1, near: 0.01 }).project(tensor(points));
          };
          const outside = clipFrom(2.6);
          const layers = await peel(outside, triangles, size);
          const counts = layers[0].ids.map((_, i) => layers.filter(({ ids }) => ids[i] >= 0).length);
          expect(counts.every((n) => n % 2 === 0)).toBe(true);
          expect(counts.filter((n) => n > 0).length).toBeGreaterThan(100);
          for (let k = 1; k < layers.length; k++) {
            layers[k].ids.forEach((id, i) => {
              if (id >= 0) expect(layers[k].depths[i]).toBeGreaterThan(layers[k - 1].depths[i] - 1e-5);
            });
          }
          const inside = rasterize(clipFrom(0), triangles, size);
          expect(await inside.mask.all().item()).toBeTruthy();
        },
      ),
      { numRuns: 10, seed: 4, endOnFailure: true },
    );
  });
});

describe('ranges', () => {
  const size = { width: 14, height: 10 };
  const random = randomNumbers(2);
  const clip = upTo(8).map(() => clipAt([14 * random(), 10 * random()], random(), 0.5 + random(), size));
  const indices = [0, 1, 2, 1, 2, 3, 4, 5, 6, 5, 6, 7];
  const ranges = [[0, 2], [2, 2], [1, 1], [4, 0]] as const; // prettier-ignore

  it('an image of each range, as if it were drawn alone, with numbers of the whole list', async () => {
    const attributes = tensor(upTo(16).map(() => random())).reshape([8, 2]);
    const hit = rasterize(tensor(clip), list(indices), size, { ranges });
    const color = interpolate(attributes, hit, list(indices)).value;
    const second = rasterize(tensor(clip), list(indices), size, { ranges, behind: hit });
    expect(hit.derivatives.shape).toEqual([4, 10, 14, 2, 2]);
    for (const [k, [first, count]] of ranges.entries()) {
      const part = list(indices.slice(3 * first, 3 * (first + count)));
      const alone = rasterize(tensor(clip), part, size);
      const behind = rasterize(tensor(clip), part, size, { behind: alone });
      for (const [all, one] of [
        [hit, alone],
        [second, behind],
      ]) {
        const numbers = [...(await one.triangles.data())].map((id) => (id < 0 ? id : id + first));
        expect([...(await all.triangles.select(0, k).data())]).toEqual(numbers);
        for (const value of ['depth', 'barycentrics', 'derivatives'] as const) {
          expect(await all[value].select(0, k).data()).toEqual(await one[value].data());
        }
      }
      expect(await color.select(0, k).data()).toEqual(await interpolate(attributes, alone, part).value.data());
    }
  });

  it('is antialiased with the topology of the whole buffer', async () => {
    const topology = buildTopology(indices, 8);
    const hit = rasterize(tensor(clip), list(indices), size, { ranges });
    const alone = rasterize(tensor(clip), list(indices.slice(6)), size);
    const own = buildTopology(indices.slice(6), 8);
    for (const coverage of ['line', 'box'] as const) {
      const image = antialias(hit.mask.to('float32'), hit, tensor(clip), topology, { coverage });
      const expected = await antialias(alone.mask.to('float32'), alone, tensor(clip), own, { coverage }).data();
      expect(largestDifference(await image.select(0, 1).data(), expected)).toBeLessThan(1e-6);
      expect(expected.some((v) => v > 0 && v < 1)).toBe(true);
    }
  });

  it('has gradients to the vertices of all images', async () => {
    const draw = (at: Tensor): Tensor[] => {
      const hit = rasterize(at, list(indices), size, { ranges });
      return [hit.barycentrics, hit.depth];
    };
    await gradcheck(draw, [tensor(clip)]);
  });

  it('says what does not fit', () => {
    const all = tensor(clip);
    const draw = (given: object, at = all) => rasterize(at, list(indices), size, given);
    expect(() => draw({ ranges: [[3, 2]] })).toThrow(/range \[3, 2\] is no part of 4 triangles/);
    expect(() => draw({ ranges: [[0.5, 1]] })).toThrow(ShapeError);
    expect(() => draw({ ranges: [] })).toThrow(/at least one/);
    expect(() => draw({ ranges }, all.unsqueeze(0))).toThrow(/\[V, 4\] of the whole buffer/);
    expect(() => draw({ behind: draw({ ranges }) })).toThrow(/must be images \[10, 14\] as these, got \[4, 10, 14\]/);
  });
});
