import { wgsl } from '../../wgsl/link.js';

/** Gaussian elimination with row pivots of the n rows of `w` from `start` on; returns the determinant of the first n columns. */
export const elimination = wgsl`fn eliminate(start: u32, n: u32, width: u32) -> f32 {
  var determinant = 1.0;
  for (var c = 0u; c < n; c++) {
    var pivot = c;
    for (var r = c + 1u; r < n; r++) {
      if (abs(w[start + r * width + c]) > abs(w[start + pivot * width + c])) { pivot = r; }
    }
    if (pivot != c) {
      determinant = -determinant;
      for (var j = c; j < width; j++) {
        let above = w[start + c * width + j];
        w[start + c * width + j] = w[start + pivot * width + j];
        w[start + pivot * width + j] = above;
      }
    }
    let d = w[start + c * width + c];
    determinant *= d;
    if (d == 0.0) { return 0.0; }
    for (var r = c + 1u; r < n; r++) {
      let factor = w[start + r * width + c] / d;
      for (var j = c + 1u; j < width; j++) { w[start + r * width + j] -= factor * w[start + c * width + j]; }
    }
  }
  return determinant;
}`;

/** The same on the host. */
export function eliminate(w: Float64Array, n: number, width: number): number {
  let determinant = 1;
  for (let c = 0; c < n; c++) {
    let pivot = c;
    for (let r = c + 1; r < n; r++) if (Math.abs(w[r * width + c]!) > Math.abs(w[pivot * width + c]!)) pivot = r;
    if (pivot !== c) {
      determinant = -determinant;
      const above = w.slice(c * width, (c + 1) * width);
      w.copyWithin(c * width, pivot * width, (pivot + 1) * width);
      w.set(above, pivot * width);
    }
    const d = w[c * width + c]!;
    determinant *= d;
    if (d === 0) return 0;
    for (let r = c + 1; r < n; r++) {
      const factor = w[r * width + c]! / d;
      for (let j = c; j < width; j++) w[r * width + j]! -= factor * w[c * width + j]!;
    }
  }
  return determinant;
}

/** x with a x = b on the host: matrices [batch, n, n] and [batch, n, k], row-major. */
export function solveHost(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  [batch, n, k]: readonly [number, number, number],
): Float64Array {
  const x = new Float64Array(batch * n * k);
  const width = n + k;
  for (let m = 0; m < batch; m++) {
    const w = Float64Array.from({ length: n * width }, (_, i) => {
      const [r, c] = [m * n + Math.floor(i / width), i % width];
      return c < n ? a[r * n + c]! : b[r * k + c - n]!;
    });
    eliminate(w, n, width);
    for (let r = n - 1; r >= 0; r--) {
      for (let j = 0; j < k; j++) {
        let sum = w[r * width + n + j]!;
        for (let c = r + 1; c < n; c++) sum -= w[r * width + c]! * x[(m * n + c) * k + j]!;
        x[(m * n + r) * k + j] = sum / w[r * width + r]!;
      }
    }
  }
  return x;
}
