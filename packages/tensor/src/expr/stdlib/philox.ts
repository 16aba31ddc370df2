import type { ExprFunction } from '../function.js';
import { parse } from '../parse/parse.js';

/**
 * Counter-based random numbers. Philox 4x32-10: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
 * 1, 2, 3" (SC 2011). Integers only, so the bits are the same on every adapter and in the interpreter.
 */
const text = `
// upper half of the 64-bit product, by 16-bit halves
fn mul_high(a: u32, b: u32) -> u32 {
  let low = (a & 0xffff) * (b & 0xffff);
  let mid1 = (a >> 16) * (b & 0xffff);
  let mid2 = (a & 0xffff) * (b >> 16);
  let carry = (low >> 16) + (mid1 & 0xffff) + (mid2 & 0xffff);
  return (a >> 16) * (b >> 16) + (mid1 >> 16) + (mid2 >> 16) + (carry >> 16);
}

fn philox(counter: vec4u, key: vec2u) -> vec4u {
  var c = counter;
  var k = key;
  for (var round = 0; round < 10; round++) {
    let high0 = mul_high(0xD2511F53, c.x);
    let high1 = mul_high(0xCD9E8D57, c.z);
    c = vec4u(high1 ^ c.y ^ k.x, 0xCD9E8D57 * c.z, high0 ^ c.w ^ k.y, 0xD2511F53 * c.x);
    k += vec2u(0x9E3779B9, 0xBB67AE85);
  }
  return c;
}

// 24 bits, in [0, 1)
fn uniform01(bits: u32) -> f32 {
  return f32(bits >> 8) * 5.9604644775390625e-08;
}

// Box and Muller: two independent standard normals from two words
fn normal2(a: u32, b: u32) -> vec2f {
  let u = (f32(a >> 8) + 1.0) * 5.9604644775390625e-08; // in (0, 1]
  let radius = sqrt(-2.0 * log(u));
  // The angle in quarter turns, reduced before it is rounded to f32
  let quarter = (b + 0x20000000) >> 30;
  let angle = f32(bitcast<i32>(b - (quarter << 30))) * (HALF_PI / 1073741824.0);
  let s = sin(angle);
  let c = cos(angle);
  let turned = select(vec2f(c, s), vec2f(-s, c), (quarter & 1) == 1);
  return radius * select(turned, -turned, (quarter & 2) == 2);
}

fn normal(a: u32, b: u32) -> f32 {
  return normal2(a, b).x;
}
`;

const { functions } = parse(text);

/** (counter of four u32, key of two u32) -> four u32 */
export const philox: ExprFunction = functions.get('philox')!;

/** u32 -> f32 in [0, 1), on the grid of 2^-24 */
export const uniform01: ExprFunction = functions.get('uniform01')!;

/** (u32, u32) -> two independent standard normals (vec2f), within 1e-6 of float64's on every adapter */
export const normal2: ExprFunction = functions.get('normal2')!;

/** (u32, u32) -> one standard normal: the first of the pair */
export const normal: ExprFunction = functions.get('normal')!;
