import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataLoader, shuffledOrder, type Dataset } from './index.js';

const numbers = (length: number): Dataset<number> => ({ length, item: (i) => i });
const asList = { collate: (items: number[]) => items };

async function all<T>(batches: AsyncIterable<{ batch: T }>): Promise<T[]> {
  const found: T[] = [];
  for await (const { batch } of batches) found.push(batch);
  return found;
}

describe('order', () => {
  test('is a permutation, another one for every seed and epoch', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(), fc.nat(1000), (count, seed, epoch) => {
        const order = shuffledOrder(count, seed, epoch);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
      }),
      { seed: 3, numRuns: 100 },
    );
    const orders = [
      [1, 0],
      [1, 1],
      [2, 0],
      [2, 1],
    ].map(([seed, epoch]) => shuffledOrder(50, seed!, epoch!).join());
    expect(new Set(orders).size).toBe(4);
  });

  test('favours no place', () => {
    // how often item 0 of 8 lands in each place: 4,000 draws, 500 expected, standard error 21; five of them
    const counts = new Array<number>(8).fill(0);
    for (let epoch = 0; epoch < 4000; epoch++) counts[shuffledOrder(8, 7, epoch).indexOf(0)]!++;
    for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(105);
  });
});

describe('loader', () => {
  test('deals every item once, the small rest only if asked', async () => {
    const loader = new DataLoader(numbers(10), { batchSize: 3, ...asList });
    const batches = await all(loader.batches(4));
    expect(batches.map((b) => b.length)).toEqual([3, 3, 3]);
    expect(new Set(batches.flat()).size).toBe(9);
    const whole = new DataLoader(numbers(10), { batchSize: 3, dropLast: false, shuffle: false, ...asList });
    expect(await all(whole.batches())).toEqual([[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]);
  });

  test('goes on in the middle of an epoch as if it had not stopped', async () => {
    const made = (): DataLoader<number, number[]> => new DataLoader(numbers(40), { batchSize: 4, seed: 9, ...asList });
    const batches = await all(made().batches(2));
    expect(await all(made().batches(2, 6))).toEqual(batches.slice(6));
    expect(await all(made().batches(3))).not.toEqual(batches);
  });

  test('works ahead, but not too far', async () => {
    let begun = 0;
    const dataset: Dataset<number> = { length: 20, item: (i) => (begun++, Promise.resolve(i)) };
    const batches = new DataLoader(dataset, { batchSize: 2, ahead: 3, ...asList }).batches();
    await batches.next();
    expect(begun).toBe(8); // the batch in use and three more
  });

  test('an error comes where its batch would have', async () => {
    const dataset: Dataset<number> = {
      length: 6,
      item: (i) => (i === 4 ? Promise.reject(new Error('torn page')) : i),
    };
    const batches = new DataLoader(dataset, { batchSize: 2, shuffle: false, ...asList }).batches();
    expect((await batches.next()).value).toMatchObject({ index: 0, batch: [0, 1] });
    expect((await batches.next()).value).toMatchObject({ index: 1, batch: [2, 3] });
    await expect(batches.next()).rejects.toThrow('torn page');
  });

  test('says what makes no batch', () => {
    expect(() => new DataLoader(numbers(3), { batchSize: 4, ...asList })).toThrow(
      /3 items make no batch of 4.*dropLast/,
    );
    expect(() => new DataLoader(numbers(3), { batchSize: 0.5, ...asList })).toThrow(/batchSize.*0\.5/);
  });
});
