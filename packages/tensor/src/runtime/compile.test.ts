import { describe, expect, test } from 'vitest';
import { Cell, compile, Generator, ones, Parameter, rand, randn, tensor, type Tensor } from '../index.js';

describe('compile', () => {
  test('arguments are inputs, numbers too', async () => {
    const f = compile((x: Tensor, k: number) => x.mul(k).add(1));
    expect([...(await f(tensor([1, 2]), 3).data())]).toEqual([4, 7]);
    expect([...(await f(tensor([5, 6]), 2).data())]).toEqual([11, 13]);
    expect(f.kernels).toEqual([1]);
  });

  test('cells are state, and calls need no await between them', async () => {
    const w = new Parameter(tensor([1, 2, 3]));
    const steps = new Cell(0);
    const step = compile((rate: number) => {
      w.assign(w.sub(w.mul(rate)));
      steps.assign(steps.add(1));
      return { norm: w.square().sum(), steps };
    });
    let last;
    for (let i = 0; i < 10; i++) last = step(0.5);
    expect([...(await w.data())]).toEqual([1, 2, 3].map((v) => v / 1024));
    expect(await last!.steps.item()).toBe(10);
    expect(await last!.norm.item()).toBeCloseTo(14 / 1024 ** 2, 12);
    // a graph built before a call keeps the old value
    const old = w.mul(1024);
    step(0.5);
    expect([...(await old.data())]).toEqual([1, 2, 3]);
    expect(w.version).toBe(11);
  });

  test('an argument that is returned and assigned as it is can be computed with beside', async () => {
    const w = new Parameter(tensor([9, 9]));
    const f = compile((x: Tensor) => {
      w.assign(x);
      return { same: x, sum: x.sum() };
    });
    for (const values of [
      [1, 1],
      [2, 3],
    ]) {
      const { same, sum } = f(tensor(values));
      expect([...(await same.data())]).toEqual(values);
      expect([...(await w.data())]).toEqual(values);
      expect(await sum.item()).toBe(values[0] + values[1]);
    }
  });

  test('generators move on', async () => {
    const gen = new Generator(7);
    const f = compile(() => rand([4], { generator: gen }));
    const [a, b] = [await f().data(), await f().data()];
    const plain = new Generator(7);
    expect([...a]).toEqual([...(await rand([4], { generator: plain }).data())]);
    expect([...b]).toEqual([...(await rand([4], { generator: plain }).data())]);
  });

  test('captured tensors are computed once; lazy arguments work', async () => {
    const c = ones([3])
      .mul(2)
      .add(randn([3]).mul(0));
    const f = compile((x: Tensor) => x.add(c));
    expect([...(await f(ones([3]).mul(5)).data())]).toEqual([7, 7, 7]);
    expect([...(await f(tensor([1, 2, 3])).data())]).toEqual([3, 4, 5]);
  });

  test('verify finds a baked-in value', async () => {
    let k = 1;
    const f = compile((x: Tensor) => x.mul(k), { verify: 1 });
    expect([...(await f(tensor([1, 2])).data())]).toEqual([1, 2]);
    k = 2;
    f(tensor([1, 2]));
    await expect(tensor([0]).add(1).data()).rejects.toThrow(/verify/);
  });

  test('misuse', () => {
    expect(() => compile(((x: Tensor) => x.data()) as never)(tensor([1]))).toThrow(
      /cannot be read inside compile|promise/,
    );
    expect(() => compile((k: number) => tensor([k + 1]))(2)).toThrow(/used as a number/);
    expect(() => compile((x: unknown) => x)(new Map())).toThrow(/Map/);
  });
});
