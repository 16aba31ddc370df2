import { tensor, type Tensor } from '@chiaro/autograd';

/** Lists of the host on each other, [B, ...shape]; all are of one length. */
export function stacked(lists: readonly ArrayLike<number>[], shape: readonly number[]): Tensor {
  const each = lists[0].length;
  const data = new Float32Array(lists.length * each);
  lists.forEach((list, k) => {
    data.set(list, k * each);
  });
  return tensor(data, [lists.length, ...shape]);
}
