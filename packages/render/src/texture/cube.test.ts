import { describe, expect, it } from 'vitest';
import { ShapeError, elementwise, grad, gradcheck, referenceData, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { largestDifference, randomDirection, randomNumbers } from '../testing/random.testing.js';
import { cubeDetail } from './cube.js';
import { texture } from './index.js';

const random = randomNumbers(404);
type Vector = readonly [number, number, number];

/** Each face by its middle, and where its columns and its rows run to, in the order of graphics APIs. */
const faces: readonly [middle: Vector, right: Vector, down: Vector][] = [
  [[1, 0, 0], [0, 0, -1], [0, -1, 0]], // prettier-ignore
  [[-1, 0, 0], [0, 0, 1], [0, -1, 0]], // prettier-ignore
  [[0, 1, 0], [1, 0, 0], [0, 0, 1]], // prettier-ignore
  [[0, -1, 0], [1, 0, 0], [0, 0, -1]], // prettier-ignore
  [[0, 0, 1], [1, 0, 0], [0, -1, 0]], // prettier-ignore
  [[0, 0, -1], [-1, 0, 0], [0, -1, 0]], // prettier-ignore
];
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((s, v, k) => s + v * b[k], 0);

/** Point of a face at (right, down) from -1 to 1. */
const pointOf = (face: number, right: number, down: number): number[] => {
  const [m, r, d] = faces[face];
  return m.map((v, k) => v + right * r[k] + down * d[k]);
};

/** The four corners of a texel, as texts that compare. */
function cornersOf(face: number, column: number, row: number, n: number): string[] {
  const steps = [[0, 0], [1, 0], [0, 1], [1, 1]]; // prettier-ignore
  return steps.map(([x, y]) =>
    pointOf(face, (2 * (column + x)) / n - 1, (2 * (row + y)) / n - 1)
      .map((v) => Math.round(v * n))
      .join(),
  );
}

/**
 * The cube written down again, in float64: texels beyond an edge are found by the two corners that they share with those
 * before it; where there is none, the other three are weighted anew.
 */
function plainCube(data: number[][][][], direction: readonly number[]): number[] {
  const n = data[0].length;
  const face = faces.map(([m]) => dot(m, direction)).reduce((best, v, k, all) => (v > all[best] ? k : best), 0);
  const [m, r, d] = faces[face];
  const [x, y] = [r, d].map((axis) => ((dot(axis, direction) / dot(m, direction) + 1) * n) / 2 - 0.5);
  const [i, j] = [Math.floor(x), Math.floor(y)];
  const isIn = (k: number): boolean => k >= 0 && k < n;
  const shares: [number, number[]][] = [];
  let lost = 0;
  for (const [dx, dy] of [
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ]) {
    // prettier-ignore
    const weight = (dx ? x - i : 1 - x + i) * (dy ? y - j : 1 - y + j);
    const [column, row] = [i + dx, j + dy];
    if (isIn(column) && isIn(row)) shares.push([weight, data[face][row][column]]);
    else if (!isIn(column) && !isIn(row)) lost = weight;
    else {
      const inside = [column, row].map((k) => Math.min(Math.max(k, 0), n - 1));
      const own = cornersOf(face, inside[0], inside[1], n);
      const beyond = own.filter((c) => cornersOf(face, column, row, n).includes(c));
      for (let f = 0; f < 6; f++) {
        for (let t = 0; f !== face && t < n * n; t++) {
          const theirs = cornersOf(f, t % n, Math.floor(t / n), n);
          if (beyond.every((c) => theirs.includes(c))) shares.push([weight, data[f][Math.floor(t / n)][t % n]]);
        }
      }
    }
  }
  return data[0][0][0].map((_, c) => shares.reduce((s, [w, texel]) => s + (w + lost / 3) * texel[c], 0));
}

const cubeOf = (n: number, c: number, value: (d: number[]) => number[]): number[][][][] =>
  faces.map((_, f) =>
    Array.from({ length: n }, (__, y) =>
      Array.from({ length: n }, (___, x) => value(pointOf(f, (2 * x + 1) / n - 1, (2 * y + 1) / n - 1)).slice(0, c)),
    ),
  );
const noise = (n: number, c: number): number[][][][] => cubeOf(n, c, () => Array.from({ length: c }, random));

/** Directions near edges and corners of the cube, `distance` off, at all twelve and eight of them. */
function nearEdges(distance: number): number[][] {
  const places: number[][] = [];
  for (const [p, q, s] of [
    [0, 1, 2],
    [1, 2, 0],
    [2, 0, 1],
  ]) {
    // prettier-ignore
    for (const [a, b] of [[1, 1], [1, -1], [-1, 1], [-1, -1]]) { // prettier-ignore
      for (const along of [0.31, -0.77, 1 - 3 * distance, distance * 2 - 1]) {
        const d = [0, 0, 0];
        [d[p], d[q], d[s]] = [a, b * (1 - distance * (0.5 + random())), along];
        places.push(d);
      }
    }
  }
  return places;
}

describe('cube maps', () => {
  it('are read as written down again in float64, on faces, over edges and at corners', async () => {
    for (const n of [1, 2, 5]) {
      const data = noise(n, 2);
      const at = [
        ...Array.from({ length: 200 }, () => randomDirection(random).map((v) => v * 10 ** (4 * random() - 2))),
        ...nearEdges(0.02),
        ...nearEdges(1e-4),
      ];
      const expected = at.flatMap((d) => plainCube(data, d));
      const found = texture(tensor(data), tensor(at), { mode: 'cube' });
      expect(largestDifference(await found.data(), expected)).toBeLessThan(2e-5);
      expect(largestDifference((await referenceData(found))[0], expected)).toBeLessThan(1e-5);
    }
  });

  it('look towards where they are looked at: a map of directions gives them back', async () => {
    const map = tensor(cubeOf(32, 3, (d) => d.map((v) => v / Math.hypot(...d))));
    const at = Array.from({ length: 300 }, () => randomDirection(random));
    for (const [filter, bound] of [
      ['bilinear', 6e-3],
      ['nearest', 0.07],
    ] as const) {
      // prettier-ignore
      const found = await texture(map, tensor(at), { mode: 'cube', filter }).data();
      expect(largestDifference(found, at.flat())).toBeLessThan(bound);
    }
  });

  it('have no seams: values and levels are the same from both sides of edges and corners', async () => {
    const [n, step] = [4, 1e-5];
    const map = tensor(noise(n, 3));
    const [before, after, slopes] = [[], [], []] as number[][][];
    for (const d of [...nearEdges(1e-9), [1, 1, 1], [-1, 1, -1], [1, -1, 1]]) {
      for (let k = 0; k < 6; k++) {
        const away = randomDirection(random);
        before.push(d);
        after.push(d.map((v, c) => v + step * away[c]));
        slopes.push([...randomDirection(random), ...randomDirection(random)]);
      }
    }
    const read = (at: number[][], level: number): Promise<ArrayLike<number>> =>
      texture(map, tensor(at), { mode: 'cube', level: tensor(level) }).data() as Promise<Float32Array>;
    for (const level of [0, 1, 1.5, 2]) {
      expect(largestDifference(await read(before, level), await read(after, level))).toBeLessThan(10 * n * step);
    }
    const parts = [tensor(slopes).slice(null, [0, 3]), tensor(slopes).slice(null, [3, 6])];
    const detail = (at: number[][]): Promise<ArrayLike<number>> =>
      elementwise(cubeDetail, tensor(at), ...parts, 64).data() as Promise<Float32Array>;
    expect(largestDifference(await detail(before), await detail(after))).toBeLessThan(100 * step);
  });

  it('have gradients to texels, directions and level, over edges and at corners', async () => {
    const at = tensor([...nearEdges(0.03).filter((_, k) => k % 3 === 0), [0.2, -0.3, 0.7], [0.96, 0.99, 1], [-1, 0.97, -0.98]]); // prettier-ignore
    const count = at.shape[0];
    const level = tensor(Array.from({ length: count }, () => 0.1 + 1.7 * random()));
    const read = (map: Tensor, d: Tensor, l: Tensor): Tensor => texture(map, d, { mode: 'cube', level: l });
    for (const n of [1, 4]) await gradcheck(read, [tensor(noise(n, 2)), at, level], { most: 60 });
    await gradcheck((map: Tensor, d: Tensor) => texture(map, d, { mode: 'cube' }), [tensor(noise(3, 1)), at]);
    // by way of derivatives, which the level depends on together with the direction
    const slopes = tensor(Array.from({ length: count }, () => Array.from({ length: 6 }, () => 0.5 * random() - 0.2)));
    await gradcheck(
      (map: Tensor, d: Tensor, s: Tensor) => texture(map, d, { mode: 'cube', derivatives: s.reshape([count, 2, 3]) }),
      [tensor(noise(8, 1)), at, slopes],
      { most: 60 },
    );
    // what is taken from texels in all is what was read
    const all = grad((map: Tensor) => texture(map, at, { mode: 'cube', level }).sum());
    expect(
      await all(tensor(noise(4, 1)))
        .sum()
        .item(),
    ).toBeCloseTo(count, 4);
  });

  it('choose the level by the angle that a pixel covers', async () => {
    const n = 16;
    const levelAt = async (d: readonly number[], texels: number): Promise<number> => {
      // a pixel as wide as so many texels about the middle of a face, round
      const step = (2 * texels) / n;
      return elementwise(
        cubeDetail,
        tensor([...d]),
        tensor([step, 0, 0]),
        tensor([0, step, 0]),
        n,
      ).item() as Promise<number>;
    };
    expect(await levelAt([0, 0, 1], 4)).toBeCloseTo(2, 5);
    expect(await levelAt([0, 0, -1], 1)).toBeCloseTo(0, 5);
    expect(await levelAt([0, 0, 5], 10)).toBeCloseTo(1, 5); // five times as far away
    const map = noise(n, 1);
    const mean = map.flat(3).reduce((a, b) => a + b) / (6 * n * n);
    const far = texture(tensor(map), tensor([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]]), { mode: 'cube', level: tensor(9) }); // prettier-ignore
    expect(await far.mean().item()).toBeCloseTo(mean, 5);
  });

  it('take levels that somebody else made, batches, and pictures likewise', async () => {
    const [fine, coarse] = [noise(5, 2), noise(2, 2)];
    const at = Array.from({ length: 9 }, () => randomDirection(random));
    const level = 0.3;
    const expected = at.flatMap((d) => {
      const [a, b] = [plainCube(fine, d), plainCube(coarse, d)];
      return a.map((v, k) => (1 - level) * v + level * b[k]);
    });
    const options = { mode: 'cube', level: tensor(level), mipmaps: [tensor(coarse)] } as const;
    expect(largestDifference(await texture(tensor(fine), tensor(at), options).data(), expected)).toBeLessThan(1e-5);
    await gradcheck(
      (a: Tensor, b: Tensor) => texture(a, tensor(at), { ...options, mipmaps: [b] }),
      [tensor(fine), tensor(coarse)],
      { most: 40 },
    );
    const other = noise(5, 2);
    for (const filter of ['nearest', 'bilinear', 'trilinear'] as const) {
      const own = filter === 'trilinear' ? { mode: 'cube', filter, level: tensor(1.2) } as const : { mode: 'cube', filter } as const; // prettier-ignore
      const both = await texture(tensor([fine, other]), tensor([at, at]), own).data();
      const alone = [];
      for (const map of [fine, other]) alone.push(...(await texture(tensor(map), tensor(at), own).data()));
      expect(largestDifference(both, alone)).toBeLessThan(1e-6);
    }
    const flat = texture(tensor([[[1], [3]]]), tensor([[0.5, 0.5]]), {
      level: tensor(0.5),
      mipmaps: [tensor([[[7]]])],
    });
    expect(await flat.item()).toBeCloseTo(4.5, 6);
  });

  it('hostile directions harm nobody, and what does not fit is said', async () => {
    const data = noise(3, 1);
    const at = tensor([[0, 0, 0], [NaN, 1, 0], [Infinity, 1, 0], [1e30, 1e30, -1e30], [1e-30, 2e-30, 0], [0, 0, 1]]); // prettier-ignore
    const found = await texture(tensor(data), at, { mode: 'cube' }).data();
    expect(found[0]).toBe(Math.fround(data[0][1][1][0]));
    expect(found[3]).toBeCloseTo(plainCube(data, [1, 1, -1])[0], 5);
    expect(found[4]).toBeCloseTo(plainCube(data, [0.5, 1, 0])[0], 5);
    expect(found[5]).toBe(Math.fround(data[4][1][1][0]));
    const zero = grad((d: Tensor) => texture(tensor(data), d, { mode: 'cube', derivatives: tensor(new Float32Array(6), [1, 2, 3]) }).sum()); // prettier-ignore
    expect([...(await zero(tensor([[0, 0, 0]])).data())].every(Number.isFinite)).toBe(true);
    const map = tensor(data);
    expect(() => texture(map.slice([0, 5]), at, { mode: 'cube' })).toThrow(/\[6, N, N, C\].* got \[5, 3, 3, 1\]/);
    expect(() => texture(map, at.slice(null, [0, 2]), { mode: 'cube' })).toThrow(/directions must be \[\.\.\., 3\]/);
    expect(() => texture(map, at, { mode: 'cube', wrap: 'repeat' })).toThrow(/no outside.* got repeat/);
    expect(() => texture(map, at, { mode: 'cube', level: tensor([1, 2]) })).toThrow(ShapeError);
    expect(() => texture(map, at, { mode: 'cube', level: tensor(1), mipmaps: [map] })).toThrow(
      /mip level 1 must be \[6, 1, 1, 1\], got \[6, 3, 3, 1\]/,
    );
  });
});
