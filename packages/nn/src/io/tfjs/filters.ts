import { ShapeError } from '../../engine.js';
import type { NamedArray } from '../../layers/module.js';

/** The array with its dimensions in another order: out.shape[i] = shape[axes[i]]. */
function permuted({ shape, data }: NamedArray, axes: readonly number[]): NamedArray {
  const to = axes.map((a) => shape[a]!);
  const strides = shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * b, 1));
  const out = new Float32Array(data.length);
  for (let p = 0; p < out.length; p++) {
    let rest = p;
    let from = 0;
    for (let d = axes.length - 1; d >= 0; d--) {
      from += (rest % to[d]!) * strides[axes[d]!]!;
      rest = Math.floor(rest / to[d]!);
    }
    out[p] = data[from]!;
  }
  return { shape: to, data: out };
}

function expectRank(what: string, { shape }: NamedArray, rank: number): void {
  if (shape.length !== rank) throw new ShapeError(`${what}: needs ${rank} dimensions, got [${shape.join(', ')}]`);
}

/** Filters of a convolution in TensorFlow [h, w, in, out] -> PyTorch [out, in, h, w]. */
export function filtersFromHWIO(filters: NamedArray): NamedArray {
  expectRank('filtersFromHWIO', filters, 4);
  return permuted(filters, [3, 2, 0, 1]);
}

/** Filters of a depthwise convolution in TensorFlow [h, w, in, m] -> PyTorch [in m, 1, h, w]. */
export function depthwiseFiltersFromHWIO(filters: NamedArray): NamedArray {
  expectRank('depthwiseFiltersFromHWIO', filters, 4);
  const [h, w, channels, multiplier] = filters.shape as [number, number, number, number];
  return { ...permuted(filters, [2, 3, 0, 1]), shape: [channels * multiplier, 1, h, w] };
}

/** Weights of a dense layer in TensorFlow [in, out] -> PyTorch [out, in]. */
export function weightsFromInOut(weights: NamedArray): NamedArray {
  expectRank('weightsFromInOut', weights, 2);
  return permuted(weights, [1, 0]);
}
