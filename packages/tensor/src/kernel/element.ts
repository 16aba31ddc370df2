import type { AdapterProfile } from '../device/profile.js';
import { scalarType, type DType } from '../dtype.js';

/** WGSL element type of a buffer. Packed float16 is written by two invocations per word, so it must be atomic. */
export function elementType(dtype: DType, access: 'read' | 'read_write', profile: AdapterProfile): string {
  if (dtype === 'float16') return profile.shaderF16 ? 'f16' : access === 'read' ? 'u32' : 'atomic<u32>';
  return dtype === 'bool' ? 'u32' : scalarType[dtype];
}

/** WGSL that reads element `index` of a buffer as the dtype's arithmetic type. */
export function loadText(name: string, index: string, dtype: DType, profile: AdapterProfile): string {
  if (dtype === 'bool') return `(${name}[${index}] != 0u)`;
  if (dtype !== 'float16') return `${name}[${index}]`;
  if (profile.shaderF16) return `f32(${name}[${index}])`;
  return `unpack2x16float(${name}[(${index}) >> 1u])[(${index}) & 1]`;
}

/** WGSL statement that writes element `index` of a buffer. */
export function storeText(name: string, index: string, value: string, dtype: DType, profile: AdapterProfile): string {
  if (dtype === 'bool') return `${name}[${index}] = select(0u, 1u, ${value});`;
  if (dtype !== 'float16') return `${name}[${index}] = ${value};`;
  if (profile.shaderF16) return `${name}[${index}] = f16(${value});`;
  const shift = `(u32(${index}) & 1u) * 16u`;
  return [
    `atomicAnd(&${name}[(${index}) >> 1u], ~(0xffffu << (${shift})));`,
    `atomicOr(&${name}[(${index}) >> 1u], half_bits(${value}) << (${shift}));`,
  ].join(' ');
}

/**
 * Bits of the float16 nearest to a number. `pack2x16float` leaves what is out of range undefined, infinity included;
 * SwiftShader's then even spoils the neighbours, so it gets to see finite results only.
 */
const halfBits = `fn half_bits(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let magnitude = bits & 0x7fffffffu;
  let outside = magnitude >= 0x477ff000u;
  let finite = pack2x16float(vec2f(select(x, 0.0, outside), 0.0)) & 0xffffu;
  let special = ((bits >> 16u) & 0x8000u) | select(0x7c00u, 0x7e00u, magnitude > 0x7f800000u);
  return select(finite, special, outside);
}`;

/** Functions that loads and stores in these lines call. */
export const elementHelpers = (lines: readonly string[]): string =>
  lines.some((line) => line.includes('half_bits(')) ? halfBits : '';
