import { ShapeError } from '../errors.js';
import { bytesPerElement } from '../dtype.js';
import { sameBuffer } from '../kernel/buffer.js';
import type { DispatchRange } from '../kernel/dispatch.js';
import type { FusedKernel } from '../kernel/ir.js';
import { siteOf, sitesOf, type FormLayout, type KernelLayout } from '../kernel/layout.js';
import { costOf } from '../schedule/cost.js';
import type { AdapterProfile } from './profile.js';

/** The bytes of a buffer that one dispatch binds. */
export interface Window {
  readonly offset: number;
  readonly bytes: number;
}

/** A run of items, and the window of every buffer that it touches. */
export interface WindowedRange extends DispatchRange {
  readonly bound: readonly Window[];
}

/**
 * Cuts the items of a kernel into runs whose every buffer access fits the adapter's binding limit, and which do not
 * keep it busy for too long. Nearly all kernels get a single run with whole buffers.
 */
export function windowsOf(
  kernel: FusedKernel,
  layout: KernelLayout,
  items: number,
  sizes: readonly number[],
  profile: AdapterProfile,
): WindowedRange[] {
  const whole = sizes.map((bytes): Window => ({ offset: 0, bytes }));
  const big = sizes.map((bytes) => bytes > profile.maxBindingBytes);
  const longest = Math.max(1, Math.floor(workPerDispatch[profile.kind] / workPerItem(kernel, layout)));
  if (!big.includes(true) && items <= longest) {
    return [{ start: 0, count: items, windows: sizes.map(() => 0), bound: whole }];
  }

  const accesses = bufferAccesses(kernel, layout);
  const windowAt = (start: number, count: number): WindowedRange | undefined => {
    const bound: Window[] = [];
    for (const [index, bytes] of sizes.entries()) {
      if (!big[index]) {
        bound.push(whole[index]!);
        continue;
      }
      const window = touched(kernel, layout, accesses[index]!, start, count, index, bytes, profile);
      if (!window) return undefined;
      bound.push(window);
    }
    const windows = bound.map((w, i) => w.offset / bytesPerElement[kernel.buffers[i]!.dtype]);
    return { start, count, windows, bound };
  };

  const ranges: WindowedRange[] = [];
  const blocks = blockSizes(layout.outer);
  let count = Math.min(items, longest);
  for (let start = 0; start < items;) {
    count = Math.min(count, items - start);
    const range = windowAt(start, count);
    if (range) {
      ranges.push(range);
      start += range.count;
      count = Math.min(2 * count, longest);
    } else if (count > 1) count = untilBlockEnd(start, Math.ceil(count / 2), blocks);
    else {
      const worst = sizes[big.indexOf(true)]!;
      throw new ShapeError(
        `${kernel.label}: a single element of the result reads more of a ${worst} byte tensor than this adapter can ` +
          `bind (${profile.maxBindingBytes} bytes); gather from or reduce a smaller tensor, or split it first`,
      );
    }
  }
  return ranges;
}

/** Items in a row of the last dimension, in a plane of the last two, ...: the largest first. */
function blockSizes(outer: readonly number[]): number[] {
  const sizes: number[] = [];
  outer.reduceRight((below, n) => {
    sizes.unshift(below * n);
    return below * n;
  }, 1);
  return sizes;
}

/**
 * So many items, or fewer, such that a row or plane that they reach into is left whole for the next run: a run across its
 * border may touch both ends of a tensor that is read along other dimensions.
 */
function untilBlockEnd(start: number, count: number, blocks: readonly number[]): number {
  for (const block of blocks) {
    const border = Math.floor((start + count) / block) * block;
    if (border > start) return border - start;
  }
  return count;
}

/** Simple operations that one dispatch may do: a few tenths of a second on the slowest adapters, so that none hangs. */
const workPerDispatch = { software: 1e9, hardware: 1e12 } as const;

/** Rough number of simple operations of one item. */
function workPerItem(kernel: FusedKernel, layout: KernelLayout): number {
  const length = layout.inner.reduce((a, b) => a * b, 1) / kernel.parts;
  const passes = [...kernel.stages.map((stage) => stage.map((r) => r.value)), kernel.innerStores.map((s) => s.value)];
  const inner = passes.reduce((sum, values) => sum + costOf(values), 0);
  return 1 + inner * length + costOf(kernel.outerStores.map((s) => s.value));
}

