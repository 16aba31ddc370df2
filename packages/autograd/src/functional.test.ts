import { describe, expect, test } from 'vitest';
import {
  GradientError,
  grad,
  hessian,
  hvp,
  jacobian,
  jvp,
  Parameter,
  tensor,
  valueAndGrad,
  vjp,
  type Tensor,
} from './index.js';

const list = async (t: Tensor): Promise<number[]> => [...(await t.data())];

describe('functional transforms', () => {
  test('gradients of trees; leaves that are not tensors are null', async () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    const [value, g] = valueAndGrad((p: { w: Tensor; layers: Tensor[]; name: string }) =>
      x.matmul(p.w).add(p.layers[0]!).mul(p.layers[1]!).sum(),
    )({ w: tensor([1, 1]), layers: [tensor(2), tensor([1, 3])], name: 'a' });
    expect(await value.item()).toBe(5 + 27);
    expect(await list(g.w)).toEqual([1 + 9, 2 + 12]);
    expect(await list(g.layers[0]!)).toEqual([4]);
    expect(await list(g.layers[1]!)).toEqual([5, 9]);
    expect(g.name).toBeNull();
    expect(value.requiresGrad).toBe(false);
    expect(g.w.requiresGrad).toBe(false);
  });

  test('a parameter as argument, and another one that the function captures', async () => {
    const w = new Parameter(tensor([1, 2]));
    const v = new Parameter(tensor([3, 4]));
    const [value, g] = valueAndGrad((p: { w: Tensor }) => p.w.mul(p.w).mul(v).sum())({ w });
    expect(await list(g.w)).toEqual([6, 16]);
    expect(value.requiresGrad).toBe(true);
    g.w.sum().backward(); // the gradient is a function of the parameters again
    expect(await list(v.grad!)).toEqual([2, 4]);
    expect(await list(w.grad!)).toEqual([6, 8]);
  });

  test('derivatives of any order', async () => {
    const f = (x: Tensor): Tensor => x.pow(5).sum();
    const g2 = grad((x: Tensor) => grad(f)(x).sum());
    const g3 = grad((x: Tensor) => g2(x).sum());
    const x = tensor([1, 2]);
    expect(await list(grad(f)(x))).toEqual([5, 80]);
    (await list(g2(x))).forEach((v, i) => expect(v).toBeCloseTo([20, 160][i]!, 3));
    (await list(g3(x))).forEach((v, i) => expect(v).toBeCloseTo([60, 240][i]!, 3));
  });

  test('vjp, jvp and hvp', async () => {
    const f = (x: Tensor): Tensor => x.square().cumSum(0);
    const x = tensor([1, 2, 3]);
    const [y, pull] = vjp(f, x);
    expect(await list(y)).toEqual([1, 5, 14]);
    expect(await list(pull(tensor([1, 0, 0])))).toEqual([2, 0, 0]);
    expect(await list(pull(tensor([0, 0, 1])))).toEqual([2, 4, 6]);
    const [, t] = jvp(f, x, tensor([1, 0, 1]));
    expect(await list(t)).toEqual([2, 2, 8]);
    const cubes = (p: { x: Tensor }): Tensor => p.x.mul(p.x).mul(p.x).sum();
    expect(await list(hvp(cubes, { x }, { x: tensor([1, 1, 2]) }).x)).toEqual([6, 12, 36]);
  });

  test('jacobian both ways, and the Hessian of the Rosenbrock function', async () => {
    const f = (x: Tensor): Tensor => x.select(0, 0).mul(x).add(x.flip(0));
    const x = tensor([2, 3, 5]);
    const reverse = await list(jacobian(f, x));
    expect(reverse).toEqual([4, 0, 1, 3, 3, 0, 6, 0, 2]);
    expect(await list(jacobian(f, x, { mode: 'forward' }))).toEqual(reverse);
    const rosenbrock = (p: Tensor): Tensor => {
      const [a, b] = [p.select(0, 0), p.select(0, 1)];
      return a.neg().add(1).square().add(b.sub(a.square()).square().mul(100));
    };
    // 1200 a^2 - 400 b + 2, -400 a, 200
    expect(await list(hessian(rosenbrock, tensor([1, 1])))).toEqual([802, -400, -400, 200]);
  });

  test('misuse', () => {
    expect(() => grad((x: Tensor) => x.mul(2))(tensor([1, 2]))).toThrow(GradientError);
    expect(() => grad((x: Tensor) => x.mul(2))(tensor([1, 2]))).toThrow(/not one number/);
    expect(() => grad((x: Tensor) => x.sum())(tensor([1], { dtype: 'int32' }))).toThrow(/no float32/);
    expect(() => jvp((x: Tensor) => x, tensor([1, 2]), tensor([1]))).toThrow(/\[1\].*\[2\]/);
  });
});
