import { describe, expect, test } from 'vitest';
import { compile, Generator, noGrad, Parameter, randn, tensor, type Tensor } from './index.js';

const list = async (t: Tensor | null): Promise<number[]> => [...(await t!.data())];

describe('backward', () => {
  test('leaves get their gradients, twice is added', async () => {
    const w = new Parameter(tensor([1, 2, 3]));
    const x = tensor([4, 5, 6]).requiresGrad_();
    w.mul(x).sum().backward();
    expect(await list(w.grad)).toEqual([4, 5, 6]);
    expect(await list(x.grad)).toEqual([1, 2, 3]);
    w.square().sum().backward();
    expect(await list(w.grad)).toEqual([6, 9, 12]);
    w.grad = null;
    expect(w.grad).toBeNull();
  });

  test('after reading the value, through matmul and broadcast', async () => {
    const w = new Parameter(
      tensor([
        [1, 2],
        [3, 4],
      ]),
    );
    const b = new Parameter(tensor([1, 1]));
    const loss = tensor([
      [1, 0],
      [2, 1],
      [0, 1],
    ])
      .matmul(w)
      .add(b)
      .relu()
      .sum();
    expect(await loss.item()).toBe(29);
    loss.backward();
    expect(await list(w.grad)).toEqual([3, 3, 2, 2]);
    expect(await list(b.grad)).toEqual([3, 3]);
  });

  test('the first snippet of the API: a compiled training step', async () => {
    const gen = new Generator(7);
    const x = randn([256, 8], { generator: gen });
    const y = x.matmul(tensor([1, -2, 3, 0, 0, 1, 0, 2])).add(0.5);
    const w = new Parameter(randn([8], { generator: gen }));
    const b = new Parameter(tensor(0));
    const step = compile((lr: number) => {
      const loss = x.matmul(w).add(b).sub(y).square().mean();
      loss.backward();
      noGrad(() => {
        for (const p of [w, b]) {
          p.assign(p.sub(p.grad!.mul(lr)));
          p.grad = null;
        }
      });
      return loss;
    });
    let loss = step(0.1);
    for (let i = 0; i < 199; i++) loss = step(0.1);
    expect(await loss.item()).toBeLessThan(1e-6);
    (await list(w)).forEach((v, i) => expect(v).toBeCloseTo([1, -2, 3, 0, 0, 1, 0, 2][i]!, 3));
    expect(await b.item()).toBeCloseTo(0.5, 3);
    console.log(step.kernels);
  });
});
