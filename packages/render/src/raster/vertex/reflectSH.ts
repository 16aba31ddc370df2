import { elementwise, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { lambert } from '../../bsdf/index.js';
import type { BsdfKind } from '../../bsdf/index.js';
import { evaluateSHSeries, irradianceSH, shBands } from '../../light/sh/index.js';
import { mirrorMoments } from './lobe.js';

/** Where surfaces look and from where they are seen. */
export interface View {
  /** [V, 3] unit normals. */
  readonly normals: Tensor;
  /** [V] to the viewer. */
  readonly cosine: Tensor;
  /** [V, 3] mirror directions of the viewer. */
  readonly mirrored: Tensor;
}

/**
 * Radiance [V, 3] (or what broadcasts to it) that a lobe reflects to its viewers of light from infinity: see
 * `renderVertices`.
 * @param values parameters: [V, C] or [C], scalars [V] or [].
 * @param light coefficients [K, 3].
 */
export function reflectSH(
  kind: BsdfKind,
  values: Readonly<Record<string, Tensor | number>>,
  light: Tensor,
  { normals, cosine, mirrored }: View,
): Tensor {
  const albedo = kind.base && elementwise(kind.base, ...Object.values(values));
  const base = albedo && irradianceSH(normals, light).mul(albedo).div(Math.PI);
  if (base && kind === lambert.kind) return base;
  // points that turn away get the lobe at the horizon: weight 0, but no NaN
  const moments = mirrorMoments(kind, cosine.clamp(1e-3, 1), values, Math.sqrt(light.shape[0]) - 1);
  const byBand = evaluateSHSeries(mirrored, bandsApart(light, moments.shape[2]));
  const rest = byBand.reshape(moments.shape).mul(moments).sum(2);
  return base ? rest.add(base) : rest;
}

/** Coefficients [K, C] -> [K, C * bands]: those of band l in the columns of band l, zero elsewhere. */
function bandsApart(coefficients: Tensor, bands: number): Tensor {
  const [count, channels] = coefficients.shape;
  const own = tensor(shBands(bands - 1).map((l) => Array.from({ length: bands }, (_, k) => Number(k === l))));
  return coefficients
    .unsqueeze(2)
    .mul(own.unsqueeze(1))
    .reshape([count, channels * bands]);
}
