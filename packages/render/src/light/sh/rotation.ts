import type { ReadonlyMat3 } from 'gl-matrix';
import { ShapeError, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { gaussLegendre } from '../../math/quadrature.js';
import { evaluateSHSeries } from './basis.js';
import { evaluateSHHost } from './host.js';
import { checkDegree, degreeOf, shCount, shMaxDegree } from './indices.js';

/**
 * Matrices M_l of a rotation, one per band, [2l + 1, 2l + 1] row-major, in float64: Y_l(R d) = M_l Y_l(d), and light
 * turned by R has coefficients M_l c_l. Works for reflections too.
 *
 * @param rotation gl-matrix, column-major: element [3 * column + row].
 *
 * Ivanic and Ruedenberg 1996, Rotation Matrices for Real Spherical Harmonics, eq. 8.1 and tables 1 and 2, with the
 * additions and corrections of 1998.
 */
export function rotationMatricesSH(rotation: ReadonlyMat3, degree = shMaxDegree): Float64Array[] {
  checkDegree('rotationMatricesSH', degree);
  const axis = [1, 2, 0]; // m = -1, 0, 1 go with y, z, x
  const bands: Float64Array[] = [Float64Array.of(1)];
  const first = Float64Array.from({ length: 9 }, (_, k) => rotation[3 * axis[k % 3] + axis[Math.floor(k / 3)]]);
  if (degree > 0) bands.push(first);
  for (let l = 2; l <= degree; l++) bands.push(nextBand(l, first, bands[l - 1]));
  return bands;
}

function nextBand(l: number, first: Float64Array, below: Float64Array): Float64Array {
  const r = (m: number, n: number): number => first[(m + 1) * 3 + n + 1];
  const R = (m: number, n: number): number => below[(m + l - 1) * (2 * l - 1) + n + l - 1];
  const P = (i: number, a: number, b: number): number => {
    if (b === l) return r(i, 1) * R(a, l - 1) - r(i, -1) * R(a, 1 - l);
    if (b === -l) return r(i, 1) * R(a, 1 - l) + r(i, -1) * R(a, l - 1);
    return r(i, 0) * R(a, b);
  };
  const V = (m: number, n: number): number => {
    if (m === 0) return P(1, 1, n) + P(-1, -1, n);
    if (m === 1) return Math.SQRT2 * P(1, 0, n);
    if (m === -1) return Math.SQRT2 * P(-1, 0, n);
    return m > 0 ? P(1, m - 1, n) - P(-1, 1 - m, n) : P(1, m + 1, n) + P(-1, -m - 1, n);
  };
  const W = (m: number, n: number): number =>
    m > 0 ? P(1, m + 1, n) + P(-1, -m - 1, n) : P(1, m - 1, n) - P(-1, 1 - m, n);
  const size = 2 * l + 1;
  const matrix = new Float64Array(size * size);
  for (let m = -l; m <= l; m++) {
    const a = Math.abs(m);
    for (let n = -l; n <= l; n++) {
      const d = Math.abs(n) === l ? 2 * l * (2 * l - 1) : (l + n) * (l - n);
      const u = Math.sqrt(((l + m) * (l - m)) / d);
      const v = 0.5 * Math.sqrt(((m === 0 ? 2 : 1) * (l + a - 1) * (l + a)) / d) * (m === 0 ? -1 : 1);
      const w = m === 0 ? 0 : -0.5 * Math.sqrt(((l - a - 1) * (l - a)) / d);
      // where a factor is zero its term would read beyond the band below
      const sum = (u && u * P(0, m, n)) + (v && v * V(m, n)) + (w && w * W(m, n));
      matrix[(m + l) * size + n + l] = sum;
    }
  }
  return matrix;
}

/**
 * Coefficients [K, C] of light turned by a rotation: exact, linear in the coefficients, and differentiable in both when
 * the rotation is a tensor.
 *
 * @param rotation [3, 3] tensor (rows first, acting on column vectors), or a gl-matrix mat3.
 */
export function rotateSH(coefficients: Tensor, rotation: Tensor | ReadonlyMat3): Tensor {
  if (coefficients.rank !== 2) {
    throw new ShapeError(`rotateSH: coefficients must be [K, C], got [${coefficients.shape.join(', ')}]`);
  }
  const degree = degreeOf('rotateSH', coefficients.shape[0]);
  if (isMatrix(rotation)) return tensor(blockDiagonal(rotationMatricesSH(rotation, degree))).matmul(coefficients);
  if (rotation.rank !== 2 || rotation.shape.some((n) => n !== 3)) {
    throw new ShapeError(`rotateSH: the rotation must be [3, 3], got [${rotation.shape.join(', ')}]`);
  }
  // c' = int Y(d) L(R^-1 d) dd by a rule that is exact for products of two such functions
  const { directions, projection } = exactRule(degree);
  return projection.matmul(evaluateSHSeries(directions.matmul(rotation), coefficients));
}

const isMatrix = (rotation: Tensor | ReadonlyMat3): rotation is ReadonlyMat3 => 'length' in rotation;

function blockDiagonal(bands: readonly Float64Array[]): number[][] {
  const count = shCount(bands.length - 1);
  return Array.from({ length: count }, (_, row) => {
    const l = Math.floor(Math.sqrt(row));
    const size = 2 * l + 1;
    const line = new Array<number>(count).fill(0);
    for (let n = 0; n < size; n++) line[l * l + n] = bands[l][(row - l * l) * size + n];
    return line;
  });
}

/** Directions [Q, 3] and the matrix [K, Q] that takes values there to coefficients, exact for bands up to `degree`. */
function exactRule(degree: number): { directions: Tensor; projection: Tensor } {
  const { nodes, weights } = gaussLegendre(degree + 1);
  const columns = 2 * degree + 1;
  const directions: number[][] = [];
  const rows: number[][] = [];
  nodes.forEach((z, i) => {
    const s = Math.sqrt(1 - z * z);
    for (let j = 0; j < columns; j++) {
      const phi = (2 * Math.PI * (j + 0.5)) / columns;
      const d = [s * Math.cos(phi), s * Math.sin(phi), z];
      directions.push(d);
      rows.push(Array.from(evaluateSHHost(d, degree), (y) => (y * weights[i] * 2 * Math.PI) / columns));
    }
  });
  return { directions: tensor(directions), projection: tensor(rows).transpose() };
}
