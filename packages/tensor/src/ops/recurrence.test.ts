import { describe, expect, test } from 'vitest';
import { linearRecurrence, tensor } from '../index.js';

describe('linearRecurrence', () => {
  const n = 100_000;
  const factors = Float32Array.from({ length: n }, (_, i) => (i % 999 === 0 ? 0 : 0.9 + 0.1 * Math.sin(i)));
  const terms = Float32Array.from({ length: n }, (_, i) => Math.cos(3 * i));

  test.each([false, true])('a long line, cut into pieces, equals the loop (reverse: %s)', async (reverse) => {
    const expected = new Float64Array(n);
    let y = 0;
    for (let k = 0; k < n; k++) {
      const i = reverse ? n - 1 - k : k;
      y = factors[i]! * y + terms[i]!;
      expected[i] = y;
    }
    const found = await linearRecurrence(tensor(factors), tensor(terms), 0, { reverse }).data();
    let worst = 0;
    expected.forEach((v, i) => (worst = Math.max(worst, Math.abs(v - found[i]!))));
    expect(worst).toBeLessThan(2e-5);
  });

  test('integers wrap in every piece, and the first factor is not used', async () => {
    const line = (value: (i: number) => number) => tensor(Uint32Array.from({ length: 1000 }, (_, i) => value(i)));
    const found = await linearRecurrence(
      line(() => 1664525),
      line(() => 1013904223),
      0,
    ).data();
    let seed = 1013904223;
    for (let i = 0; i < 1000; i++) {
      expect(found[i]).toBe(seed);
      seed = (Math.imul(1664525, seed) + 1013904223) >>> 0;
    }
    const infinite = await linearRecurrence(tensor([Infinity, 2]), tensor([1, 3]), 0).data();
    expect([...infinite]).toEqual([1, 5]);
  });
});