/** Forms through which each buffer is accessed; undefined marks an index that depends on data. */
function bufferAccesses(kernel: FusedKernel, layout: KernelLayout): (FormLayout | 'dynamic' | 'item')[][] {
  const accesses = kernel.buffers.map((): (FormLayout | 'dynamic' | 'item')[] => []);
  const at = (id: FusedKernel['partials'][number]): (FormLayout | 'dynamic' | 'item')[] =>
    accesses[kernel.buffers.findIndex((b) => sameBuffer(b.id, id))]!;
  for (const { value } of sitesOf(kernel)) {
    const site = siteOf(value);
    if (site.kind === 'load') at(site.buffer).push(site.dynamic ? 'dynamic' : layout.forms.get(site.form)!);
  }
  for (const s of [...kernel.innerStores, ...kernel.outerStores]) at(s.buffer).push(layout.forms.get(s.form)!);
  for (const id of kernel.partials) at(id).push('item');
  return accesses;
}

/** The aligned window of a buffer that items [start, start + count) touch; undefined if it is too large. */
function touched(
  kernel: FusedKernel,
  layout: KernelLayout,
  accesses: readonly (FormLayout | 'dynamic' | 'item')[],
  start: number,
  count: number,
  index: number,
  bytes: number,
  profile: AdapterProfile,
): Window | undefined {
  const { parts } = kernel;
  const total = layout.outer.reduce((a, b) => a * b, 1);
  const m = layout.inner.reduce((a, b) => a * b, 1);
  const chunk = Math.ceil(m / parts);
  // items run through all rows of a part before the next part begins
  const [first, last] = [Math.floor(start / total), Math.floor((start + count - 1) / total)];
  const rows = first === last ? [start % total, (start + count - 1) % total] : [0, total - 1];
  const inner = [first * chunk, Math.min((last + 1) * chunk, m) - 1];
  let lo = Infinity;
  let hi = -Infinity;
  for (const access of accesses) {
    if (access === 'dynamic') return undefined;
    if (access === 'item') {
      lo = Math.min(lo, start);
      hi = Math.max(hi, start + count - 1);
      continue;
    }
    const a = span(access.outer, layout.outer, rows[0]!, rows[1]!);
    const b = span(access.inner, layout.inner, inner[0]!, inner[1]!);
    lo = Math.min(lo, access.offset + a[0] + b[0]);
    hi = Math.max(hi, access.offset + a[1] + b[1]);
  }
  const size = bytesPerElement[kernel.buffers[index]!.dtype];
  // what reads around a tensor (a pad), or nothing of it, still binds a part of it
  const align = profile.bindingAlignment;
  const aligned = (byte: number): number => Math.floor(byte / align) * align;
  const from = Math.max(0, Math.min(aligned(lo * size), aligned(bytes - 1)));
  const to = Math.max(from + 4, Math.min(bytes, Math.ceil(((hi + 1) * size) / 4) * 4));
  return to - from > profile.maxBindingBytes ? undefined : { offset: from, bytes: to - from };
}

/** Smallest and largest value of sum(stride * coordinate) over linear indices [from, to] of `sizes`. */
function span(strides: readonly number[], sizes: readonly number[], from: number, to: number): [number, number] {
  let lo = 0;
  let hi = 0;
  let below = sizes.reduce((a, b) => a * b, 1);
  if (below === 0) return [0, 0];
  let exact = true; // all coordinates so far are the same for the whole range
  for (const [k, stride] of strides.entries()) {
    below /= sizes[k]!;
    let first = 0;
    let last = sizes[k]! - 1;
    if (exact) {
      first = Math.floor(from / below) % sizes[k]!;
      last = Math.floor(to / below) % sizes[k]!;
      if (first !== last) exact = false;
    }
    lo += Math.min(stride * first, stride * last);
    hi += Math.max(stride * first, stride * last);
  }
  return [lo, hi];
}
