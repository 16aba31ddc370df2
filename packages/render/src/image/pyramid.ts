import { filterAlong, ShapeError } from '../engine.js';
import type { Tensor } from '../engine.js';

/** Half the size: means of 2 x 2 pixels, [B, H, W, C] -> [B, H / 2, W / 2, C]; an odd last row or column is dropped. */
export function halve(image: Tensor): Tensor {
  const [batch, height, width, channels] = image.shape;
  const [h, w] = [height >> 1, width >> 1];
  if (image.rank !== 4 || h === 0 || w === 0) {
    throw new ShapeError(`halve: needs [B, H, W, C] of at least 2 x 2 pixels, got [${image.shape.join(', ')}]`);
  }
  return image
    .slice(null, [0, 2 * h], [0, 2 * w])
    .reshape([batch, h, 2, w, 2, channels])
    .mean([2, 4]);
}

/** The image and `levels - 1` times half of it (`halve`), finest first. */
export function pyramid(image: Tensor, levels: number): Tensor[] {
  const all = [image];
  while (all.length < levels) all.push(halve(all[all.length - 1]));
  return all;
}

/**
 * An image filtered by weights along both axes, where the whole window fits: [B, H, W, C] -> [B, H - n + 1, W - n + 1, C].
 * @param weights n numbers, the same for rows and columns.
 */
export function filterValid(image: Tensor, weights: readonly number[]): Tensor {
  if (image.rank !== 4) throw new ShapeError(`filter: needs [B, H, W, C], got [${image.shape.join(', ')}]`);
  return filterAlong(filterAlong(image, 1, weights), 2, weights);
}
