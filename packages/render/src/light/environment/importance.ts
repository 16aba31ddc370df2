import { ShapeError, noGrad, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { texelSolidAngles } from './latLong.js';

/**
 * Tables to sample a lat-long map by its brightness: constant per steradian within a texel, by row and then by column. Exclusive
 * prefix sums throughout (row i begins at marginal[i], the last entry is 1), so that no texel is taken for its neighbour.
 */
export interface ImportanceTables {
  readonly height: number;
  readonly width: number;
  /** [H + 1], the share of the light above each row; 0 at first, 1 at last. */
  readonly marginal: Tensor;
  /** [H, W + 1], the share of a row's light left of each column; 0 at first, 1 at last. */
  readonly conditional: Tensor;
  /** [H, W], the density per steradian at each texel; integrates to 1 over the sphere. */
  readonly density: Tensor;
}

/**
 * Importance tables of a map of radiance [H, W] or [H, W, 3], computed on the GPU by prefix sums and detached: sampling
 * carries no gradient. Light of spherical harmonics may be negative: |L| is sampled, so that every texel that shines,
 * either way, is found. A floor keeps the density above zero everywhere.
 *
 * @param floor share of the mean brightness that every texel has at least (default 1e-3).
 */
export function importanceTables(map: Tensor, { floor = 1e-3 } = {}): ImportanceTables {
  const { shape } = map;
  if (map.rank !== 2 && !(map.rank === 3 && shape[2] === 3)) {
    throw new ShapeError(`importanceTables: the map must be [H, W] or [H, W, 3], got [${shape.join(', ')}]`);
  }
  const [height, width] = shape;
  return noGrad(() => {
    const light = map.abs();
    const luminance = map.rank === 2 ? light : light.mul(tensor([0.2126, 0.7152, 0.0722])).sum(2);
    // a texel that is no number is sampled above all others: it shows, instead of spoiling the tables
    const brightness = luminance.where(luminance.isFinite(), 1e30);
    const areas = tensor(Float32Array.from(texelSolidAngles({ height, width })), [height, 1]);
    const mean = brightness
      .mul(areas)
      .sum()
      .div(4 * Math.PI);
    // a black map is sampled evenly
    const raised = brightness.maximum(mean.mul(floor)).add(mean.le(0).to('float32'));
    const weights = raised.mul(areas);
    const rows = weights.sum(1);
    const total = rows.sum();
    return {
      height,
      width,
      marginal: shares(rows.unsqueeze(0)).reshape([height + 1]),
      conditional: shares(weights),
      density: raised.div(total),
    };
  });
}

/** [R, N] weights -> [R, N + 1] exclusive prefix sums over their total, from 0 to exactly 1. */
function shares(weights: Tensor): Tensor {
  const sums = weights.cumSum(1).pad([
    [0, 0],
    [1, 0],
  ]);
  return sums.div(sums.narrow(1, weights.shape[1], 1));
}
