import { ShapeError } from '../engine.js';
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

/** Weights of a Gaussian of standard deviation sigma pixels at -radius..radius, of sum 1. */
export function gaussianWeights(sigma: number, radius: number): number[] {
  const raw = Array.from({ length: 2 * radius + 1 }, (_, k) => Math.exp(-((k - radius) ** 2) / (2 * sigma * sigma)));
  const total = raw.reduce((a, b) => a + b);
  return raw.map((v) => v / total);
}

/**
 * An image filtered by weights along both axes, where the whole window fits: [B, H, W, C] -> [B, H - n + 1, W - n + 1, C].
 * @param weights n numbers, the same for rows and columns.
 */
export function filterValid(image: Tensor, weights: readonly number[]): Tensor {
  if (image.rank !== 4 || Math.min(image.shape[1], image.shape[2]) < weights.length) {
    throw new ShapeError(
      `filter: needs [B, H, W, C] of at least ${weights.length} pixels a side, got [${image.shape.join(', ')}]`,
    );
  }
  const along = (x: Tensor, dim: number): Tensor => {
    const length = x.shape[dim] - weights.length + 1;
    return weights.map((w, k) => x.narrow(dim, k, length).mul(w)).reduce((a, b) => a.add(b));
  };
  return along(along(image, 1), 2);
}
