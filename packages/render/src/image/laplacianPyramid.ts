import { ShapeError } from '../engine.js';
import type { Tensor } from '../engine.js';
import { axisMap, checkImage, mapAxis } from './resample.js';

/** Burt and Adelson's weights for a = 0.375. */
const binomial = [1, 4, 6, 4, 1];

function along(
  image: Tensor,
  sizes: readonly [number, number],
  map: (n: number, size: number) => Parameters<typeof mapAxis>[2],
) {
  const rows = mapAxis(image, 1, map(image.shape[1], sizes[0]));
  return mapAxis(rows, 2, map(image.shape[2], sizes[1]));
}

/** Every second pixel of an image blurred by (1, 4, 6, 4, 1) / 16: half the size, odd sizes rounded up. */
function reduce(image: Tensor): Tensor {
  const half = (n: number): number => Math.ceil(n / 2);
  return along(image, [half(image.shape[1]), half(image.shape[2])], (n, size) =>
    axisMap(
      size,
      n,
      (place) => [2 * place - 2, 2 * place + 2],
      (place, sample) => binomial[sample - 2 * place + 2],
    ),
  );
}

/** The inverse's guess: pixels twice as far apart, filled in by the same weights. */
function expand(image: Tensor, sizes: readonly [number, number]): Tensor {
  return along(image, sizes, (n, size) =>
    axisMap(
      size,
      n,
      (place) => [Math.ceil(place / 2 - 1), Math.floor(place / 2 + 1)],
      (place, sample) => binomial[place - 2 * sample + 2],
    ),
  );
}

function checkLevels(what: string, image: Tensor, levels: number): void {
  checkImage(what, image);
  if (!Number.isInteger(levels) || levels < 1) throw new ShapeError(`${what}: cannot make ${levels} levels`);
}

/**
 * Gaussian pyramid of an image [B, H, W, C]: the image itself, then each level blurred and of half the size before it
 * (rounded up, 1 x 1 at the least). Burt and Adelson 1983. For means of 2 x 2 pixels see `pyramid`. Differentiable.
 */
export function gaussianPyramid(image: Tensor, levels: number): Tensor[] {
  checkLevels('gaussianPyramid', image, levels);
  const all = [image];
  while (all.length < levels) all.push(reduce(all[all.length - 1]));
  return all;
}

/**
 * Laplacian pyramid of an image [B, H, W, C]: what each level of the Gaussian pyramid has beyond the next one, finest
 * first, and the coarsest level as it is. `collapse` gives the image back, to rounding. Burt and Adelson 1983.
 * Differentiable.
 */
export function laplacianPyramid(image: Tensor, levels: number): Tensor[] {
  const gaussian = gaussianPyramid(image, levels);
  return gaussian.map((level, k) =>
    k + 1 < levels ? level.sub(expand(gaussian[k + 1], [level.shape[1], level.shape[2]])) : level,
  );
}

/** The image of a Laplacian pyramid; its inverse. @throws ShapeError for no levels. */
export function collapse(levels: readonly Tensor[]): Tensor {
  if (levels.length === 0) throw new ShapeError('collapse: needs at least one level');
  return levels.reduceRight((coarse, level) => level.add(expand(coarse, [level.shape[1], level.shape[2]])));
}
