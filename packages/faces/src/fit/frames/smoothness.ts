import { ChiaroError } from '../../engine.js';

/**
 * How much things change from one frame of a clip to the next, as standard deviations; Infinity lets them change freely.
 * Second differences are x(t + 1) - 2 x(t) + x(t - 1): a steady motion costs nothing.
 */
export interface FrameSmoothness {
  /** Of the second difference of the head's turn, radians per frame^2. */
  readonly rotation: number;
  /** Of the second difference of the head's place, mm per frame^2. */
  readonly translation: number;
  /** Of the second difference of an expression's weight, per frame^2. */
  readonly expression: number;
  /** Of the first difference of a coefficient of the light, in parts of its mean coefficient per frame. */
  readonly light: number;
}

/** For clips of some 25 frames a second of a person who talks. */
export const usualSmoothness: FrameSmoothness = { rotation: 0.008, translation: 0.6, expression: 0.02, light: 0.1 };

/** @throws ChiaroError for what is no standard deviation. */
export function checkSmoothness(smoothness: FrameSmoothness): void {
  for (const [name, value] of Object.entries(smoothness))
    if (!(value > 0))
      throw new ChiaroError(`smoothness.${name} must be a number above 0 (Infinity for none), got ${value}`);
}

/** Where something is expected to be, and how surely: a weight is one over a variance. */
export interface Expected {
  readonly value: Float64Array;
  readonly weight: number;
}

/** Numbers of a frame at a time. */
export interface TimedValues {
  /** Number of the frame; some may be missing between two. */
  readonly time: number;
  readonly values: ArrayLike<number>;
}

/** Factors of the values in a divided difference of as many times but one, times the factorial of its order. */
const factorsOf = (window: readonly { readonly time: number }[]): number[] =>
  window.map((a) =>
    window.reduce<number>((product, b) => (a === b ? product : product / (a.time - b.time)), window.length - 1),
  );

/**
 * What the neighbours of a frame say of its numbers x: the sum of squares of all differences of an order in which x has a
 * part, over sigma^2, is weight |x - value|^2 and a constant. Differences over missing frames are divided differences, times
 * the factorial of the order, so that they are rates per frame too.
 *
 * @param neighbours frames before and after, in the order of time; as many as the order on either side are used.
 * @returns undefined where there are too few neighbours for a difference, or nothing is known of it (sigma is Infinity).
 */
export function expectedAt(
  time: number,
  neighbours: readonly TimedValues[],
  order: 1 | 2,
  sigma: number,
): Expected | undefined {
  if (neighbours.length < order || sigma === Infinity) return undefined;
  const before = neighbours.filter((n) => n.time < time).slice(-order);
  const after = neighbours.filter((n) => n.time > time).slice(0, order);
  const all: { readonly time: number; readonly values?: ArrayLike<number> }[] = [...before, { time }, ...after];
  let total = 0;
  const sum = new Float64Array(neighbours[0].values.length);
  for (let first = 0; first + order < all.length; first++) {
    const window = all.slice(first, first + order + 1);
    if (window.every(({ values }) => values)) continue; // this frame has no part in it
    const factors = factorsOf(window);
    const own = factors[window.findIndex(({ values }) => values === undefined)];
    total += own * own;
    window.forEach(({ values }, k) => {
      if (values) sum.forEach((_, i) => (sum[i] -= own * factors[k] * values[i]));
    });
  }
  return total === 0 ? undefined : { value: sum.map((x) => x / total), weight: total / sigma ** 2 };
}

/**
 * Smooths lists of numbers over time at once, each number by itself: the least sum of |x - found|^2 / v and the squares of second
 * differences over sigma^2. How much what was found trembles, v, its own second differences tell: theirs is the
 * variance sigma^2 of the motion and, for frames next to each other, 6 v. A frame alone that knew those before it would go
 * on as they went, and swing; all at once do not.
 *
 * @param found in the order of time, one list per frame.
 */
export function smoothed(found: readonly TimedValues[], sigma: number): Float64Array[] {
  const all = found.map(({ values }) => Float64Array.from(values));
  if (found.length < 3 || sigma === Infinity) return all;
  const windows = found.slice(2).map((_, k) => factorsOf(found.slice(k, k + 3)));
  for (let c = 0; c < all[0].length; c++) {
    let [squares, shares] = [0, 0];
    windows.forEach((f, k) => {
      squares += f.reduce((sum, x, j) => sum + x * all[k + j][c], 0) ** 2;
      shares += f.reduce((sum, x) => sum + x * x, 0);
    });
    const v = (squares - windows.length * sigma ** 2) / shares;
    if (!(v > 0)) continue; // it does not tremble
    const rows = all.map(() => [1 / v, 0, 0]); // the diagonal, and the two beside it
    windows.forEach((f, k) => {
      for (let a = 0; a < 3; a++) for (let b = a; b < 3; b++) rows[k + a][b - a] += (f[a] * f[b]) / sigma ** 2;
    });
    const x = solveBand(
      rows,
      all.map((list) => list[c] / v),
    );
    all.forEach((list, k) => (list[c] = x[k]));
  }
  return all;
}

/** Solves A x = b by Cholesky's method. @param rows of a symmetric A, positive definite: A(k, k), A(k, k + 1), A(k, k + 2). */
function solveBand(rows: readonly (readonly number[])[], b: readonly number[]): number[] {
  const n = rows.length;
  // A = L D L^T; l[k] has L(k, k - 1) and L(k, k - 2)
  const d = new Float64Array(n);
  const l: [number, number][] = [];
  const y = [...b];
  for (let k = 0; k < n; k++) {
    const two = k > 1 ? rows[k - 2][2] / d[k - 2] : 0;
    const one = k > 0 ? (rows[k - 1][1] - (k > 1 ? two * d[k - 2] * l[k - 1][0] : 0)) / d[k - 1] : 0;
    l.push([one, two]);
    d[k] = rows[k][0] - (k > 0 ? one * one * d[k - 1] : 0) - (k > 1 ? two * two * d[k - 2] : 0);
    y[k] -= (k > 0 ? one * y[k - 1] : 0) + (k > 1 ? two * y[k - 2] : 0);
  }
  for (let k = 0; k < n; k++) y[k] /= d[k];
  for (let k = n - 1; k >= 0; k--)
    y[k] -= (k + 1 < n ? l[k + 1][0] * y[k + 1] : 0) + (k + 2 < n ? l[k + 2][1] * y[k + 2] : 0);
  return y;
}
