import type { OpName } from '../ops.js';

/** How far f32 on a GPU may be from float64, and where. */
export interface Tolerance {
  /** Units in the last place of the exact result. */
  readonly ulp: number;
  /** Absolute error that is allowed besides: where the result passes zero but the arguments do not. */
  readonly absolute?: number;
  /** Range of each argument that the claim holds for. */
  readonly range: readonly (readonly [low: number, high: number])[];
}

const any: readonly [number, number] = [-1e6, 1e6];
const one = (ulp: number, low = any[0], high = any[1], absolute?: number): Tolerance => ({
  ulp,
  range: [[low, high]],
  ...(absolute !== undefined && { absolute }),
});
const two = (ulp: number, x: readonly [number, number] = any, y = x, absolute?: number): Tolerance => ({
  ulp,
  range: [x, y],
  ...(absolute !== undefined && { absolute }),
});

/**
 * Accuracy of every operation on f32, as emitted: the one table that all tests use. WGSL's 2.5 ulp of a division are
 * counted in (tan, atan); where division rounds correctly, as on lavapipe, none exceeds 4. Results below 1.2e-38 are not
 * specified (denormals), nor are the results of circular functions beyond the range (they stay within [-1, 1]).
 */
export const tolerances = {
  add: two(1),
  sub: two(1),
  mul: two(1),
  div: two(2.5, [0.01, 1e6]),
  /** x - y * trunc(x / y): the quotient's error is multiplied by y. */
  mod: two(1, [-100, 100], [0.5, 10], 1e-4),
  neg: one(0),
  min: two(0),
  max: two(0),
  abs: one(0),
  sign: one(0),
  floor: one(0),
  ceil: one(0),
  round: one(0),
  trunc: one(0),
  fract: one(1),
  sqrt: one(2.5, 0, 1e30),
  inverseSqrt: one(2.5, 1e-30, 1e30),
  exp: one(3, -87, 88.7),
  exp2: one(3, -125, 127.9),
  expm1: one(3, -80, 88.7),
  log: one(3, 1.2e-38, 3e38),
  log2: one(3, 1.2e-38, 3e38),
  log1p: one(4, -0.99999, 1e30),
  sin: one(4, -1e5, 1e5, 1e-9),
  cos: one(4, -1e5, 1e5, 1e-9),
  tan: one(6, -1e5, 1e5, 1e-9),
  asin: one(4, -1, 1),
  acos: one(4, -1, 1),
  atan: one(5, -1e30, 1e30),
  atan2: two(5, [-1e6, 1e6]),
  sinh: one(4, -89, 89),
  cosh: one(4, -89, 89),
  tanh: one(4, -20, 20),
  asinh: one(4, -1e30, 1e30),
  acosh: one(4, 1, 1e30),
  atanh: one(4, -0.99999, 0.99999),
  erf: one(4, -6, 6),
  pow: two(4, [1e-6, 100], [-6, 6]),
} as const satisfies Partial<Record<OpName, Tolerance>>;

/** Distance between two f32 neighbours at x. */
export function ulpAt(x: number): number {
  const exponent = Math.floor(Math.log2(Math.abs(Math.fround(x))));
  return 2 ** (Math.max(-126, Math.min(127, exponent)) - 23);
}

/** Error of `value` in units in the last place of `exact`; 0 for equal infinities and for NaN where NaN is right. */
export function errorInUlp(value: number, exact: number): number {
  if (Object.is(value, Math.fround(exact)) || value === exact) return 0;
  const error = Math.abs(value - exact) / ulpAt(exact);
  return Number.isNaN(error) ? Infinity : error;
}

/** Whether `value` is as near to `exact` as the tolerance asks. */
export function isWithin(t: Tolerance, value: number, exact: number): boolean {
  return errorInUlp(value, exact) <= t.ulp || Math.abs(value - exact) <= (t.absolute ?? 0);
}
