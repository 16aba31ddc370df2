import { describe, expect, test } from 'vitest';
import { full, matmul, memory, ones, rand, realize, tensor, tidy, Generator } from './index.js';

/** Sums in float64, as the oracle of float32 sums. */
function sum64(data: Iterable<number>): number {
  let sum = 0;
  for (const v of data) sum += v;
  return sum;
}

describe('probes of size and precision', () => {
  test('the sum of 32 Mi ones is exact, computed and stored', async () => {
    const n = 32 * 2 ** 20;
    expect(await ones([n]).sum().item()).toBe(n);
    const stored = tensor(new Float32Array(n).fill(1));
    expect(await stored.sum().item()).toBe(n);
    stored.dispose();
  });

  test('the sum of 16 Mi uniform numbers is within 2e-7', async () => {
    const x = rand([16 * 2 ** 20], { generator: new Generator(11) });
    await realize(x);
    const exact = sum64(await x.data());
    expect(Math.abs((await x.sum().item()) / exact - 1)).toBeLessThan(2e-7);
    x.dispose();
  });

  test('70 Mi elements, more than one binding holds', async () => {
    const n = 70 * 2 ** 20;
    const x = rand([70, 2 ** 20], { generator: new Generator(12) });
    await realize(x);
    expect(memory().liveBytes).toBeGreaterThan(n * 4 - 1);
    expect(await x.mul(0).add(1).sum().item()).toBe(n);
    const rows = await x.sum(1).data();
    const columns = await x.sum(0).data();
    expect(rows.length).toBe(70);
    expect(Math.abs(sum64(rows) / sum64(columns) - 1)).toBeLessThan(3e-7);
    const last = tidy(() => x.mul(2).slice([69], [2 ** 20 - 4, null]));
    const doubled = x.mul(2);
    await realize(doubled);
    expect(await doubled.slice([69], [2 ** 20 - 4, null]).data()).toEqual(await last.data());
    doubled.dispose();
    x.dispose();
  });

  test.each([
    ['row-major', false],
    ['transposed', true],
  ])('a 9216 x 4096 weight, %s, over a binding of 128 MiB', async (_, transposed) => {
    const [k, n] = [9216, 4096];
    const x = rand([8, k], { generator: new Generator(13) });
    const w = rand(transposed ? [n, k] : [k, n], { generator: new Generator(14) }).sub(0.5);
    await realize(x, w);
    const y = matmul(x, transposed ? w.transpose() : w).add(full([n], 1));
    const [xs, ws, ys] = [await x.data(), await w.data(), await y.data()];
    for (const [row, column] of [
      [0, 0],
      [7, 4095],
      [3, 2047],
      [5, 2048],
      [1, 3001],
    ] as const) {
      let exact = 1;
      let scale = 1;
      for (let i = 0; i < k; i++) {
        const term = xs[row * k + i]! * ws[transposed ? column * k + i : i * n + column]!;
        exact += term;
        scale += Math.abs(term);
      }
      expect(Math.abs(ys[row * n + column]! - exact)).toBeLessThan(1e-6 * scale);
    }
    w.dispose();
  });
});
