import { describe, expect, it } from 'vitest';
import { compileToJS, elementwise, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { sobol, sobolBits } from './samplers.js';

/** The fraction whose first binary digit is a word's last bit. */
const fromLast = (word: number): number =>
  [0, 1, 2, 3].reduce((sum, k) => sum + ((word >>> k) & 1) * 0.5 ** (k + 1), 0);
const point = compileToJS(sobol);
const key = [0x1234567, 0x89abcdef];
/** The first 2^digits points of a stream. */
const points = (digits: number, stream: number, pixel = 0): number[][] =>
  Array.from({ length: 2 ** digits }, (_, k) => point(pixel, k, stream, ...key, digits));

/** Numbers of points in each of the elementary intervals 2^-a x 2^-b, a + b = digits - t, of two dimensions. */
function countsPerInterval(set: readonly number[][], [x, y]: readonly [number, number], t = 0): Set<number> {
  const digits = Math.log2(set.length) - t;
  const found = new Set<number>();
  for (let a = 0; a <= digits; a++) {
    const cells = new Uint32Array(2 ** digits);
    for (const p of set) cells[Math.floor(p[x] * 2 ** a) * 2 ** (digits - a) + Math.floor(p[y] * 2 ** (digits - a))]++;
    cells.forEach((n) => found.add(n));
  }
  return found;
}

describe("Sobol's points, scrambled", () => {
  it('of two dimensions fill every elementary interval once, in every stream', () => {
    for (const digits of [1, 2, 3, 6, 10]) {
      for (const stream of [0, 1, 7]) {
        expect([...countsPerInterval(points(digits, stream), [0, 1])]).toEqual([1]);
      }
    }
    // a set with two coordinates exchanged between points has an interval of two: the count can fail
    const wrong = points(6, 0);
    wrong[0] = [wrong[0][0], wrong[1][1]];
    expect(countsPerInterval(wrong, [0, 1]).size).toBeGreaterThan(1);
  });

  it('of the other dimensions are permutations, and pairs of them nets of a quality', () => {
    const set = points(8, 3);
    for (const c of [0, 1, 2, 3]) expect(new Set(set.map((p) => Math.floor(256 * p[c]))).size).toBe(256);
    // a pair is a net of quality t, the sum of its polynomials' degrees less one each (Niederreiter 1987)
    const degrees = [1, 1, 2, 3];
    for (const [x, y] of [
      [0, 2],
      [0, 3],
      [1, 2],
      [1, 3],
      [2, 3],
    ] as const) {
      const t = degrees[x] + degrees[y] - 2;
      expect([...countsPerInterval(set, [x, y], t)], `${x} ${y}`).toEqual([2 ** t]);
    }
  });

  it('without scrambling are those of the published table', () => {
    // Joe and Kuo 2008, the first points of their generator in this order: (index, four coordinates)
    const bits = compileToJS(sobolBits);
    const table = [
      [0, 0, 0, 0],
      [0.5, 0.5, 0.5, 0.5],
      [0.25, 0.75, 0.75, 0.75],
      [0.75, 0.25, 0.25, 0.25],
      [0.125, 0.625, 0.375, 0.125],
      [0.625, 0.125, 0.875, 0.625],
      [0.375, 0.375, 0.625, 0.875],
      [0.875, 0.875, 0.125, 0.375],
    ];
    table.forEach((row, k) => expect(bits(k, 3).map(fromLast), String(k)).toEqual(row));
  });

  it('are each spread evenly, whichever sample, pixel and stream', () => {
    // one fixed sample over many pixels and streams: a chi-square over 4 x 64 cells, and the mean of every dimension
    const cells = [0, 1, 2, 3].map(() => new Float64Array(64));
    const total = 64 * 256;
    const sums = [0, 0, 0, 0];
    for (let pixel = 0; pixel < total / 4; pixel++) {
      for (let stream = 0; stream < 4; stream++) {
        point(pixel, 5, stream, ...key, 4).forEach((u, c) => (cells[c][Math.floor(64 * u)]++, (sums[c] += u)));
      }
    }
    const chiSquare = (counts: Float64Array): number => counts.reduce((s, n) => s + (n - 256) ** 2 / 256, 0);
    const deviate = (counts: Float64Array): number =>
      (Math.cbrt(chiSquare(counts) / 63) - (1 - 2 / 567)) / Math.sqrt(2 / 567);
    for (const counts of cells) expect(Math.abs(deviate(counts))).toBeLessThan(4);
    for (const sum of sums) expect(Math.abs(sum / total - 0.5) * Math.sqrt(12 * total)).toBeLessThan(4);
    const planted = cells[0].slice();
    planted.forEach((n, i) => (planted[i] = n * (1 + 0.08 * Math.sign(i - 31.5)))); // 8 % more in one half
    expect(deviate(planted)).toBeGreaterThan(4);
  });

  it('of different streams and pixels do not know of each other', () => {
    // mean products of a number of one and a number of the other, also of what is left of four and sixteen times them
    const wave = (u: number, times: number): number => ((times * u) % 1) - 0.5;
    const runs = 400;
    const correlation = (of: (run: number) => readonly [number[][], number[][]], c: number, times: number): number => {
      const sums = Array.from({ length: runs }, (_, run) => {
        const [one, other] = of(run);
        return one.reduce((sum, p, k) => sum + wave(p[0], times) * wave(other[k][c], times), 0);
      });
      const mean = sums.reduce((a, b) => a + b) / runs;
      return mean / Math.sqrt(sums.reduce((s, v) => s + (v - mean) ** 2, 0) / (runs - 1) / runs);
    };
    for (const [stream, pixel] of [
      [1, 0],
      [2, 0],
      [0, 1],
      [0, 64],
    ]) {
      for (const times of [1, 4, 16]) {
        const z = [0, 1, 2, 3].map((c) =>
          correlation(
            (run) => [points(4, 10 * run, 1000 * run), points(4, 10 * run + stream, 1000 * run + pixel)],
            c,
            times,
          ),
        );
        for (const v of z) expect(Math.abs(v), `stream ${stream}, pixel ${pixel}, times ${times}`).toBeLessThan(4.5);
      }
    }
    // streams in the same order would be found out
    const alike = correlation((run) => [points(4, run), points(4, run).map(([x, ...rest]) => [x ** 2, ...rest])], 0, 1);
    expect(alike).toBeGreaterThan(10);
  });

  it('have the same bits on the GPU as in float64', async () => {
    const words = (f: (i: number) => number): Tensor => tensor(Uint32Array.from({ length: 512 }, (_, i) => f(i)));
    const [pixels, samples, streams] = [words((i) => i * 977), words((i) => i % 64), words((i) => i % 7)];
    const keys = tensor(Uint32Array.from(key));
    const digits = tensor(Uint32Array.of(6)).select(0, 0);
    const found = await elementwise(sobol, pixels, samples, streams, keys, digits).data();
    const exact = Array.from({ length: 512 }, (_, i) => point(i * 977, i % 64, i % 7, ...key, 6)).flat();
    expect(Array.from(found)).toEqual(exact);
  });
});
