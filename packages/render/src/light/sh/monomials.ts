import { expr } from '../../engine.js';
import { shCount, shIndex } from './indices.js';

/**
 * Spherical harmonics as homogeneous polynomials. On the unit sphere every band l <= d is a polynomial of degree d or
 * d - 1 (multiply by x^2 + y^2 + z^2 = 1 until it is), so (d + 1)^2 monomials span bands 0 to d exactly, and evaluation
 * is one matrix product. Unlike powers of z alone these monomials lose no digits: coefficients stay near the values.
 */
export interface MonomialBasis {
  /** Exponents of x, y, z of every monomial, [count][3]: first all of degree d, then all of degree d - 1. */
  readonly exponents: readonly (readonly [number, number, number])[];
  /** [count, count] row-major: Y_k = sum_j monomial_j * matrix[j * count + k]. */
  readonly matrix: Float64Array;
}

/** A polynomial in x, y, z: coefficients by exponents, 'i j k'. */
type Polynomial = Map<string, number>;

const term = (i: number, j: number, k: number, c = 1): Polynomial => new Map([[`${i} ${j} ${k}`, c]]);

function sum(...parts: readonly (readonly [number, Polynomial])[]): Polynomial {
  const result: Polynomial = new Map();
  for (const [scale, p] of parts) for (const [key, c] of p) result.set(key, (result.get(key) ?? 0) + scale * c);
  return result;
}

function product(a: Polynomial, b: Polynomial): Polynomial {
  const result: Polynomial = new Map();
  for (const [ka, ca] of a) {
    const [i, j, k] = ka.split(' ').map(Number);
    for (const [kb, cb] of b) {
      const [l, m, n] = kb.split(' ').map(Number);
      const key = `${i + l} ${j + m} ${k + n}`;
      result.set(key, (result.get(key) ?? 0) + ca * cb);
    }
  }
  return result;
}

const x = term(1, 0, 0);
const y = term(0, 1, 0);
const z = term(0, 0, 1);
const norm2 = sum([1, product(x, x)], [1, product(y, y)], [1, product(z, z)]);

/** Y_lm of one band each as homogeneous polynomials of degree l, in coefficient order; the recurrence of `basis.ts`. */
function homogeneousHarmonics(degree: number): Polynomial[] {
  const all: Polynomial[] = [];
  let c = term(0, 0, 0); // c + i s = (x + i y)^m
  let s: Polynomial = new Map();
  let top = term(0, 0, 0, Math.sqrt(1 / (4 * Math.PI))); // P_m^m
  for (let m = 0; m <= degree; m++) {
    if (m > 0) {
      [c, s] = [sum([1, product(x, c)], [-1, product(y, s)]), sum([1, product(x, s)], [1, product(y, c)])];
      top = sum([Math.sqrt((2 * m + 1) / (2 * m)), top]);
    }
    let below: Polynomial = new Map();
    let p = top;
    for (let l = m; l <= degree; l++) {
      if (l > m) {
        const a = Math.sqrt((4 * l * l - 1) / (l * l - m * m));
        const b = Math.sqrt(((l - 1) ** 2 - m * m) / (4 * (l - 1) ** 2 - 1));
        [below, p] = [p, sum([a, product(z, p)], [-a * b, product(norm2, below)])];
      }
      const scale = m === 0 ? 1 : Math.SQRT2;
      all[shIndex(l, m)] = sum([scale, product(p, c)]);
      if (m > 0) all[shIndex(l, -m)] = sum([scale, product(p, s)]);
    }
  }
  return all;
}

const cache = new Map<number, MonomialBasis>();

/** The monomials and the matrix of bands 0 to `degree`, made once. */
export function monomialBasis(degree: number): MonomialBasis {
  let basis = cache.get(degree);
  if (basis !== undefined) return basis;
  const exponents: [number, number, number][] = [];
  for (const d of degree > 0 ? [degree, degree - 1] : [0]) {
    for (let i = d; i >= 0; i--) for (let j = d - i; j >= 0; j--) exponents.push([i, j, d - i - j]);
  }
  const count = shCount(degree);
  const row = new Map(exponents.map((e, j) => [e.join(' '), j]));
  const matrix = new Float64Array(count * count);
  homogeneousHarmonics(degree).forEach((harmonic, k) => {
    const l = Math.floor(Math.sqrt(k));
    let p = harmonic;
    for (let d = l; d + 2 <= degree; d += 2) p = product(p, norm2);
    for (const [key, value] of p) matrix[row.get(key)! * count + k] = value;
  });
  cache.set(degree, (basis = { exponents, matrix }));
  return basis;
}

/** x^i y^j z^k for exponents 0 to 8. */
export const monomial = expr`
  fn power(x: f32, n: i32) -> f32 {
    let x2 = x * x;
    let x4 = x2 * x2;
    let low = select(1.0, x, (n & 1) != 0) * select(1.0, x2, (n & 2) != 0);
    return low * select(1.0, x4, (n & 4) != 0) * select(1.0, x4 * x4, (n & 8) != 0);
  }
  fn monomial(d: vec3f, i: i32, j: i32, k: i32) -> f32 {
    return power(d.x, i) * power(d.y, j) * power(d.z, k);
  }`;
