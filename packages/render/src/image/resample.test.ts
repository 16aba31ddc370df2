import { describe, expect, it } from 'vitest';
import { ShapeError, grad, tensor } from '../engine.js';
import type { Tensor } from '../engine.js';
import { largestDifference, randomNumbers } from '../testing/random.testing.js';
import {
  boxBlur,
  collapse,
  gaussianBlur,
  gaussianPyramid,
  halve,
  iou,
  laplacianPyramid,
  linearOfSRGB,
  resize,
  srgbOfLinear,
  toneMap,
} from './index.js';

const random = randomNumbers(77);

/** The picture whose resized values torch 1.13 gave (F.interpolate, float64, antialias). */
const [rows, columns] = [9, 14];
const picture = tensor(
  Float32Array.from(
    { length: rows * columns },
    (_, k) => 0.5 + 0.4 * Math.sin(0.7 * k) + 0.1 * Math.cos((1.3 * k * k) % 5),
  ),
  [1, rows, columns, 1],
);

describe('resize', () => {
  it.each([
    ['catmullRom', 4, 5, [0.520756, 0.558102, 0.41762, 0.462767, 0.506765, 0.438464, 0.511965], 9.728125869657841],
    ['triangle', 4, 5, [0.520008, 0.539975, 0.432961, 0.470584, 0.499516, 0.434152, 0.512595], 9.726916932148008],
    ['triangle', 13, 20, [0.6, 0.70144, 0.836374, 0.981799, 0.888325, 0.787343, 0.682461], 126.69870110963734],
    ['catmullRom', 13, 20, [0.601735, 0.714268, 0.893675, 1.050742, 0.943266, 0.820396, 0.696795], 126.50110377431906],
  ] as const)('%s to %i x %i is what torch gives', async (filter, height, width, first, sum) => {
    const found = await resize(picture, { height, width }, { filter }).data();
    expect(largestDifference(found.slice(0, first.length), first)).toBeLessThan(2e-6);
    expect(Float64Array.from(found).reduce((a, b) => a + b, 0)).toBeCloseTo(sum, 3);
  });

  it('keeps constants and areas; its gradient is its transpose', async () => {
    for (const filter of ['box', 'triangle', 'mitchell', 'catmullRom', 'lanczos3'] as const) {
      const flat = resize(picture.mul(0).add(0.7), { height: 5, width: 33 }, { filter });
      expect(largestDifference(await flat.data(), new Float32Array(165).fill(0.7)), filter).toBeLessThan(1e-6);
    }
    const even = picture.narrow(1, 0, 8);
    expect(
      largestDifference(
        await resize(even, { height: 4, width: 7 }, { filter: 'box' }).data(),
        await halve(even).data(),
      ),
    ).toBeLessThan(1e-6);
    expect(
      largestDifference(
        await resize(picture, { height: 9, width: 14 }, { filter: 'lanczos3' }).data(),
        await picture.data(),
      ),
    ).toBeLessThan(1e-6);
    // <y, A x> = <A' y, x> for random y, with A' from the gradient
    const y = tensor(Float32Array.from({ length: 4 * 5 }, random), [1, 4, 5, 1]);
    const product = (x: Tensor): Tensor => resize(x, { height: 4, width: 5 }).mul(y).sum();
    const back = await grad(product)(picture).mul(picture).sum().item();
    expect(back).toBeCloseTo(await product(picture).item(), 4);
    expect(() => resize(picture, { height: 0, width: 3 })).toThrow(ShapeError);
    expect((await resize(picture.narrow(2, 0, 1), { height: 3, width: 4 }).data()).length).toBe(12);
  });
});

