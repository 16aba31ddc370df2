import { ShapeError, type Tensor } from '../engine.js';

/**
 * [B, C r^2, H, W] -> [B, C, H r, W r]: channels become pixels (Shi et al. 2016, eq. 4).
 * @throws ShapeError when the channels are no multiple of r^2.
 */
export function pixelShuffle(x: Tensor, r: number): Tensor {
  const [B = 0, channels = 0, H = 0, W = 0] = x.shape;
  const C = channels / (r * r);
  if (x.rank !== 4 || !(r >= 1) || !Number.isInteger(C)) {
    throw new ShapeError(
      `pixelShuffle: x of shape [${x.shape.join(', ')}] must be [B, C, H, W] with C a multiple of ${r}^2`,
    );
  }
  return x
    .reshape([B, C, r, r, H, W])
    .permute([0, 1, 4, 2, 5, 3])
    .reshape([B, C, H * r, W * r]);
}
