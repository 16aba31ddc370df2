import { checkDegree, shCount, shIndex, shMaxDegree } from './indices.js';

/**
 * All spherical harmonics of bands 0 to `degree` at one unit vector, in float64, by trigonometry-free recurrence:
 * (degree + 1)^2 numbers in the order of `shIndex`. Any degree up to 8.
 */
export function evaluateSHHost(direction: ArrayLike<number>, degree = shMaxDegree): Float64Array {
  checkDegree('evaluateSHHost', degree);
  const [x, y, z] = [direction[0], direction[1], direction[2]];
  const values = new Float64Array(shCount(degree));
  let [c, s] = [1, 0]; // (x + i y)^m
  let top = Math.sqrt(1 / (4 * Math.PI)); // P_m^m
  for (let m = 0; m <= degree; m++) {
    if (m > 0) {
      [c, s] = [x * c - y * s, x * s + y * c];
      top *= Math.sqrt((2 * m + 1) / (2 * m));
    }
    let [below, p] = [0, top];
    for (let l = m; l <= degree; l++) {
      if (l > m) {
        const a = Math.sqrt((4 * l * l - 1) / (l * l - m * m));
        const b = Math.sqrt(((l - 1) ** 2 - m * m) / (4 * (l - 1) ** 2 - 1));
        [below, p] = [p, a * (z * p - b * below)];
      }
      values[shIndex(l, m)] = p * c * (m === 0 ? 1 : Math.SQRT2);
      if (m > 0) values[shIndex(l, -m)] = p * s * Math.SQRT2;
    }
  }
  return values;
}
