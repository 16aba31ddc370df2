import { ShapeError } from '@chiaro/autograd';

/**
 * Solves A x = b for a symmetric positive definite A [n, n], row-major; the lower triangle is read, A and b are kept.
 *
 * @throws ShapeError if A is not positive definite to rounding.
 */
export function solveSymmetric(a: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  const l = Float64Array.from(a);
  const x = Float64Array.from(b);
  for (let j = 0; j < n; j++) {
    let pivot = l[j * n + j];
    for (let k = 0; k < j; k++) pivot -= l[j * n + k] ** 2;
    if (!(pivot > 0))
      throw new ShapeError(`solveSymmetric: the matrix is not positive definite (pivot ${j}: ${pivot})`);
    const root = Math.sqrt(pivot);
    l[j * n + j] = root;
    for (let i = j + 1; i < n; i++) {
      let sum = l[i * n + j];
      for (let k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k];
      l[i * n + j] = sum / root;
    }
  }
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] -= l[i * n + k] * x[k];
    x[i] /= l[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] -= l[k * n + i] * x[k];
    x[i] /= l[i * n + i];
  }
  return x;
}
