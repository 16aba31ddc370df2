import { ChiaroError, pad, ShapeError, unfold, type Parameter, type Tensor } from '../engine.js';

/** (x - mean) / sqrt(variance + eps) over dimensions, with the biased variance. */
function standardised(x: Tensor, dims: readonly number[], eps: number): Tensor {
  const centred = x.sub(x.mean(dims, true));
  return centred.mul(centred.square().mean(dims, true).add(eps).rsqrt());
}

/** x * weight + bias with one number of each per channel, dimension 1 of x. */
export function perChannel(x: Tensor, weight: Parameter | null, bias: Parameter | null): Tensor {
  const shape = [-1, ...x.shape.slice(2).map(() => 1)];
  const scaled = weight ? x.mul(weight.reshape(shape)) : x;
  return bias ? scaled.add(bias.reshape(shape)) : scaled;
}

/**
 * Layer normalisation (Ba et al. 2016): every run of the last `count` dimensions has mean 0 and variance 1.
 * @throws ShapeError when x has fewer dimensions.
 */
export function layerNorm(x: Tensor, count: number, { eps = 1e-5 }: { readonly eps?: number } = {}): Tensor {
  if (count < 1 || count > x.rank) {
    throw new ShapeError(
      `layerNorm: cannot normalise ${count} dimensions of a tensor of shape [${x.shape.join(', ')}]`,
    );
  }
  return standardised(
    x,
    Array.from({ length: count }, (_, i) => x.rank - count + i),
    eps,
  );
}

/**
 * Group normalisation (Wu and He 2018): x [B, C, ...], its channels in `groups` runs of equal length, each with mean 0
 * and variance 1 in every image. As many groups as channels make it instance normalisation (Ulyanov et al. 2016).
 * @throws ShapeError when the channels cannot be dealt out.
 */
export function groupNorm(x: Tensor, groups: number, { eps = 1e-5 }: { readonly eps?: number } = {}): Tensor {
  const [B = 0, C = 0] = x.shape;
  if (x.rank < 2 || !(groups >= 1) || C % groups !== 0) {
    throw new ShapeError(
      `groupNorm: x of shape [${x.shape.join(', ')}] must be [B, C, ...] with C a multiple of ${groups} groups`,
    );
  }
  return standardised(x.reshape([B, groups, -1]), [2], eps).reshape(x.shape);
}

/** Options of `localResponseNorm`; the defaults are PyTorch's. */
export interface LocalResponseNormOptions {
  /** 1e-4 */
  readonly alpha?: number;
  /** 0.75 */
  readonly beta?: number;
  /** 1 */
  readonly k?: number;
}

/**
 * Every element over (k + alpha * mean of the squares in `size` neighbouring channels)^beta; channels that are not there
 * count as 0. x [B, C, ...]. Krizhevsky et al. 2012, section 3.3, with PyTorch's alpha (over the mean, not the sum).
 */
export function localResponseNorm(
  x: Tensor,
  size: number,
  { alpha = 1e-4, beta = 0.75, k = 1 }: LocalResponseNormOptions = {},
): Tensor {
  if (!(Number.isInteger(size) && size >= 1))
    throw new ChiaroError(`localResponseNorm: size must be 1 or more, got ${size}`);
  const before = Math.floor(size / 2);
  const padded = pad(x.square(), [[0, 0], [before, size - 1 - before], ...x.shape.slice(2).map(() => [0, 0] as const)]);
  const squares = unfold(padded, 1, size, 1).mean(-1);
  return x.div(squares.mul(alpha).add(k).pow(beta));
}
