import { describe, expect, test } from 'vitest';
import {
  Cell,
  compile,
  defaultGenerator,
  defineProgram,
  deviceInfo,
  Generator,
  loadState,
  manualSeed,
  ones,
  Parameter,
  rand,
  randn,
  saveState,
  tensor,
  wgsl,
  type Tensor,
  type TypedArray,
} from '../index.js';

/** What draw number `counter` of a seed gives outside of a compiled function. */
function plain(seed: number, counter: number): Promise<TypedArray> {
  const generator = new Generator(seed);
  generator.state = { seed, counter };
  return rand([4], { generator }).data();
}

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

  test('warm compiles every kernel before the first call, and runs none', async () => {
    const w = new Parameter(tensor([3, -1, 2]));
    const generator = new Generator(11);
    const step = compile((x: Tensor, rate: number) => {
      w.assign(w.sub(x.sort(0).values.mul(rate)).add(rand([3], { generator }).mul(0)));
      return w.cumSum(0).square().sum();
    });
    const x = tensor([0.5, 0.25, 0.125]);
    const before = (await deviceInfo()).kernels;
    await step.warm(x, 1);
    const warmed = (await deviceInfo()).kernels;
    expect(warmed).toBeGreaterThan(before + 1);
    expect(step.kernels[0]).toBeGreaterThanOrEqual(warmed - before);
    expect([generator.state.counter, w.version]).toEqual([0, 0]);
    expect([...(await w.data())]).toEqual([3, -1, 2]);
    const loss = step(tensor([3, 1, 2]), 2);
    expect(await loss.item()).toBe((3 - 2) ** 2 + (3 - 2 - 1 - 4) ** 2 + (1 - 5 + 2 - 6) ** 2);
    expect((await deviceInfo()).kernels).toBe(warmed);
    await step.warm(x, 5); // nothing is left to do
    expect((await deviceInfo()).kernels).toBe(warmed);
  });

  test('warm rejects for a kernel that does not compile', async () => {
    const broken = defineProgram({
      name: 'brokenWhenWarm',
      inputs: { x: 'f32[N]' },
      outputs: ({ x }) => ({ y: { dtype: 'f32', shape: x.shape } }),
      dispatches: ({ N }) => [{ items: N, code: wgsl`fn item(i: u32) { y[i] = x[i] + true; }` }],
      reference: ({ x }) => ({ y: x.data }),
    });
    const f = compile((x: Tensor) => broken({ x }).y);
    await expect(f.warm(tensor([1, 2]))).rejects.toThrow(/kernel "brokenWhenWarm" does not compile.*true/s);
    expect(await tensor([1]).add(1).item()).toBe(2); // nothing is left to report
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

  test('the default generator is reseeded and resumed in place, for replays too', async () => {
    const held = manualSeed(5);
    expect(held).toBe(defaultGenerator);
    const f = compile(() => rand([4]));
    const read = async (): Promise<number[]> => [...(await f().data())];
    const [first, second] = [await read(), await read()];
    expect([first, second]).toEqual([[...(await plain(5, 0))], [...(await plain(5, 1))]]);
    const saved = await saveState({ generator: defaultGenerator });
    manualSeed(2 ** 40 + 9);
    expect(held.state).toEqual({ seed: 2 ** 40 + 9, counter: 0 });
    expect(await read()).toEqual([...(await plain(2 ** 40 + 9, 0))]);
    loadState({ generator: defaultGenerator }, saved);
    expect([await read(), [...(await rand([4]).data())]]).toEqual([[...(await plain(5, 2))], [...(await plain(5, 3))]]);
    expect(() => manualSeed(-1)).toThrow(/seed must be a whole number.*-1/);
    expect(held.state).toEqual({ seed: 5, counter: 4 });
    manualSeed(0);
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
