import { FormatError } from '../../errors.js';
import type { ExprFunction } from '../function.js';
import { parse } from '../parse/parse.js';
import type { ExprModule } from '../parse/parse.js';

/**
 * The elementary functions in f32, written in the expression language: what WGSL emission calls instead of builtins
 * whose guarantee or measured error is too coarse. Errors and ranges: tolerances.ts.
 *
 * The reductions are the classical ones (Cody and Waite, "Software Manual for the Elementary Functions"; Moshier's
 * Cephes; Sun's fdlibm); the polynomials are our own minimax fits. Compilers may contract and reassociate here, so
 * nothing depends on how a sum is rounded: high parts are split off by masking bits, which no compiler sees through,
 * and multiplied constants have so few bits that the products are exact. NaN and infinity are told by their bits.
 */
const text = `
// ---- exponentials: x = n ln 2 + r, |r| <= ln 2 / 2

// the whole number next to x, |x| < 2^22: 1.5 2^23 moves it to the lowest bits (half the cost of i32(round(x)), which
// must look after values out of range)
fn nearest(x: f32) -> i32 {
  return bitcast<i32>(x + 12582912.0) - 0x4b400000;
}

// 2^n for n in [-126, 127]
fn power_of_two(n: i32) -> f32 {
  return bitcast<f32>((n + 127) << 23u);
}

// p 2^n, in two steps: 2^n itself may be out of range
fn scale(p: f32, n: i32) -> f32 {
  let half = n >> 1u;
  return p * power_of_two(half) * power_of_two(n - half);
}

fn reduce_exp(x: f32, n: f32) -> f32 {
  return (x - n * 0.693359375) + n * 0.00021219444; // 355 / 512 times n is exact
}

// (exp(r) - 1 - r) / r^2
fn exp_tail(r: f32) -> f32 {
  return 0.5 + r * (0.16666543 + r * (0.04166628 + r * (0.008366583 + r * 0.0013946445)));
}

// 2^k exp(x)
fn exp_scaled(x: f32, k: i32) -> f32 {
  let c = clamp(x, -110.0, 90.0);
  let n = nearest(c * 1.442695);
  let r = reduce_exp(c, f32(n));
  return scale(1.0 + (r + r * r * exp_tail(r)), n + k);
}

fn chiaro_exp(x: f32) -> f32 {
  return exp_scaled(x, 0);
}

fn chiaro_exp2(x: f32) -> f32 {
  let c = clamp(x, -160.0, 130.0);
  let n = nearest(c);
  return scale(exp2_fraction(c - f32(n)), n);
}

// 2^r for |r| <= 1/2
fn exp2_fraction(r: f32) -> f32 {
  let tail = 0.05550328 + r * (0.009618006 + r * (0.0013400284 + r * 0.00015475898));
  return 1.0 + r * (0.6931472 + r * (0.2402265 + r * tail));
}

fn chiaro_expm1(x: f32) -> f32 {
  let c = clamp(x, -30.0, 88.8);
  let n = nearest(c * 1.442695);
  let r = reduce_exp(c, f32(n));
  let s = power_of_two(n - 1);
  return 2.0 * (s * (r + r * r * exp_tail(r)) + (s - 0.5));
}

fn chiaro_sinh(x: f32) -> f32 {
  let z = x * x;
  let series = x + x * z * (0.16666667 + z * (0.0083333505 + z * (0.00019836066 + z * 2.8174397e-06)));
  let half = exp_scaled(abs(x), -1);
  let large = half - 0.25 / half;
  return select(select(large, -large, x < 0.0), series, abs(x) < 1.0);
}

fn chiaro_cosh(x: f32) -> f32 {
  let half = exp_scaled(abs(x), -1);
  return half + 0.25 / half;
}

fn chiaro_tanh(x: f32) -> f32 {
  let z = x * x;
  let tail = -0.053743497 + z * (0.020650579 + z * -0.005717037);
  let series = x + x * z * (-0.33333284 + z * (0.13331491 + z * tail));
  let large = 1.0 - 2.0 / (exp(2.0 * abs(x)) + 1.0);
  return select(select(large, -large, x < 0.0), series, abs(x) < 0.625);
}

// Below 1 a series; above, 1 - exp(-p) with p = -log(erfc)
fn chiaro_erf(x: f32) -> f32 {
  let z = x * x;
  let tail = -0.026854444 + z * (0.005189535 + z * (-0.000802084 + z * 7.889114e-05));
  let series = x + x * (0.12837917 + z * (-0.37612626 + z * (0.112836 + z * tail)));
  let a = clamp(abs(x), 1.0, 4.0);
  let high = 0.10303743 + a * (-0.021805352 + a * (0.0029396156 + a * -0.0001855749));
  let large = 1.0 - exp(-(0.00035370892 + a * (1.12704 + a * (0.6382256 + a * high))));
  let signed = select(large, -large, x < 0.0);
  return select(select(signed, series, abs(x) < 1.0), x, isnan(x));
}

// ---- logarithms: x = m 2^e, m in [sqrt(1/2), sqrt(2)), f = m - 1, s = f / (2 + f)

// (m, e)
fn split(x: f32) -> vec2f {
  let bits = bitcast<i32>(x);
  let e = (bits - 0x3f3504f3) >> 23u;
  return vec2f(bitcast<f32>(bits - (e << 23u)), f32(e));
}

// log(1 + f) + e ln 2
fn log_core(f: f32, e: f32) -> f32 {
  let s = f / (2.0 + f);
  let z = s * s;
  let half_square = 0.5 * f * f;
  let r = z * (0.66666776 + z * (0.3997754 + z * 0.29871842));
  return e * 0.693145751953125 + (f - (half_square - (s * (half_square + r) + e * 1.4286068e-06)));
}

// What a logarithm of x is at 0, below 0, at infinity and NaN; value elsewhere
fn log_edges(x: f32, value: f32) -> f32 {
  let ordinary = bitcast<u32>(x) < 0x7f800000u; // >= 0 and finite
  let invalid = select(x, bitcast<f32>(0x7fc00000u), x < 0.0);
  return select(select(invalid, value, ordinary), bitcast<f32>(0xff800000u), x == 0.0);
}

fn chiaro_log(x: f32) -> f32 {
  let p = split(x);
  return log_edges(x, log_core(p.x - 1.0, p.y));
}

fn chiaro_log2(x: f32) -> f32 {
  let p = split(x);
  return log_edges(x, p.y + 1.442695 * log_core(p.x - 1.0, 0.0));
}

fn chiaro_log1p(x: f32) -> f32 {
  let y = 1.0 + x;
  let p = split(y);
  let small = x > -0.29289 && x < 0.41421;
  return log_edges(y, log_core(select(p.x - 1.0, x, small), select(p.y, 0.0, small)));
}

fn chiaro_asinh(x: f32) -> f32 {
  let z = x * x;
  let tail = -0.044385865 + z * (0.028175548 + z * -0.01324808);
  let series = x + x * z * (-0.16666643 + z * (0.07498663 + z * tail));
  let a = abs(x);
  let huge = a > 1e10;
  let large = log(select(a + sqrt(z + 1.0), a, huge)) + select(0.0, LN2, huge);
  return select(select(large, -large, x < 0.0), series, a < 0.5);
}

fn chiaro_acosh(x: f32) -> f32 {
  let t = x - 1.0;
  let huge = x > 1e10;
  let large = log1p(select(t + sqrt(t * (t + 2.0)), x, huge)) + select(0.0, LN2, huge);
  return select(large, bitcast<f32>(0x7fc00000u), x < 1.0);
}

fn chiaro_atanh(x: f32) -> f32 {
  let z = x * x;
  let tail = 0.14221488 + z * (0.118339576 + z * (0.05098562 + z * 0.17719632));
  let series = x + x * z * (0.333333 + z * (0.20002587 + z * tail));
  return select(0.5 * log((1.0 + x) / (1.0 - x)), series, abs(x) < 0.5);
}

// x^y = 2^(y log2 x), the logarithm and the product to some 36 bits. As in C and PyTorch: x^0 = 1, 1^y = 1, negative
// bases for whole y.
fn chiaro_pow(x: f32, y: f32) -> f32 {
  let p = split(abs(x));
  let f = p.x - 1.0;
  let s = f / (2.0 + f);
  let s_high = high(s);
  let f_high = high(f);
  let s_low = (((f - 2.0 * s_high) - s_high * f_high) - s_high * (f - f_high)) / (2.0 + f);
  let z = s * s;
  let odd = s * z * (0.9617967 + z * (0.5770829 + z * (0.41170624 + z * 0.34022027)));
  let main = s_high * 2.884765625; // 2 / ln 2 has 12 bits here, and the rest in the next line
  let rest = (2.88539 * s_low + 0.0006244568 * s_high) + odd;
  let log_high = high(p.y + (main + rest));
  let log_low = ((p.y - log_high) + main) + rest;
  let bounded = clamp(y, -1e10, 1e10); // beyond, any base but 1 is out of range
  let y_high = high(bounded);
  let product = y_high * log_high;
  let product_low = (bounded - y_high) * log_high + bounded * log_low;
  let total = clamp(product + product_low, -200.0, 200.0);
  let n = nearest(total);
  let r = select((product - f32(n)) + product_low, 0.0, abs(total) >= 200.0);
  var power = scale(exp2_fraction(r), n);
  let infinite = bitcast<u32>(abs(x)) == 0x7f800000u;
  if (x == 0.0 || infinite) {
    power = select(0.0, bitcast<f32>(0x7f800000u), infinite == (y > 0.0));
  }
  if (bitcast<i32>(x) < 0) { // -0 too
    let whole = trunc(y) == y;
    let is_odd = fract(0.5 * y) == 0.5 && abs(y) < 16777216.0;
    let broken = select(bitcast<f32>(0x7fc00000u), power, x == 0.0 || infinite);
    power = select(broken, select(power, -power, is_odd), whole);
  }
  power = select(power, x + y, isnan(x) || isnan(y));
  return select(power, 1.0, y == 0.0 || x == 1.0);
}

// The upper 12 bits of the mantissa: products of two such are exact
fn high(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u);
}

// ---- circular functions: x = q pi/2 + r, |r| <= pi/4 (for |x| <= 1e5; beyond, the angle is lost but the range holds)

fn reduce_angle(x: f32, q: f32) -> f32 {
  // pi/2 in parts of at most 8 bits: products with |q| < 2^16 are exact
  let r = ((x - q * 1.5703125) - q * 0.000484466552734375) + q * 6.4074993133544921875e-07;
  return clamp(r - q * 9.920936e-10, -0.8, 0.8);
}

// sin(r + q pi/2)
fn sin_quadrant(r: f32, q: i32) -> f32 {
  let z = r * r;
  let sine = r + r * z * (-0.16666655 + z * (0.008332178 + z * -0.00019517298));
  let cosine = 1.0 - (0.5 * z - z * z * (0.041666646 + z * (-0.0013887368 + z * 2.443845e-05)));
  let value = select(sine, cosine, (q & 1) == 1);
  return select(value, -value, (q & 2) == 2);
}

fn chiaro_sin(x: f32) -> f32 {
  let q = round(x * 0.63661977);
  return sin_quadrant(reduce_angle(x, q), nearest(q));
}

fn chiaro_cos(x: f32) -> f32 {
  let q = round(x * 0.63661977);
  return sin_quadrant(reduce_angle(x, q), nearest(q) + 1);
}

fn chiaro_tan(x: f32) -> f32 {
  let q = round(x * 0.63661977);
  let r = reduce_angle(x, q);
  let z = r * r;
  let tail = 0.053381257 + z * (0.024528254 + z * (0.0029744613 + z * 0.009465586));
  let t = r + r * z * (0.3333314 + z * (0.133392 + z * tail));
  return select(t, -1.0 / t, (nearest(q) & 1) == 1);
}

// atan(t) for |t| <= tan(pi/8)
fn atan_core(t: f32) -> f32 {
  let z = t * t;
  return t + t * z * (-0.33332956 + z * (0.19977924 + z * (-0.13879825 + z * 0.08060222)));
}

fn chiaro_atan(x: f32) -> f32 {
  let a = abs(x);
  let large = a > 2.4142137;
  let medium = a > 0.41421357 && !large;
  let t = select(a, select(-1.0, a - 1.0, medium), large || medium) / select(select(1.0, a + 1.0, medium), a, large);
  let angle = select(select(0.0, 0.25 * PI, medium), HALF_PI, large) + atan_core(t);
  return select(angle, -angle, x < 0.0);
}

fn chiaro_atan2(y: f32, x: f32) -> f32 {
  let a = abs(y);
  let b = abs(x);
  let steep = a > b;
  let small = select(a, b, steep);
  let large = select(b, a, steep);
  let diagonal = small == large && large > 0.0;
  let turned = small > 0.41421357 * large;
  let t = select(small, small - large, turned) / select(large, small + large, turned);
  let safe = select(t, 0.0, small == large);
  var angle = select(0.0, 0.25 * PI, turned || diagonal) + atan_core(safe);
  angle = select(angle, HALF_PI - angle, steep);
  angle = select(angle, PI - angle, bitcast<i32>(x) < 0);
  return select(select(angle, -angle, bitcast<i32>(y) < 0), x + y, isnan(x) || isnan(y));
}

// asin(t) for |t| <= 1/2
fn asin_core(t: f32, z: f32) -> f32 {
  return t + t * z * (0.16666754 + z * (0.07495233 + z * (0.04547834 + z * (0.024140999 + z * 0.04223053))));
}

fn chiaro_asin(x: f32) -> f32 {
  let a = abs(x);
  let large = a > 0.5;
  let z = select(a * a, 0.5 * (1.0 - a), large);
  let w = asin_core(select(a, sqrt(z), large), z);
  let angle = select(w, HALF_PI - 2.0 * w, large);
  return select(angle, -angle, x < 0.0);
}

fn chiaro_acos(x: f32) -> f32 {
  let a = abs(x);
  let large = a > 0.5;
  let z = select(a * a, 0.5 * (1.0 - a), large);
  let w = asin_core(select(x, sqrt(z), large), z);
  return select(HALF_PI - w, select(2.0 * w, PI - 2.0 * w, x < 0.0), large);
}
`;

let module: ExprModule | undefined;

/** The function by the name that emitted code calls it by (`chiaro_log`). */
export function elementary(name: string): ExprFunction {
  module ??= parse(text);
  const fn = module.functions.get(name);
  if (fn === undefined) throw new FormatError(`there is no stdlib function ${name}`);
  return fn;
}
