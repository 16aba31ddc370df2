import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeError, tensor, valueAndGrad } from '../engine.js';
import type { Tensor } from '../engine.js';
import { largestDifference, randomNumbers } from '../testing/random.testing.js';
import {
  applyRowMap,
  boxShape,
  buildTopology,
  icosphereShape,
  mapNumbers,
  mesh,
  meshFileOf,
  planeShape,
  sphereShape,
  subdivide,
  subdivision,
  weldSeams,
} from './index.js';
import type { RowMap, ShapeData, Topology } from './index.js';
import { measure } from './measure.testing.js';

const topologyOf = ({ positions, triangles }: ShapeData): Topology => buildTopology(triangles, positions.length / 3);

/** Weights of one row, by vertex. */
const rowOf = ({ offsets, indices, weights }: RowMap, row: number): Map<number, number> =>
  new Map(
    Array.from({ length: offsets[row + 1] - offsets[row] }, (_, k) => [
      indices[offsets[row] + k],
      weights[offsets[row] + k],
    ]),
  );

/** A closed fan: a pole with n neighbours, and another below. */
const doubleCone = (n: number): Uint32Array =>
  Uint32Array.from(
    Array.from({ length: n }, (_, k) => [0, 2 + k, 2 + ((k + 1) % n), 1, 2 + ((k + 1) % n), 2 + k]).flat(),
  );

