import { ShapeError, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { fejer } from '../../math/quadrature.js';
import { texelDirections, texelSolidAngles } from '../environment/latLong.js';
import { evaluateSHHost } from './host.js';
import { checkDegree, degreeOf, shCount, shMaxDegree } from './indices.js';

/**
 * How texels are weighted when a map is projected: `solidAngle`, the exact area of each texel on the sphere; or
 * `bandLimited`, weights that give back the coefficients of a map made by `environmentOfSH` exactly (to rounding),
 * when the map has more than 2 * degree rows and columns.
 */
export type ProjectionWeights = 'solidAngle' | 'bandLimited';

/**
 * Spherical-harmonic coefficients of a lat-long map of radiance: [H, W, C] -> [(degree + 1)^2, C]. One matrix product;
 * its gradient is another. With `solidAngle` weights a map of bands up to 8 comes back to 0.1 % at 64 rows.
 */
export function projectEnvironment(
  map: Tensor,
  {
    degree = shMaxDegree,
    weights = 'solidAngle',
  }: { readonly degree?: number; readonly weights?: ProjectionWeights } = {},
): Tensor {
  checkDegree('projectEnvironment', degree);
  if (map.rank !== 3)
    throw new ShapeError(`projectEnvironment: the map must be [H, W, C], got [${map.shape.join(', ')}]`);
  const [height, width, channels] = map.shape;
  const rows =
    weights === 'solidAngle'
      ? texelSolidAngles({ height, width })
      : fejer(height).map((w) => (w * 2 * Math.PI) / width);
  const weighted = map.mul(tensor(Float32Array.from(rows), [height, 1, 1])).reshape([height * width, channels]);
  return basisTable(height, width, degree).transpose().matmul(weighted);
}

/**
 * The lat-long map of coefficients: [K, C] -> [height, width, C], values at the centres of texels. One matrix product.
 * Negative radiance stays negative, so that gradients live.
 */
export function environmentOfSH(
  coefficients: Tensor,
  { height, width = 2 * height }: { readonly height: number; readonly width?: number },
): Tensor {
  const { shape } = coefficients;
  if (shape.length !== 2)
    throw new ShapeError(`environmentOfSH: coefficients must be [K, C], got [${shape.join(', ')}]`);
  if (![height, width].every((n) => Number.isInteger(n) && n > 0)) {
    throw new ShapeError(`environmentOfSH: height and width must be whole numbers above 0, got ${height} x ${width}`);
  }
  const degree = degreeOf('environmentOfSH', shape[0]);
  return basisTable(height, width, degree).matmul(coefficients).reshape([height, width, shape[1]]);
}

/** All basis functions at all texel centres, [H * W, K], from float64. */
function basisTable(height: number, width: number, degree: number): Tensor {
  const directions = texelDirections({ height, width });
  const count = shCount(degree);
  const table = new Float32Array(height * width * count);
  for (let t = 0; t < height * width; t++) {
    table.set(evaluateSHHost(directions.subarray(3 * t, 3 * t + 3), degree), t * count);
  }
  return tensor(table, [height * width, count]);
}
