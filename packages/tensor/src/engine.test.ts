import { describe, expect, test } from 'vitest';
import { arange, tensor, elementwise, expr, ones, softmax, sum, concat } from './index.js';

describe('engine', () => {
  test('an expression of a view that has been computed', async () => {
    const view = tensor([3, 1, 2]).flip(0);
    expect([...(await view.data())]).toEqual([2, 1, 3]);
    expect([...(await elementwise(expr`fn twice(x: f32) -> f32 { return 2.0 * x; }`, view).data())]).toEqual([4, 2, 6]);
  });

  test('chain', async () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    expect([...(await x.mul(2).add(1).data())]).toEqual([3, 5, 7, 9]);
    expect([...(await x.mul(2).sum(1).data())]).toEqual([6, 14]);
    expect([...(await x.transpose().data())]).toEqual([1, 3, 2, 4]);
    expect([...(await x.matmul(x).data())]).toEqual([7, 10, 15, 22]);
    expect([...(await x.matmul(x.transpose()).add(x).relu().data())]).toEqual([6, 13, 14, 29]);
    expect([
      ...(await arange(5)
        .pad([[1, 2]])
        .data()),
    ]).toEqual([0, 0, 1, 2, 3, 4, 0, 0]);
    expect([...(await concat([x, x.mul(10)], 1).data())]).toEqual([1, 2, 10, 20, 3, 4, 30, 40]);
    const s = await softmax(
      tensor([
        [1, 2, 3],
        [1, 1, 1],
      ]),
      1,
    ).data();
    console.log(s);
    expect(await sum(ones([1000, 1000])).item()).toBe(1e6);
    expect([...(await x.indexSelect(0, tensor([1, 0, 1], { dtype: 'int32' })).data())]).toEqual([3, 4, 1, 2, 3, 4]);
  });
});
