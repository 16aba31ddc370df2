import { ShapeError, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { halfCosine } from './bands.js';
import { degreeOf, shBands, shIndex } from './indices.js';
import { rotationMatricesSH } from './rotation.js';

/**
 * Published codes whose light coefficients can be read and written (research notes, section 5f). The converted light
 * gives the same picture: where a code computes albedo * shading, ours computes albedo * irradiance / pi.
 *
 * - `sfsnet` (SfSNet, Sengupta et al. 2018): [27], red's nine first; order 1, z, x, y, 3z^2-1, xz, yz, x^2-y^2, xy;
 * - `deca` (DECA, Feng et al. 2021, after MoFA): [9, 3]; order 1, x, y, z, xy, xz, yz, x^2-y^2, 3z^2-1; its constant
 *   term lacks the factor pi of the other terms;
 * - `deep3d` (Deep3DFaceRecon, Deng et al. 2019): [27], red's nine first; order (l, m) with the Condon-Shortley sign, bands 1
 *   and 2 are sqrt(3) and 2 sqrt(2) larger than the cosine's, and 0.8 is added to the constant term;
 * - `redner` (redner and NextFace): radiance [K, C], order (l, m) with the Condon-Shortley sign, polar axis +Y, azimuth
 *   from -Z towards +X; any K.
 */
export type SHConvention = 'sfsnet' | 'deca' | 'deep3d' | 'redner';

interface Linear {
  /** For each place of the other code: our index, and the factor from their coefficient to ours. */
  readonly places: readonly (readonly [index: number, factor: number])[];
  /** Channels of a [27] vector stand one after the other. */
  readonly planar: boolean;
  /** Added to their constant term before it is used. */
  readonly offset: number;
}

const orders = {
  sfsnet: [
    [0, 0],
    [1, 0],
    [1, 1],
    [1, -1],
    [2, 0],
    [2, 1],
    [2, -1],
    [2, 2],
    [2, -2],
  ],
  deca: [
    [0, 0],
    [1, 1],
    [1, -1],
    [1, 0],
    [2, -2],
    [2, 1],
    [2, -1],
    [2, 2],
    [2, 0],
  ],
  deep3d: [
    [0, 0],
    [1, -1],
    [1, 0],
    [1, 1],
    [2, -2],
    [2, -1],
    [2, 0],
    [2, 1],
    [2, 2],
  ],
} as const;

/** Factor of each code's basis functions to the orthonormal ones without sign. */
function constantOf(code: keyof typeof orders, l: number, m: number): number {
  const cosine = halfCosine(2)[l];
  if (code === 'sfsnet') return cosine;
  if (code === 'deca') return l === 0 ? 1 : cosine;
  const sign = m % 2 === 0 ? 1 : -1;
  return sign * [Math.PI, (2 * Math.PI) / Math.sqrt(3), (2 * Math.PI) / Math.sqrt(8)][l];
}

function linearOf(code: keyof typeof orders): Linear {
  const cosine = halfCosine(2);
  const places = orders[code].map(([l, m]): [number, number] => [
    shIndex(l, m),
    // their shading has the coefficient g * constant; ours A_l L / pi
    (constantOf(code, l, m) * Math.PI) / cosine[l],
  ]);
  return { places, planar: code !== 'deca', offset: code === 'deep3d' ? 0.8 : 0 };
}

const identityMatrix = (n: number): number[][] =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => Number(i === j)));

/** From redner's coefficients to ours: [K, K]. Theirs stand for a function of Q d with the sign in the basis. */
function rednerMatrix(count: number): number[][] {
  const degree = degreeOf('convertSH', count);
  // Q takes (x, y, z) to (-z, x, y): column-major
  const bands = rotationMatricesSH([0, 1, 0, 0, 0, 1, -1, 0, 0], degree);
  const matrix = identityMatrix(count);
  shBands(degree).forEach((l, row) => {
    for (let n = -l; n <= l; n++) {
      const sign = n % 2 === 0 ? 1 : -1;
      matrix[row][shIndex(l, n)] = sign * bands[l][(n + l) * (2 * l + 1) + row - l * l]; // M^T diag(sign)
    }
  });
  return matrix;
}

/** Light coefficients of a published code -> ours, [K, C] of radiance. Linear (deep3d: affine) and differentiable. */
export function fromConvention(code: SHConvention, coefficients: Tensor): Tensor {
  if (code === 'redner') {
    if (coefficients.rank !== 2) throw shapeError(code, '[K, C]', coefficients);
    return tensor(rednerMatrix(coefficients.shape[0])).matmul(coefficients);
  }
  const { places, planar, offset } = linearOf(code);
  const channels = coefficients.size / 9;
  if (
    coefficients.size % 9 !== 0 ||
    (planar ? coefficients.rank !== 1 : coefficients.shape[0] !== 9 || coefficients.rank !== 2)
  ) {
    throw shapeError(code, planar ? '[27]' : '[9, 3]', coefficients);
  }
  const table = planar ? coefficients.reshape([channels, 9]).transpose() : coefficients;
  const matrix = zeroMatrix();
  places.forEach(([index, factor], k) => (matrix[index][k] = factor));
  const shifted = offset === 0 ? table : table.add(tensor(places.map((_, k) => [k === 0 ? offset : 0])));
  return tensor(matrix).matmul(shifted);
}

/** Our coefficients [K, C] -> those of a published code, in its shape; bands that the code lacks are dropped. */
export function toConvention(code: SHConvention, coefficients: Tensor): Tensor {
  if (coefficients.rank !== 2) throw shapeError('toConvention', '[K, C]', coefficients);
  const [count, channels] = coefficients.shape;
  degreeOf('toConvention', count);
  if (code === 'redner') return tensor(rednerMatrix(count)).transpose().matmul(coefficients);
  if (count < 9) throw shapeError(code, '[9 or more, C]', coefficients);
  const { places, planar, offset } = linearOf(code);
  const matrix = zeroMatrix();
  places.forEach(([index, factor], k) => (matrix[k][index] = 1 / factor));
  const table = tensor(matrix).matmul(coefficients.slice([0, 9]));
  const shifted = offset === 0 ? table : table.sub(tensor(places.map((_, k) => [k === 0 ? offset : 0])));
  return planar ? shifted.transpose().reshape([9 * channels]) : shifted;
}

const zeroMatrix = (): number[][] => Array.from({ length: 9 }, () => new Array<number>(9).fill(0));

const shapeError = (code: string, wanted: string, got: Tensor): ShapeError =>
  new ShapeError(`${code}: coefficients must have shape ${wanted}, got [${got.shape.join(', ')}]`);
