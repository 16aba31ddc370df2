import { link } from '../../wgsl/link.js';
import { linearMain } from '../grid.js';
import { fixedPoint } from './fixedPoint.wgsl.js';

/** What the text of a walk depends on. */
export interface WalkForm {
  /** Dimensions that number the runs. */
  readonly rank: number;
  readonly run: number;
}

/**
 * Walks the source: invocation i owns `run` neighbours of it that share one index and finds the row of the base that
 * they go to. `arrive` is code that runs there once; then `add(to, value)` is called for every neighbour, or what `each`
 * says. The dimensions that number the runs (`rank` of them) have strides in the base (0 along the scattered dimension)
 * and in the index tensor. Rows outside the base are skipped or clamped. Divisions are kept few, since software GPUs do
 * them lane by lane, and short runs are unrolled: a fifth of the kernel's time.
 */
const walkCode = ({ rank, run }: WalkForm, arrive = '', each = 'add(here, value);'): string =>
  linearMain(
    'u.invocations',
    `  let first = i * u.run;
  var rest = i;
  var at = u.indexStart;
  var to = 0u;
  var k = 0u;
${Array.from({ length: rank }, (_, d) => rank - 1 - d)
  .map(
    (d) =>
      `  ${d > 0 ? `k = rest % u.size${d}; rest /= u.size${d};` : 'k = rest;'} at += k * u.indexStride${d}; to += k * u.baseStride${d};`,
  )
  .join('\n')}
  var row = u32(index[at]); // a negative row becomes a huge one
  if (row >= u.rows) {
    if (u.clamped == 0u) { return; }
    row = select(u.rows - 1u, 0u, row >= 0x80000000u);
  }
  to += row * u.rowStride;
  ${arrive}
  for (var c = 0u; c < ${run <= 4 ? `${run}u` : 'u.run'}; c++) {
    let here = to + c * u.runStride;
    let value = src[first + c];
    ${each}
  }`,
  );

/** out = base, before atomics add to it. */
export const copyCode = linearMain('u.count', '  out[i] = base[i];');

/** Integer sums; they wrap. */
export const integerCode = (scalar: 'i32' | 'u32', walk: WalkForm): string => /* wgsl */ `
fn add(to: u32, value: ${scalar}) { atomicAdd(&out[to], value); }
${walkCode(walk)}`;

/** Float sums in the order in which invocations happen to arrive. */
export const fastCode = (walk: WalkForm): string => /* wgsl */ `
fn add(to: u32, value: f32) {
  var old = atomicLoad(&out[to]);
  loop {
    let swap = atomicCompareExchangeWeak(&out[to], old, bitcast<u32>(bitcast<f32>(old) + value));
    if (swap.exchanged) { break; }
    old = swap.old_value;
  }
}
${walkCode(walk)}`;

/** Invocations of {@link largestCode}, each with a maximum of its own. */
export const LARGEST_INVOCATIONS = 4096;

/** Bits of the largest finite magnitude in the source, which is read four at a time: buffers hold whole vec4s. */
export const largestCode = linearMain(
  `${LARGEST_INVOCATIONS}u`,
  `  var m = vec4u();
  for (var j = 4u * i; j < u.sourceCount; j += ${4 * LARGEST_INVOCATIONS}u) {
    let bits = src[j / 4u] & vec4u(0x7fffffffu);
    let inside = vec4u(0u, 1u, 2u, 3u) < vec4u(u.sourceCount - j);
    m = max(m, select(vec4u(), bits, (bits < vec4u(0x7f800000u)) & inside));
  }
  atomicMax(&largest[0], max(max(m.x, m.y), max(m.z, m.w)));`,
);

/** Which of +infinity, -infinity and NaN reached a destination: 4 bits each, 8 destinations in a word. */
const SPECIAL = { positive: '1u', negative: '2u', nan: '4u' };

/** The fixed-point scale is 2^shift: it makes the largest magnitude of the source just less than 2^bits. */
const sharedCode = /* wgsl */ `${link(fixedPoint)}
fn shiftOf(largestBits: u32) -> i32 { return i32(u.bits) + 126 - exponentBits(largestBits); }
fn isSpecial(bits: u32) -> bool { return (bits & 0x7f800000u) == 0x7f800000u; }
fn kindOf(bits: u32) -> u32 {
  let infinite = select(${SPECIAL.positive}, ${SPECIAL.negative}, bits >> 31u == 1u);
  return select(infinite, ${SPECIAL.nan}, (bits & 0x7fffffu) != 0u);
}
`;

/**
 * Order-independent float sums: 64-bit two's complement fixed point in two planes, the carry taken from the value
 * that the low word had before. The high word is left alone where it would not change. With `parks`, the first
 * u.places values of a run are set aside instead, plane by plane, in the order in which they arrive.
 */
export const fixedPointCode = (walk: WalkForm, parks: boolean): string => /* wgsl */ `${sharedCode}
fn add(to: u32, bits: u32) {
  if (isSpecial(bits)) {
    atomicOr(&special[to / 8u], kindOf(bits) << (to % 8u * 4u));
    return;
  }
  let q = toFixed(bits, shiftOf(largest[0]));
  let old = atomicAdd(&low[to], q.x);
  let up = q.y + u32(old + q.x < old);
  if (up != 0u) { atomicAdd(&high[to], up); }
}
${
  parks
    ? walkCode(
        walk,
        'let place = atomicAdd(&arrivals[to], 1u);\n  to *= u.run;',
        'if (place < u.places) { parked[place * u.count + here] = value; } else { add(here, value); }',
      )
    : walkCode(walk)
}`;

/** out = base + sum, the fixed-point sum (and what was set aside) back in float. */
export const finishCode = (parks: boolean, base: boolean): string => /* wgsl */ `${sharedCode}
/** What infinities and NaN add up to; u.infinity holds the bits of +infinity, which WGSL cannot write as a constant. */
fn specialSum(kind: u32) -> f32 {
  var sum = 0.0;
  if ((kind & ${SPECIAL.positive}) != 0u) { sum = bitcast<f32>(u.infinity); }
  if ((kind & ${SPECIAL.negative}) != 0u) { sum = bitcast<f32>(u.infinity | 0x80000000u); }
  if ((kind & ${SPECIAL.nan}) != 0u || (kind & 3u) == 3u) { sum = bitcast<f32>(u.infinity | 0x400000u); }
  return sum;
}
${linearMain(
  'u.runs',
  `  let shift = shiftOf(largest[0]);
  let arrived = ${parks ? 'arrivals[i]' : '1u'};
  for (var at = i * u.run; at < (i + 1u) * u.run; at++) {
    var total = vec2u();
    var kind = 0u;
    if (arrived > u.places) {
      total = vec2u(low[at], high[at]);
      kind = (special[at / 8u] >> (at % 8u * 4u)) & 15u;
    }
    ${parks ? parkedCode : ''}
    var sum = scaled(fromFixed(total.x, total.y), -shift);
    if (kind != 0u) { sum = specialSum(kind); }
    out[at] = ${base ? 'base[at] + ' : ''}sum;
  }`,
)}`;

/** Adds what was set aside for an element. */
const parkedCode = /* wgsl */ `for (var place = 0u; place < min(arrived, u.places); place++) {
      let bits = parked[place * u.count + at];
      if (isSpecial(bits)) {
        kind |= kindOf(bits);
        continue;
      }
      let q = toFixed(bits, shift);
      let sum = total.x + q.x;
      total = vec2u(sum, total.y + q.y + u32(sum < q.x));
    }`;