describe('subdivision', () => {
  it("has Loop's published weights at every valence, and those of its limit", () => {
    // Loop 1987: the vertex keeps 1 - n beta. n = 3: 7/16, n = 4: 0.515625, n = 6: 5/8; 3/8 + (3/8 + cos(2 pi / n) / 4)^2
    const kept = { 3: 7 / 16, 4: 0.515625, 5: 0.5795339054, 6: 5 / 8, 9: 0.6959348321 };
    for (const [name, own] of Object.entries(kept)) {
      const n = Number(name);
      const topology = buildTopology(doubleCone(n), n + 2);
      const around = rowOf(subdivision(topology).map, 0);
      expect([around.size, around.get(0)]).toEqual([n + 1, expect.closeTo(own, 6)]);
      expect(around.get(2)).toBeCloseTo((1 - own) / n, 6);
      const limit = rowOf(subdivision(topology, { steps: 0, limit: true }).map, 0);
      const chi = 1 / ((3 / 8) * (n / (1 - own)) + n);
      expect([limit.get(0), limit.get(2)]).toEqual([expect.closeTo(1 - n * chi, 5), expect.closeTo(chi, 6)]);
    }
    const sheet = topologyOf(planeShape({ cells: 4 }));
    const { map } = subdivision(sheet);
    expect(rowOf(map, 2)).toEqual(new Map([[2, 3 / 4], [1, 1 / 8], [3, 1 / 8]])); // prettier-ignore
    expect(rowOf(subdivision(sheet, { steps: 0, limit: true }).map, 2).get(2)).toBeCloseTo(2 / 3, 6);
    for (let e = 0; e < sheet.edges.length / 2; e++) {
      const weights = [...rowOf(map, sheet.vertexCount + e).values()].sort();
      expect(weights).toEqual(sheet.edgeTriangles[2 * e + 1] < 0 ? [1 / 2, 1 / 2] : [1 / 8, 1 / 8, 3 / 8, 3 / 8]);
    }
  });

  it('keeps the limit: vertices of finer meshes have the one that they had, wherever they lie', () => {
    const shapes = [boxShape(), planeShape({ cells: 3 }), icosphereShape({ subdivisions: 0 })];
    fc.assert(
      fc.property(
        fc.constantFrom(...shapes),
        fc.integer(),
        fc.constantFrom(1, 2),
        ({ positions, triangles }, seed, steps) => {
          const random = randomNumbers(seed);
          const x = Float32Array.from(positions, () => random() - 0.5);
          const topology = buildTopology(triangles, x.length / 3);
          const now = mapNumbers(subdivision(topology, { steps: 0, limit: true }).map, x, 3);
          const fine = subdivision(topology, { steps });
          const later = mapNumbers(
            subdivision(buildTopology(fine.triangles, fine.map.offsets.length - 1), { steps: 0, limit: true }).map,
            mapNumbers(fine.map, x, 3),
            3,
          );
          expect(largestDifference(now, later.subarray(0, now.length))).toBeLessThan(1e-6);
          // and the composed map is the maps one after the other
          const at = mapNumbers(subdivision(topology, { steps, limit: true }).map, x, 3);
          expect(largestDifference(at, later)).toBeLessThan(1e-6);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('by Loop tends to the sphere that finer meshes sample, with a quarter of the error each time', () => {
    const [volumes, areas] = [2, 3, 4].reduce<[number[], number[]]>(
      ([v, a], subdivisions) => {
        const ball = icosphereShape({ subdivisions });
        const { triangles, map } = subdivision(topologyOf(ball), { steps: 2, limit: true });
        const { volume, area } = measure({ triangles, positions: mapNumbers(map, ball.positions, 3) });
        return [
          [...v, volume / ((4 / 3) * Math.PI) - 1],
          [...a, area / (4 * Math.PI) - 1],
        ];
      },
      [[], []],
    );
    for (const errors of [volumes, areas]) {
      expect(Math.abs(errors[2])).toBeLessThan(6e-3);
      for (const k of [0, 1]) expect(errors[k] / errors[k + 1]).toBeCloseTo(4, 0);
    }
  });

  it('at midpoints keeps the surface; seams, texels and colours stay, gradients are the transposed map', async () => {
    const file = weldSeams({ ...sphereShape({ rows: 6, columns: 8 }), uvTriangles: sphereShape({ rows: 6, columns: 8 }).triangles }); // prettier-ignore
    const coarse = mesh({ ...file, colors: file.positions });
    const cut = await meshFileOf(subdivide(coarse, { scheme: 'midpoint', steps: 2 }));
    const before = measure(file);
    expect(measure(cut).volume).toBeCloseTo(before.volume, 5);
    expect(measure(cut).area).toBeCloseTo(before.area, 5);
    expect(largestDifference(cut.colors!, cut.positions)).toBe(0);

    const smooth = subdivide(coarse, { steps: 2 });
    const { uvs, uvTriangles, triangles } = await meshFileOf(smooth);
    expect(uvs).toEqual(cut.uvs);
    expect(smooth.topology.boundary.some((b) => b > 0)).toBe(false);
    // at u = 0 and 1 positions are one and texture coordinates two: nothing reaches across
    for (let f = 0; f < triangles.length; f += 3) {
      const us = [0, 1, 2].map((k) => uvs![2 * uvTriangles![f + k]]);
      expect(Math.max(...us) - Math.min(...us)).toBeLessThan(1 / 8 / 4 + 1e-6);
    }

    const random = randomNumbers(5);
    const { map } = subdivision(coarse.topology, { steps: 2, limit: true });
    const seed = Float32Array.from({ length: 3 * (map.offsets.length - 1) }, () => random() - 0.5);
    const expected = new Float64Array(file.positions.length);
    for (let row = 0; row + 1 < map.offsets.length; row++) {
      for (const [index, weight] of rowOf(map, row)) {
        for (let c = 0; c < 3; c++) expected[3 * index + c] += weight * seed[3 * row + c];
      }
    }
    const [, g] = valueAndGrad((p: Tensor) => applyRowMap(map, p).mul(tensor(seed, [seed.length / 3, 3])).sum())(coarse.positions); // prettier-ignore
    expect(largestDifference(await g.data(), expected)).toBeLessThan(2e-5);
  });

  it('takes degenerate triangles and bow ties, and says what it cannot do', () => {
    const odd = subdivision(buildTopology([0, 1, 2, 1, 1, 3, 2, 2, 2], 5));
    expect(odd.triangles.length).toBe(36);
    odd.map.offsets.slice(1).forEach((_, row) => {
      expect([...rowOf(odd.map, row).values()].reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    });
    expect(rowOf(subdivision(buildTopology([0, 1, 2, 0, 3, 4], 5)).map, 0).get(0)).toBe(1);
    const book = buildTopology([0, 1, 2, 1, 0, 3, 0, 1, 4], 5);
    expect(() => subdivision(book)).toThrow(/1 edges have more than two/);
    expect(subdivision(book, { scheme: 'midpoint' }).triangles.length).toBe(36);
    expect(() => subdivision(book, { steps: 8 })).toThrow(ShapeError);
    expect(() => subdivision(book, { scheme: 'midpoint', limit: true })).toThrow(/limit/);
    const empty = subdivision(buildTopology([], 0), { steps: 2 });
    expect([empty.triangles.length, empty.map.columns]).toEqual([0, 0]);
  });
});
