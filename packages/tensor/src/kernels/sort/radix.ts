import type { AdapterProfile } from '../../device/profile.js';
import type { BufferBinding, BufferRef, Dispatch, ProgramKernel, UniformValue } from '../../kernel/dispatch.js';
import { linearGrid, u32 } from '../grid.js';
import { scanDispatches, scanScratchBytes, type ScanSpec } from '../scan/scan.js';
import { histogramCode, insertionCode, scatterCode } from './radix.wgsl.js';

/** Adapter facts that the choice of digits and chunks uses. */
export type SortProfile = Pick<AdapterProfile, 'kind'>;

/** Rows of (key, payload) pairs to sort by their key bits [fromBit, toBit). */
export interface RadixSpec {
  readonly rows: number;
  readonly length: number;
  readonly fromBit: number;
  readonly toBit: number;
}

/** Scratch of a radix sort, as indices into the program's scratch list starting at `first`. */
export interface RadixPlan {
  readonly scratch: ProgramKernel['scratch'];
  readonly dispatches: readonly Dispatch[];
  /** Where the pairs must stand before, and where they stand sorted. */
  readonly from: BufferRef;
  readonly to: BufferRef;
}

/** Rows up to this length are sorted by insertion. */
const INSERTION_LENGTH = 24;

/**
 * Bits per digit and elements per chunk. Few long chunks keep the counters small where a core runs 8 invocations at a
 * time; a GPU wants many short ones. lavapipe, float32 keys, ms min / median (measured beside other work):
 *
 * | 1 Mi elements as | ms | variant |
 * | --- | --- | --- |
 * | 1 x 1 Mi | 49 / 56 (chunks of 1024: 91 / 99; 4 bits and chunks of 64: 87 / 109) | 8 bits, 4096 |
 * | 16 x 65,536 | 47 / 60 | 8 bits, 1024 |
 * | 1024 x 1024 | 79 / 88 | 4 bits, whole rows |
 * | 16,384 x 64 | 73 / 77 | 4 bits, whole rows |
 * | 65,536 x 16 | 47 / 54 | insertion |
 *
 * Pairs, 1 Mi, 8 / 16 / 24 / 32 bits: 12 / 19 / 33 / 38 ms.
 */
function digits(rows: number, length: number, profile: SortProfile): { readonly bits: number; readonly chunk: number } {
  if (profile.kind === 'hardware') return { bits: 4, chunk: 64 };
  if (length < 2048) return { bits: 4, chunk: rows < 64 ? 64 : length };
  return { bits: 8, chunk: Math.min(4096, Math.max(512, Math.ceil(length / 64))) };
}

const scratchRef = (index: number): BufferRef => ({ kind: 'scratch', index });

/** The `vec2u` array of pairs (key, payload) in a buffer. */
export const pairsBinding = (ref: BufferRef, access: 'read' | 'read_write', name = 'pairs'): BufferBinding => ({
  name,
  ref,
  element: 'vec2u',
  access,
});

/**
 * Stable least-significant-digit radix sort of pairs by unsigned key: per digit a histogram of every chunk, a scan of
 * all counters, and a pass that moves the pairs. Short rows take an insertion sort.
 */
export function radixPlan(spec: RadixSpec, profile: SortProfile): RadixPlan {
  const { rows, length, fromBit, toBit } = spec;
  const n = rows * length;
  const pairBytes = { bytes: n * 8, zero: false };
  const common: Record<string, UniformValue> = { rows: u32(rows), length: u32(length) };
  const label = `sort ${rows} x ${length}`;
  if (length <= INSERTION_LENGTH) {
    const buffers = [pairsBinding(scratchRef(0), 'read_write')];
    const insertion = { label, code: insertionCode, buffers, uniforms: common, workgroups: linearGrid(rows) };
    return { scratch: [pairBytes], dispatches: length > 1 ? [insertion] : [], from: scratchRef(0), to: scratchRef(0) };
  }

  const { bits, chunk } = digits(rows, length, profile);
  const chunks = Math.ceil(length / chunk);
  const bins = 2 ** bits;
  const counters: ScanSpec = {
    op: 'sum',
    outer: rows,
    length: bins * chunks,
    inner: 1,
    dtype: 'uint32',
    exclusive: true,
  };
  const [countsRef, placesRef, totalsRef] = [2, 3, 4].map(scratchRef) as [BufferRef, BufferRef, BufferRef];
  const dispatches: Dispatch[] = [];
  let [from, to] = [scratchRef(0), scratchRef(1)];
  for (let shift = fromBit; shift < toBit; shift += bits) {
    const uniforms = { ...common, chunk: u32(chunk), chunks: u32(chunks), bins: u32(bins), shift: u32(shift) };
    const pairs = pairsBinding(from, 'read');
    const workgroups = linearGrid(rows * chunks);
    dispatches.push(
      {
        label: `${label} histogram`,
        code: histogramCode,
        buffers: [pairs, { name: 'counts', ref: countsRef, element: 'u32', access: 'read_write' }],
        uniforms,
        workgroups,
      },
      ...scanDispatches(counters, { x: countsRef, y: placesRef, totals: totalsRef }, profile),
      {
        label: `${label} scatter`,
        code: scatterCode,
        buffers: [
          pairs,
          { name: 'places', ref: placesRef, element: 'u32', access: 'read_write' },
          pairsBinding(to, 'read_write', 'sorted'),
        ],
        uniforms,
        workgroups,
      },
    );
    [from, to] = [to, from];
  }
  const counterBytes = { bytes: rows * bins * chunks * 4, zero: false };
  const totals = { bytes: Math.max(4, scanScratchBytes(counters, profile)), zero: false };
  return {
    scratch: [pairBytes, pairBytes, counterBytes, counterBytes, totals],
    dispatches,
    from: scratchRef(0),
    to: from,
  };
}
