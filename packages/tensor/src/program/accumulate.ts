import { sizeOf, type Shape } from '../shape.js';
import { fixedPoint } from '../kernels/scatter/fixedPoint.wgsl.js';
import { wgsl, type WgslModule } from '../wgsl/link.js';

/**
 * Where sums of `accumulate_NAME(index, value)` go; the choice is a matter of how many elements the output has and how
 * many invocations meet at one.
 *
 * - `private` (a few elements, every invocation adds to all: light, pose, camera): each invocation of a persistent grid
 *   sums for itself, and a second kernel adds the grid up. Needs a dispatch by `items`.
 * - `scatter` (texels, gathers): 64-bit fixed point in two u32 atomics, so that the result does not depend on the order.
 * - `fast`: compare-and-exchange on floats; rounding depends on the order.
 *
 * The third way, gather (vertices: write one value per corner, then sum over adjacency), needs no atomics: write the
 * corners as an ordinary output and sum them with `indexAdd` or a segment sum.
 */
export type AccumulateMode = 'private' | 'scatter' | 'fast';

/** Smallest step of a `scatter` sum unless the output says otherwise; sums reach 2^63 steps. */
export const defaultResolution = 2 ** -40;

/** Invocations of the persistent grid of `private` sums. */
export const gridInvocations = 2048;

/** An accumulating output as the program's kernels see it. */
export interface Accumulator {
  readonly name: string;
  readonly shape: Shape;
  readonly mode: AccumulateMode;
  readonly resolution: number;
}

/** Exponent of a resolution's scale. */
export const shiftOf = ({ resolution }: Accumulator): number => Math.round(-Math.log2(resolution));

/** WGSL of `accumulate_NAME`; for private sums also of what the grid must write at its end. */
export function accumulateCode(a: Accumulator): WgslModule {
  const { name } = a;
  if (a.mode === 'fast') {
    return wgsl`fn accumulate_${name}(index: u32, value: f32) {
  var old = atomicLoad(&${name}[index]);
  loop {
    let swap = atomicCompareExchangeWeak(&${name}[index], old, bitcast<u32>(bitcast<f32>(old) + value));
    if (swap.exchanged) { break; }
    old = swap.old_value;
  }
}`;
  }
  if (a.mode === 'private') {
    const n = sizeOf(a.shape);
    return wgsl`var<private> sum_${name}: array<f32, ${n}>;
fn accumulate_${name}(index: u32, value: f32) { sum_${name}[index] += value; }
fn flush_${name}(invocation: u32) {
  for (var k = 0u; k < ${n}u; k++) { ${name}_grid[invocation * ${n}u + k] += sum_${name}[k]; }
}`;
  }
  // a term of 2^62 steps or more (and inf and NaN) is clamped and counted
  return wgsl`${fixedPoint}
fn accumulate_${name}(index: u32, value: f32) {
  var bits = bitcast<u32>(value);
  let limit = u32(127 + 61 - u.${name}_shift) << 23u;
  if ((bits & 0x7fffffffu) > limit) {
    atomicAdd(&overflow[0], 1u);
    bits = (bits & 0x80000000u) | limit;
  }
  let q = toFixed(bits, u.${name}_shift);
  let old = atomicAdd(&${name}_low[index], q.x);
  let up = q.y + u32(old + q.x < old);
  if (up != 0u) { atomicAdd(&${name}_high[index], up); }
}`;
}

/** The kernel that turns what was accumulated into the output; `fast` sums are the output already. */
export function finishCode(a: Accumulator): WgslModule | undefined {
  const { name } = a;
  if (a.mode === 'fast') return undefined;
  if (a.mode === 'scatter') {
    return wgsl`${fixedPoint}
fn item(i: u32) { ${name}[i] = scaled(fromFixed(${name}_low[i], ${name}_high[i]), -u.${name}_shift); }`;
  }
  return wgsl`fn item(i: u32) {
  var sum = 0.0;
  for (var g = 0u; g < ${gridInvocations}u; g += 64u) {
    var part = 0.0;
    for (var k = g; k < g + 64u; k++) { part += ${name}_grid[k * u.${name}_n + i]; }
    sum += part;
  }
  ${name}[i] = sum;
}`;
}