describe('blurs and pyramids', () => {
  it('are the sums that they are named after, also at borders', async () => {
    const x = await picture.data();
    const plain = (weight: (d: number) => number, radius: number, row: number, column: number): number => {
      let [sum, total] = [0, 0];
      for (let i = Math.max(0, row - radius); i <= Math.min(rows - 1, row + radius); i++) {
        for (let j = Math.max(0, column - radius); j <= Math.min(columns - 1, column + radius); j++) {
          const w = weight(i - row) * weight(j - column);
          sum += w * x[i * columns + j];
          total += w;
        }
      }
      return sum / total;
    };
    const [soft, mean] = [await gaussianBlur(picture, 1.2).data(), await boxBlur(picture, 2).data()];
    for (const [row, column] of [
      [0, 0],
      [4, 7],
      [8, 12],
    ]) {
      const at = row * columns + column;
      expect(soft[at]).toBeCloseTo(
        plain((d) => Math.exp((-d * d) / 2.88), 4, row, column),
        5,
      );
      expect(mean[at]).toBeCloseTo(
        plain(() => 1, 2, row, column),
        5,
      );
    }
    expect(() => gaussianBlur(picture, 0)).toThrow(/sigma must be above 0/);
  });

  it('Laplacian levels give the image back, of any size; smooth images live in the coarse levels', async () => {
    const image = tensor(Float32Array.from({ length: 2 * 21 * 13 * 3 }, random), [2, 21, 13, 3]);
    const levels = laplacianPyramid(image, 4);
    expect(levels.map((l) => l.shape.slice(1, 3))).toEqual([
      [21, 13],
      [11, 7],
      [6, 4],
      [3, 2],
    ]);
    expect(largestDifference(await collapse(levels).data(), await image.data())).toBeLessThan(1e-6);
    const impulse = tensor(
      Float32Array.from({ length: 81 }, (_, k) => Number(k === 40)),
      [1, 9, 9, 1],
    );
    const [, reduced] = gaussianPyramid(impulse, 2);
    expect((await reduced.data())[12]).toBeCloseTo(36 / 256, 6); // (6 / 16)^2
    const smooth = laplacianPyramid(image.mul(0).add(0.3), 3);
    expect(largestDifference(await smooth[0].data(), new Float32Array(2 * 21 * 13 * 3))).toBeLessThan(1e-6);
  });
});

describe('tone mapping', () => {
  const light = [0, 0.18, 1, 4, 11.2, 100];
  const grey = tensor(light.flatMap((x) => [x, x, x])).reshape([-1, 3]);
  const green = async (image: Tensor): Promise<number[]> => [...(await image.select(1, 1).data())];

  it('curves follow their papers', async () => {
    const hable = (x: number): number =>
      (x * (0.15 * x + 0.1 * 0.5) + 0.2 * 0.02) / (x * (0.15 * x + 0.5) + 0.2 * 0.3) - 0.02 / 0.3;
    expect(
      largestDifference(
        await green(toneMap(grey)),
        light.map((x) => (x * (1 + x / 16)) / (1 + x)),
      ),
    ).toBeLessThan(1e-5);
    expect(
      largestDifference(
        await green(toneMap(grey, { curve: 'filmic' })),
        light.map((x) => hable(x) / hable(11.2)),
      ),
    ).toBeLessThan(1e-5);
    // grey passes ACES' matrices up to their rounding
    const rational = (v: number): number =>
      (v * (v + 0.0245786) - 0.000090537) / (v * (0.983729 * v + 0.432951) + 0.238081);
    expect(largestDifference(await green(toneMap(grey, { curve: 'aces' })), light.map(rational))).toBeLessThan(2e-4);
    expect(await toneMap(grey, { curve: 'none', exposure: 1 }).max().item()).toBe(200);
    const red = toneMap(tensor([8, 0, 0], [1, 3]), { curve: 'aces' });
    expect((await red.data())[1]).toBeGreaterThan(0.1); // loses its saturation
    expect(() => toneMap(grey, { white: 0 })).toThrow(ShapeError);
  });

  it('gradients are those of differences; dark and negative light stays finite', async () => {
    for (const curve of ['reinhard', 'aces', 'filmic'] as const) {
      const f = (x: Tensor): Tensor =>
        toneMap(x, { curve })
          .mul(tensor([1, 2, 3]))
          .sum();
      const at = [0.3, 1.1, 2.4];
      const gradient = await grad(f)(tensor(at, [1, 3])).data();
      for (let k = 0; k < 3; k++) {
        const moved = (t: number): Promise<number> =>
          f(
            tensor(
              at.map((v, i) => (i === k ? v + t : v)),
              [1, 3],
            ),
          ).item();
        expect(gradient[k]).toBeCloseTo(((await moved(0.01)) - (await moved(-0.01))) / 0.02, 3);
      }
      const dark = await grad(f)(tensor([0, -1, 0], [1, 3])).data();
      expect(dark.every((g) => Number.isFinite(g))).toBe(true);
    }
  });
});

it('numbers of the host go through sRGB and back', () => {
  for (const x of [0, 0.001, 0.0031308, 0.2, 1]) expect(linearOfSRGB(srgbOfLinear(x))).toBeCloseTo(x, 12);
});

it('the silhouette measure is soft: it moves an edge towards its target', async () => {
  const target = tensor([0, 1, 1, 1, 0], [1, 1, 5, 1]);
  const edge = tensor([0, 0.2, 1, 0.6, 0.4], [1, 1, 5, 1]);
  expect(await iou(edge, target).item()).toBeCloseTo(1.8 / (2.2 + 3 - 1.8), 6);
  const gradient = await grad((x: Tensor) => iou(x, target))(edge).data();
  expect([...gradient].map(Math.sign)).toEqual([-1, 1, 1, 1, -1]);
});
