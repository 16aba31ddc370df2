import { describe, expect, test } from 'vitest';
import { compile, maskedSelect, nonzero, randn, tensor, unique, type Tensor } from '../index.js';

// The table tests what is computed, by the forms that never wait. Here: the ones that wait, and compiled functions.

const x = (): Tensor => tensor([3, 0, -1, 0, 3, 7], [2, 3]);

describe('results as long as there are elements', () => {
  test('maskedSelect', async () => {
    expect(await (await maskedSelect(x(), x().gt(0))).array()).toEqual([3, 3, 7]);
    const column = tensor([0, 1], { shape: [2, 1], dtype: 'bool' });
    expect(await (await x().maskedSelect(column)).array()).toEqual([0, 3, 7]);
    expect((await maskedSelect(x(), x().gt(99))).shape).toEqual([0]);
  });

  test('a mask is drawn once', async () => {
    const noise = randn([1000]);
    const chosen = await maskedSelect(noise, noise.add(0.3).sub(0.3).gt(0.5));
    const values = await chosen.data();
    expect(values.length).toBe((await noise.data()).filter((v) => v > 0.5).length);
    expect(values.every((v) => v > 0.5)).toBe(true);
  });

  test('nonzero', async () => {
    const places = await nonzero(x());
    expect(places.dtype).toBe('int32');
    expect(await places.array()).toEqual([
      [0, 0],
      [0, 2],
      [1, 1],
      [1, 2],
    ]);
    expect((await nonzero(tensor(0))).shape).toEqual([0, 0]);
  });

  test('unique', async () => {
    const { values, inverse, counts } = await unique(x());
    expect(await values.array()).toEqual([-1, 0, 3, 7]);
    expect(await inverse.array()).toEqual([
      [2, 1, 0],
      [1, 2, 3],
    ]);
    expect(await counts.array()).toEqual([1, 2, 2, 1]);
  });
});

describe('compiled functions', () => {
  test.each(['maskedSelect', 'nonzero', 'unique'] as const)('%s is refused, its twin recorded', async (name) => {
    const waiting = compile((t: Tensor) => void t[name](t.gt(0)));
    expect(() => waiting(x())).toThrow(new RegExp(`${name} \\(use ${name}UpTo\\).*compile`));
    const twin = compile((t: Tensor) =>
      name === 'maskedSelect' ? t.maskedSelectUpTo(t.gt(0), 4) : t[`${name}UpTo`](4),
    );
    const counts: number[] = [];
    for (const data of [
      [1, 0, 2, 3, 0, 0],
      [0, 0, 0, 0, 0, 5],
    ]) {
      counts.push(await twin(tensor(data)).count.item());
    }
    expect(counts).toEqual(name === 'unique' ? [4, 2] : [3, 1]);
  });
});
