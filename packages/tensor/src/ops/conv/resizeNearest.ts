import { ShapeError } from '../../errors.js';
import { tidy } from '../../runtime/tidy.js';
import type { Tensor } from '../../tensor.js';
import { tensor } from '../create.js';
import { indexSelect } from '../indexing.js';
import { expand, reshape } from '../movement.js';
import { expectImages, pairOf } from './spatial.js';

/**
 * Images [B, C, H, W] at another size, every pixel of which is a pixel of the input: i of n takes floor(i H / n). As
 * PyTorch's `interpolate` with mode "nearest" (not "nearest-exact").
 * @param size [height, width] of the result; multiples of the input's only repeat pixels, which costs nothing.
 */
export function resizeNearest(x: Tensor, size: readonly [number, number]): Tensor {
  expectImages('resizeNearest', x);
  const [height, width] = pairOf('resizeNearest', 'the size', size, 1);
  const [B, C, H, W] = x.shape as [number, number, number, number];
  if (H === 0 || W === 0) throw new ShapeError(`resizeNearest: images of ${H} x ${W} pixels hold nothing to resize`);
  return tidy(() => {
    if (height % H === 0 && width % W === 0) {
      const apart = reshape(x, [B, C, H, 1, W, 1]);
      return reshape(expand(apart, [B, C, H, height / H, W, width / W]), [B, C, height, width]);
    }
    return indexSelect(indexSelect(x, 2, tensor(sources(H, height))), 3, tensor(sources(W, width)));
  });
}

/** The pixel of m that each of n takes, in float32 as PyTorch counts. */
function sources(m: number, n: number): Int32Array {
  const step = Math.fround(m / n);
  return Int32Array.from({ length: n }, (_, i) => Math.min(Math.floor(Math.fround(i * step)), m - 1));
}
