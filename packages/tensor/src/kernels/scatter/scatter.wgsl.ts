import { link } from '../../wgsl/link.js';
import { linearMain } from '../grid.js';
import { fixedPoint } from './fixedPoint.wgsl.js';

/**
 * Walks the source: invocation i owns `run` neighbours of it that share one index, finds the row of the base that
 * they go to and calls `add(to, value)`. Its dimensions (collapsed, `rank` of them) have strides in the base (0 along
 * the scattered dimension) and in the index tensor. Rows outside the base are skipped.
 */
const walkCode = (rank: number): string =>
  linearMain(
    'u.invocations',
    `  let first = i * u.run;
  var rest = first;
  var at = u.indexStart;
  var to = 0u;
  var k = 0u;
${Array.from({ length: rank }, (_, d) => rank - 1 - d)
  .map((d) => `  k = rest % u.size${d}; rest /= u.size${d}; at += k * u.indexStride${d}; to += k * u.baseStride${d};`)
  .join('\n')}
  let row = u32(index[at]); // a negative row becomes a huge one
  if (row >= u.rows) { return; }
  to += row * u.rowStride;
  for (var c = 0u; c < u.run; c++) { add(to + c * u.runStride, src[first + c]); }`,
  );

/** out = base, before atomics add to it. */
export const copyCode = linearMain('u.count', '  out[i] = base[i];');

/** Integer sums; they wrap. */
export const integerCode = (scalar: 'i32' | 'u32', rank: number): string => /* wgsl */ `
fn add(to: u32, value: ${scalar}) { atomicAdd(&out[to], value); }
${walkCode(rank)}`;

/** Float sums in the order in which invocations happen to arrive. */
export const fastCode = (rank: number): string => /* wgsl */ `
fn add(to: u32, value: f32) {
  var old = atomicLoad(&out[to]);
  loop {
    let swap = atomicCompareExchangeWeak(&out[to], old, bitcast<u32>(bitcast<f32>(old) + value));
    if (swap.exchanged) { break; }
    old = swap.old_value;
  }
}
${walkCode(rank)}`;

/** Invocations of {@link largestCode}, each with a maximum of its own. */
export const LARGEST_INVOCATIONS = 4096;

/** Bits of the largest finite magnitude in the source. */
export const largestCode = linearMain(
  `${LARGEST_INVOCATIONS}u`,
  `  var m = 0u;
  for (var j = i; j < u.sourceCount; j += ${LARGEST_INVOCATIONS}u) {
    let bits = bitcast<u32>(src[j]) & 0x7fffffffu;
    m = max(m, select(0u, bits, bits < 0x7f800000u));
  }
  atomicMax(&largest[0], m);`,
);

/** The fixed-point scale is 2^shift: it makes the largest magnitude of the source just less than 2^bits. */
const shiftCode = /* wgsl */ `${link(fixedPoint)}
fn shiftOf(largestBits: u32) -> i32 { return i32(u.bits) + 126 - exponentBits(largestBits); }
`;

/** Which of +infinity, -infinity and NaN reached a destination: 4 bits each, 8 destinations in a word. */
const SPECIAL = { positive: '1u', negative: '2u', nan: '4u' };

/**
 * Order-independent float sums: 64-bit two's complement fixed point in two words, the carry taken from the value that
 * the low word had before. The high word is left alone where it would not change.
 */
export const fixedPointCode = (rank: number): string => /* wgsl */ `${shiftCode}
fn addSpecial(to: u32, bits: u32) {
  var kind = select(${SPECIAL.positive}, ${SPECIAL.negative}, bits >> 31u == 1u);
  if ((bits & 0x7fffffu) != 0u) { kind = ${SPECIAL.nan}; }
  atomicOr(&special[to / 8u], kind << (to % 8u * 4u));
}

fn add(to: u32, value: f32) {
  let bits = bitcast<u32>(value);
  if ((bits & 0x7f800000u) == 0x7f800000u) {
    addSpecial(to, bits);
    return;
  }
  let q = toFixed(bits, shiftOf(largest[0]));
  let old = atomicAdd(&low[to], q.x);
  let up = q.y + u32(old + q.x < old);
  if (up != 0u) { atomicAdd(&high[to], up); }
}
${walkCode(rank)}`;

/** out = base + sum, the fixed-point sum back in float. */
export const finishCode = /* wgsl */ `${shiftCode}
/** What infinities and NaN add up to; u.infinity holds the bits of +infinity, which WGSL cannot write as a constant. */
fn specialSum(kind: u32) -> f32 {
  var sum = 0.0;
  if ((kind & ${SPECIAL.positive}) != 0u) { sum = bitcast<f32>(u.infinity); }
  if ((kind & ${SPECIAL.negative}) != 0u) { sum = bitcast<f32>(u.infinity | 0x80000000u); }
  if ((kind & ${SPECIAL.nan}) != 0u || (kind & 3u) == 3u) { sum = bitcast<f32>(u.infinity | 0x400000u); }
  return sum;
}
${linearMain(
  'u.count',
  `  var sum = scaled(fromFixed(low[i], high[i]), -shiftOf(largest[0]));
  let kind = (special[i / 8u] >> (i % 8u * 4u)) & 15u;
  if (kind != 0u) { sum = specialSum(kind); }
  out[i] = base[i] + sum;`,
)}`;
