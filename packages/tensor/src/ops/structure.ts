import { ShapeError } from '../errors.js';
import { tidy } from '../runtime/tidy.js';
import { showShape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { add, div, mul, square, sub } from './math.js';
import { narrow, stack } from './movement.js';

/** Weights of a Gaussian of standard deviation sigma, in steps, at -radius..radius, of sum 1. */
export function gaussianWeights(sigma: number, radius: number): number[] {
  const raw = Array.from({ length: 2 * radius + 1 }, (_, k) => Math.exp(-((k - radius) ** 2) / (2 * sigma * sigma)));
  const total = raw.reduce((a, b) => a + b);
  return raw.map((v) => v / total);
}

/**
 * Weighted sums of n neighbours along a dimension, wherever all n are inside: it becomes n - 1 shorter.
 * @param weights n numbers.
 * @throws ShapeError when there are fewer than n.
 */
export function filterAlong(x: Tensor, dim: number, weights: readonly number[]): Tensor {
  const length = x.shape.at(dim)! - weights.length + 1;
  if (!(length >= 1)) {
    throw new ShapeError(`filter: needs at least ${weights.length} pixels a side, got ${showShape(x.shape)}`);
  }
  return weights.map((w, k) => mul(narrow(x, dim, k, length), w)).reduce((a, b) => add(a, b));
}

const window = 11;
const sigma = 1.5;

/**
 * What structural similarity is made of, at every place where the window of 11 pixels fits: luminance and the product of
 * contrast and structure (Wang et al. 2004, eq. 6 and 12: Gaussian window of sigma 1.5, K1 = 0.01, K2 = 0.03). Their product
 * is the similarity.
 * @param rows dimension of the images along which rows follow each other, counted from the first or, negative, the last.
 * @param columns the same of columns.
 * @param peak largest value of the images.
 */
export function structure(
  a: Tensor,
  b: Tensor,
  { rows, columns, peak }: { readonly rows: number; readonly columns: number; readonly peak: number },
): { luminance: Tensor; structure: Tensor } {
  return tidy(() => {
    const weights = gaussianWeights(sigma, (window - 1) / 2);
    const behind = (dim: number): number => (dim < 0 ? dim : dim + 1);
    // one filter for all five moments
    const values = stack([a, b, mul(a, a), mul(b, b), mul(a, b)], 0);
    const moments = filterAlong(filterAlong(values, behind(rows), weights), behind(columns), weights);
    const [ma, mb, aa, bb, ab] = [0, 1, 2, 3, 4].map((k) => moments.select(0, k)) as [Tensor, Tensor, Tensor, Tensor, Tensor]; // prettier-ignore
    const [c1, c2] = [(0.01 * peak) ** 2, (0.03 * peak) ** 2];
    const product = mul(ma, mb);
    const squares = add(square(ma), square(mb));
    return {
      luminance: div(add(mul(product, 2), c1), add(squares, c1)),
      structure: div(add(mul(sub(ab, product), 2), c2), add(sub(add(aa, bb), squares), c2)),
    };
  });
}
