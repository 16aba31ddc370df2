import { tensor, type Tensor } from '@chiaro/autograd';
import type { MultilinearModel } from './model/multilinearModel.js';
import { groups, part, vectorOf, type Group, type Layout } from './model/parameters.js';

/** What the network is trained by: the model-space loss of eq. 6 to 8, or the plain Euclidean one of the baseline. */
export type LossName = 'model-space' | 'euclidean';

/** omega of eq. 8. */
const weights: Readonly<Record<Group, number>> = {
  rotation: 400,
  shape: 50,
  expression: 50,
  reflectance: 100,
  illumination: 20,
};

/**
 * In what units standard deviations enter eq. 8, which the paper does not say. `vertex`: mm, and 8-bit steps of reflectance, of a vertex by
 * root mean square. `balanced`: one length and one step of reflectance such that shape and reflectance weigh at the
 * beginning what lies (geometrically) in the middle between rotation and light, whose units are given.
 */
export type SigmaUnits = 'balanced' | 'vertex';

const total = (list: Float32Array, of: (x: number, k: number) => number): number =>
  list.reduce((sum, x, k) => sum + of(x, k), 0);

/** The diagonal of Sigma, eq. 8: [m]. @param squares [m] mean squares of theta in the corpus. */
export function sigmaDiagonal(model: MultilinearModel, units: SigmaUnits, squares: Float32Array): Float32Array {
  const { layout, shape, expression, reflectance } = model;
  const term = (group: Group, sigma?: Float32Array): number =>
    weights[group] ** 2 * total(part(squares, layout, group), (x, k) => x * (sigma?.[k] ?? 1) ** 2);
  const middle = Math.sqrt(term('rotation') * term('illumination'));
  const perVertex = 1 / Math.sqrt(model.base.vertexCount);
  const [length, step] =
    units === 'vertex'
      ? [perVertex, 255 * perVertex]
      : [Math.sqrt(middle / term('shape', shape.sigma)), Math.sqrt(middle / term('reflectance', reflectance.sigma))];
  return vectorOf(layout, (group, k) => {
    if (group === 'shape') return weights.shape * length * shape.sigma[k];
    if (group === 'expression') return weights.expression * length * expression.sigma[k];
    if (group === 'reflectance') return weights.reflectance * step * reflectance.sigma[k];
    return weights[group];
  });
}

/**
 * Squared distances of predictions [B, m] from theta [B, m], summed over dimensions: with the diagonal of Sigma eq. 6 and 7,
 * without (ones) the Euclidean baseline. The mean over the batch.
 */
export const parameterLoss = (predicted: Tensor, theta: Tensor, sigma: Float32Array): Tensor =>
  predicted.sub(theta).mul(tensor(sigma)).square().sum(1).mean();

/** What each group has of the loss where theta = 0 is predicted: the unit of the loss, and shares of it. */
export function shares(
  layout: Layout,
  sigma: Float32Array,
  squares: Float32Array,
): { readonly unit: number; readonly shares: Readonly<Record<Group, number>> } {
  const terms = groups.map((group) => {
    const weight = part(sigma, layout, group);
    return total(part(squares, layout, group), (x, k) => x * weight[k] ** 2);
  });
  const unit = terms.reduce((a, b) => a + b, 0);
  return { unit, shares: Object.fromEntries(groups.map((g, i) => [g, terms[i] / unit])) as Record<Group, number> };
}

/** [m] mean squares of theta [N * m]. */
export function meanSquares({ size }: Layout, theta: Float32Array): Float32Array {
  const result = new Float32Array(size);
  theta.forEach((x, i) => (result[i % size] += (x * x * size) / theta.length));
  return result;
}
