import { describe, expect, it } from 'vitest';
import { compileToJS, tensor, valueAndGrad } from '../engine.js';
import type { Tensor } from '../engine.js';
import { compareSampler } from '../testing/chiSquare.testing.js';
import { largestDifference, randomDirection, randomNumbers } from '../testing/random.testing.js';
import {
  directionToLatLong,
  importanceTables,
  invertEnvironment,
  latLongCoordinates,
  latLongDirection,
  latLongToDirection,
  pdfEnvironment,
  sampleEnvironment,
} from './environment/index.js';
import {
  directionalIrradiance,
  discIrradiance,
  halfPlaneIrradiance,
  pointIrradiance,
  polygonIrradiance,
  sphereIrradiance,
} from './emitters.js';

const random = randomNumbers(11);
const [height, width] = [8, 12];
const bright = Array.from({ length: height }, (_, y) =>
  Array.from({ length: width }, (_, x) => (x === 3 && y === 2 ? 60 : 0.2 + random() + 0.2 * y)),
);

describe('lat-long maps', () => {
  it('have the stated convention, there and back', () => {
    expect(largestDifference(latLongToDirection(0, 0.5), [0, 0, -1])).toBeLessThan(1e-12);
    expect(largestDifference(latLongToDirection(0.25, 0.5), [1, 0, 0])).toBeLessThan(1e-12);
    expect(largestDifference(latLongToDirection(0.7, 0), [0, 1, 0])).toBeLessThan(1e-12);
    const [to, from] = [latLongCoordinates, latLongDirection].map((fn) => compileToJS(fn));
    for (let n = 0; n < 100; n++) {
      const d = randomDirection(random);
      expect(largestDifference(from(...to(...d)), d)).toBeLessThan(1e-12);
      expect(largestDifference(to(...d), directionToLatLong(d))).toBeLessThan(1e-12);
    }
  });
});

describe('environment sampling', () => {
  const count = 60_000;
  const numbers = Array.from({ length: count }, () => [random(), random()]);

  /** Chi-square deviate of sampled directions against the density of the tables. */
  async function deviate(shift: number): Promise<number> {
    const tables = importanceTables(tensor(bright));
    const { conditional } = tables;
    // the planted error: cumulative sums that begin one texel late
    const moved =
      shift === 0
        ? tables
        : {
            ...tables,
            conditional: conditional.slice(null, [0, width]).pad([
              [0, 0],
              [1, 0],
            ]),
          };
    const { directions } = sampleEnvironment(moved, tensor(numbers));
    const d = await directions.data();
    const density = await tables.density.data();
    let n = 0;
    // the tables' pole is +Y: turned to +Z, and the azimuth as the map has it
    const { deviate: found, mass } = compareSampler(
      {
        sample: () => [-d[3 * n + 2], d[3 * n], d[3 * n++ + 1]],
        pdf: ([x, y, z]) => {
          const [u, v] = directionToLatLong([y, z, -x]);
          return density[
            Math.min(Math.floor(v * height), height - 1) * width + Math.min(Math.floor(u * width), width - 1)
          ];
        },
      },
      { samples: count, rows: 12, columns: 12, inner: 40 },
    );
    expect(mass).toBeCloseTo(1, 2);
    return found;
  }

  it('has its density; a table that is off by one is found out', async () => {
    expect(await deviate(0)).toBeLessThan(4);
    expect(await deviate(1)).toBeGreaterThan(20);
  });

  it('inverts, agrees with its pdf, and takes negative and black maps', async () => {
    const tables = importanceTables(tensor(bright));
    const u = numbers.slice(0, 2000);
    const { directions, pdf } = sampleEnvironment(tables, tensor(u));
    const back = await invertEnvironment(tables, directions).data();
    expect(largestDifference(back, u.flat())).toBeLessThan(1e-4);
    const again = await pdfEnvironment(tables, directions).data();
    const given = await pdf.data();
    expect(again.filter((p, i) => Math.abs(p - given[i]) > 1e-5 * p).length).toBeLessThan(4); // on a texel's border
    const negative = importanceTables(tensor(bright).neg());
    expect(largestDifference(await negative.density.data(), await tables.density.data())).toBeLessThan(1e-6);
    const black = await importanceTables(tensor(new Float32Array(96), [8, 12])).density.data();
    expect(
      largestDifference(
        black,
        black.map(() => 1 / (4 * Math.PI)),
      ),
    ).toBeLessThan(1e-6);
  });
});

describe('lights in closed form', () => {
  it('are the values and derivatives of the research notes', async () => {
    const corners = tensor([
      [0.4, 0.1, 1.2],
      [-0.3, 0.6, 1],
      [-0.2, -0.5, 1.5],
    ]);
    const [value, gradient] = valueAndGrad((c: Tensor) => polygonIrradiance(c, tensor([0, 0, 0]), tensor([0, 0, 1])))(
      corners,
    );
    expect(await value.item()).toBeCloseTo(0.2236668, 6);
    const published = [0.32962, 0.0384, -0.11307, -0.16313, 0.15504, -0.14196, -0.14203, -0.18627, -0.08103];
    expect(largestDifference(await gradient.data(), published)).toBeLessThan(2e-5);

    const [half, byEdge] = valueAndGrad((e: Tensor) => halfPlaneIrradiance(e, tensor(0), tensor(1)))(tensor(0.3));
    expect([await half.item(), await byEdge.item()].map((v) => Math.round(v * 1e5) / 1e5)).toEqual([1.11943, -1.38032]);

    const [, byRadius] = valueAndGrad((r: Tensor) => discIrradiance(r, tensor(2)))(tensor(1));
    expect(await byRadius.item()).toBeCloseTo((2 * Math.PI * 4) / 25, 5);
  });

  it('agree with each other far away', async () => {
    const [p, n] = [tensor([[0.3, -0.2, 0]]), tensor([[0, 0.6, 0.8]])];
    const point = await pointIrradiance(p, n, tensor([1, 2, 6])).item();
    const d = [0.7, 2.2, 6];
    const square = d.reduce((s, v) => s + v * v, 0);
    expect(point).toBeCloseTo((2.2 * 0.6 + 6 * 0.8) / square ** 1.5, 6);
    expect(await sphereIrradiance(p, n, tensor([1, 2, 6]), 0.5).item()).toBeCloseTo((Math.PI / 4) * point, 6);
    const along = tensor(d.map((v) => -v / Math.sqrt(square)));
    expect(await directionalIrradiance(n, along).item()).toBeCloseTo(point * square, 5);
  });
});
