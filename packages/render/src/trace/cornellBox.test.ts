import { describe, expect, it } from 'vitest';
import { grad, tidy } from '../engine.js';
import type { Tensor } from '../engine.js';
import { pointLight, pathTrace, prbBasic } from './index.js';
import { boxCamera, colours, cornellBox, cyclesImage, isLampShown, segments, size } from './cornellBox.testing.js';

/** Mean of every number of some lists, and the squared standard error of that. */
function statistics(lists: readonly ArrayLike<number>[]): { mean: number[]; variance: number[] } {
  const n = lists.length;
  const mean = Array.from(lists[0], (_, i) => lists.reduce((sum, v) => sum + v[i], 0) / n);
  const variance = mean.map((m, i) => lists.reduce((sum, v) => sum + (v[i] - m) ** 2, 0) / (n - 1) / n);
  return { mean, variance };
}

// tools/reference-images/cycles.py made the reference; CORNELL_SPP=64 is the deep run of docs/results/trace.md
describe('the Cornell box, of five surfaces, is that of Blender Cycles', () => {
  const [block, runs, spp] = [8, 16, Number(process.env['CORNELL_SPP'] ?? 4)];
  const across = size / block;
  /** Sums over blocks of pixels, by channel. */
  const inBlocks = (image: ArrayLike<number>, of = (v: number): number => v): Float64Array => {
    const sums = new Float64Array(3 * across * across);
    for (let i = 0; i < image.length; i++) {
      const [channel, x, y] = [i % 3, Math.floor(i / 3) % size, Math.floor(i / 3 / size)];
      sums[3 * (Math.floor(y / block) * across + Math.floor(x / block)) + channel] += of(image[i]);
    }
    return sums;
  };

  const withoutLamp = async (): Promise<boolean[]> => {
    const isShown = await isLampShown();
    return Array.from({ length: across * across }, (_, i) => {
      return !isShown(block * (i % across), block * Math.floor(i / across), block);
    });
  };

  it('within the noise of both, block by block and in sum', async () => {
    const images: Float64Array[] = [];
    for (let seed = 0; seed < runs; seed++) {
      const { image } = tidy(() => pathTrace(cornellBox(), boxCamera(), { spp, seed, depth: segments }));
      images.push(inBlocks(await image.data()));
    }
    const ours = statistics(images);
    const cycles = cyclesImage();
    const [expected, noise] = [inBlocks(cycles.mean), inBlocks(cycles.error, (e) => e * e)];
    const zOf = (factor: number): number[] =>
      ours.mean.map((m, i) => (factor * m - expected[i]) / Math.sqrt(ours.variance[i] + noise[i]));
    const dark = await withoutLamp();
    const total = (values: ArrayLike<number>): number =>
      Array.from(values).reduce((sum, v, i) => sum + (dark[Math.floor(i / 3)] ? v : 0), 0);
    const zOfSum = (factor: number): number =>
      (factor * total(ours.mean) - total(expected)) / Math.sqrt(3 * (total(ours.variance) + total(noise))); // 3 channels alike
    const z = zOf(1).map((v, i) => (dark[Math.floor(i / 3)] ? v : 0));
    const count = dark.filter(Boolean).length;
    const report = `sum ${total(ours.mean) / total(expected)}, z ${zOfSum(1)}, greatest ${Math.max(...z.map(Math.abs))}, mean z^2 ${total(z.map((v) => v * v)) / (3 * count)}`;
    expect(Math.max(...z.map(Math.abs)), report).toBeLessThan(6.5); // Student's t, 15 degrees, 180 tries: 2e-3
    expect(total(z.map((v) => v * v)) / (3 * count), report).toBeLessThan(1.9); // 15 / 13 and four deviations of 60 blocks
    expect(Math.abs(zOfSum(1)), report).toBeLessThan(4.5);
    expect(Math.abs(zOfSum(1.05)), `power: ${report}`).toBeGreaterThan(4.5);
  });
});

/** A large lamp, which paths meet often. */
describe('prbBasic, which meets lights by chance, and pathTrace', () => {
  const [depth, runs] = [4, 8];
  const methods = { pathTrace, prbBasic };
  const image = (by: keyof typeof methods, p: typeof colours, spp: number, seed: number): Tensor =>
    methods[by](cornellBox(p, { lampGrowth: 4 }), boxCamera(16), { spp, seed, depth }).image;
  const regions = (t: Tensor): Tensor => t.reshape([4, 4, 4, 4, 3]).mean([1, 3]).reshape([48]);

  /** Compares what two estimators say of the same numbers. */
  async function compare(
    of: (by: keyof typeof methods, seed: number) => Promise<ArrayLike<number>>,
    { most, power }: { readonly most: number; readonly power: number },
  ): Promise<void> {
    const found = async (by: keyof typeof methods): Promise<ReturnType<typeof statistics>> => {
      const lists: ArrayLike<number>[] = [];
      for (let seed = 0; seed < runs; seed++) lists.push(await of(by, seed));
      return statistics(lists);
    };
    const [full, basic] = [await found('pathTrace'), await found('prbBasic')];
    const zOf = (factor: number): number[] =>
      full.mean.map((m, i) => Math.abs(factor * m - basic.mean[i]) / Math.sqrt(full.variance[i] + basic.variance[i]));
    const errors = basic.mean.map((m, i) => Math.sqrt(full.variance[i] + basic.variance[i]) / Math.abs(m));
    const report = [full.mean, basic.mean, errors].map((v) => v.map((x) => x.toPrecision(3)).join(' ')).join(' | ');
    expect(Math.max(...zOf(1)), report).toBeLessThan(most);
    expect(Math.max(...zOf(power)), `power: ${report}`).toBeGreaterThan(most);
  }

  it('show the same image', () =>
    compare(
      (by, seed) => tidy(() => regions(image(by, colours, by === 'prbBasic' ? 128 : 16, seed))).data(),
      { most: 6.5, power: 1.08 }, // Student's t, about 8 degrees, 48 tries
    ));

  it('have the same gradients, to the colours of walls and lamp', () =>
    compare(
      async (by, seed) => {
        const gradients = tidy(() =>
          grad((p: typeof colours) => image(by, p, by === 'prbBasic' ? 16 : 4, seed + 100).mean())(colours),
        ) as typeof colours;
        return Promise.all(Object.values(gradients).map((g) => tidy(() => g.sum()).item()));
      },
      { most: 6.5, power: 1.15 },
    ));

  it('prbBasic refuses lights that nothing meets', () => {
    const bulb = pointLight({ position: [0, 0, 0], intensity: 1 });
    expect(() => prbBasic({ ...cornellBox(), emitters: [bulb] }, boxCamera())).toThrow(/meets a point light/);
  });
});
