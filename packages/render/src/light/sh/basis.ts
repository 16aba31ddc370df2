import { ShapeError, elementwise, expr, tensor } from '../../engine.js';
import type { Tensor } from '../../engine.js';
import { checkDegree, degreeOf, shCount, shMaxDegree } from './indices.js';
import { monomial, monomialBasis } from './monomials.js';

/**
 * One real orthonormal spherical harmonic Y_lm of a unit vector, as an expression for any kernel: l in 0..8, m in -l..l;
 * no Condon-Shortley sign, polar axis z, m > 0 goes with cos(m phi), m < 0 with sin(|m| phi).
 *
 * The associated Legendre functions and the azimuthal part are polynomials in x, y, z built by recurrence, so nothing
 * is singular at the poles. For tensors of directions `evaluateSH` is faster.
 *
 * Source: Green, Spherical Harmonic Lighting (2003), with the normalisation folded into the recurrence.
 */
export const sphericalHarmonic = expr`
  fn sphericalHarmonic(d: vec3f, l: i32, m: i32) -> f32 {
    let order = abs(m);
    let square_m = f32(order * order);
    var p = 0.28209479177387814;                        // P_0^0 = sqrt(1 / 4 pi)
    var c = 1.0;                                        // c + i s = (x + i y)^|m|
    var s = 0.0;
    for (var i = 0; i < order; i++) {
      let k = f32(2 * i + 2);
      p *= sqrt((k + 1.0) / k);                         // P_m^m from P_(m-1)^(m-1)
      let turned = d.x * c - d.y * s;
      s = d.x * s + d.y * c;
      c = turned;
    }
    var below = 0.0;                                    // P_(n-2)^m
    for (var i = 0; i < l - order; i++) {
      let n = f32(order + i + 1);
      let n1 = n - 1.0;
      let a = sqrt((4.0 * n * n - 1.0) / (n * n - square_m));
      let b = sqrt(max(n1 * n1 - square_m, 0.0) / max(4.0 * n1 * n1 - 1.0, 1.0));
      let next = a * (d.z * p - b * below);
      below = p;
      p = next;
    }
    return p * select(SQRT2, 1.0, m == 0) * select(c, s, m < 0);
  }`;

/**
 * All spherical harmonics of bands 0 to `degree` at unit vectors: [..., 3] -> [..., (degree + 1)^2], in the order of
 * `shIndex`. Differentiable in the directions; where those are not normalised, normalise them first, so that the
 * gradient is the one on the sphere.
 *
 * Computed as monomials times a constant matrix (see MonomialBasis), in 2 kernels. Measured for 9,409 directions and 81
 * functions on lavapipe: 95 ms and 77 ms for the derivative, against 150 ms and 310 ms for `sphericalHarmonic` at every
 * function; the recurrences unrolled into one text take 74 ms, but 21 kernels and 2 s to compile them.
 */
export function evaluateSH(directions: Tensor, degree = shMaxDegree): Tensor {
  checkDegree('evaluateSH', degree);
  const count = shCount(degree);
  return monomials('evaluateSH', directions, degree).matmul(
    tensor(Float32Array.from(monomialBasis(degree).matrix), [count, count]),
  );
}

/**
 * The function that coefficients stand for, at unit vectors: directions [..., 3] and coefficients [K, C] (K = 1, 4, 9,
 * ..., 81; C channels) -> [..., C]. Differentiable in both. Equal to evaluateSH(directions).matmul(coefficients), at a
 * fraction of the work.
 */
export function evaluateSHSeries(directions: Tensor, coefficients: Tensor): Tensor {
  if (coefficients.rank !== 2) {
    throw new ShapeError(`evaluateSHSeries: coefficients must be [K, C], got [${coefficients.shape.join(', ')}]`);
  }
  const count = coefficients.shape[0];
  const degree = degreeOf('evaluateSHSeries', count);
  const matrix = tensor(Float32Array.from(monomialBasis(degree).matrix), [count, count]);
  return monomials('evaluateSHSeries', directions, degree).matmul(matrix.matmul(coefficients));
}

/** [..., 3] -> [..., (degree + 1)^2]: the monomials of MonomialBasis. */
function monomials(what: string, directions: Tensor, degree: number): Tensor {
  const { shape } = directions;
  if (shape.at(-1) !== 3)
    throw new ShapeError(`${what}: directions need a last dimension of 3, got [${shape.join(', ')}]`);
  const { exponents } = monomialBasis(degree);
  const [i, j, k] = [0, 1, 2].map((axis) => tensor(Int32Array.from(exponents, (e) => e[axis])));
  return elementwise(monomial, directions.unsqueeze(-2), i, j, k);
}
