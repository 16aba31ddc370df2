import { wgsl } from '../../wgsl/link.js';

/**
 * 64-bit two's complement fixed point in two u32 words: sums that do not depend on the order of their terms.
 * toFixed(bits of x, shift) = round(x 2^shift) for |x 2^shift| < 2^62, fromFixed the way back (before the scale),
 * scaled(x, e) = x 2^e even where 2^e itself is out of range.
 */
export const fixedPoint = wgsl`
// exponent bits of a float32; denormals share the lowest normal exponent
fn exponentBits(x: u32) -> i32 { return max(i32((x >> 23u) & 255u), 1); }

// x * 2^shift rounded to an integer, as (low, high), from the bits of x: exact but for the rounding
fn toFixed(x: u32, shift: i32) -> vec2u {
  let mantissa = (x & 0x7fffffu) | select(0u, 0x800000u, (x & 0x7f800000u) != 0u);
  let places = exponentBits(x) - 150 + shift; // x = mantissa * 2^(exponent - 150)
  let left = u32(places) & 31u;
  let right = u32(clamp(-places, 0, 31));
  var low = (mantissa + ((1u << right) >> 1u)) >> right;
  var high = 0u;
  if (places >= 0) {
    low = mantissa << left;
    high = (mantissa >> 1u) >> (31u - left);
  }
  if (places >= 32) { high = low; low = 0u; }
  if (x >> 31u == 0u) { return vec2u(low, high); }
  return vec2u(~low + 1u, ~high + u32(low == 0u));
}

fn powerOfTwo(e: i32) -> f32 { return bitcast<f32>(u32(e + 127) << 23u); }
fn scaled(x: f32, e: i32) -> f32 { return x * powerOfTwo(e / 2) * powerOfTwo(e - e / 2); }

fn fromFixed(low: u32, high: u32) -> f32 {
  let negative = high >> 31u == 1u;
  let l = select(low, ~low + 1u, negative);
  let h = select(high, ~high + u32(low == 0u), negative);
  let size = f32(h) * 0x1p32 + f32(l);
  return select(size, -size, negative);
}
`;
