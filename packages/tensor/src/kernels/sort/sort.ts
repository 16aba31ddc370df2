import { ShapeError } from '../../errors.js';
import type { DType } from '../../dtype.js';
import type { BufferBinding, Dispatch, HostArray, ProgramKernel, UniformValue } from '../../kernel/dispatch.js';
import { linearGrid, u32 } from '../grid.js';
import { pairsBinding, radixPlan, type SortProfile } from './radix.js';
import { packCode, unpackCode } from './radix.wgsl.js';
import { keysCode, resultCode, type orderedKeyCode } from './sort.wgsl.js';

export type { SortProfile } from './radix.js';

/** A stable sort along the middle axis of a contiguous [outer, length, inner] array. */
export interface SortSpec {
  readonly outer: number;
  readonly length: number;
  /** 1 by default: the last axis. */
  readonly inner?: number;
  readonly dtype: DType;
  readonly descending: boolean;
  /** Every sort here is stable. */
  readonly stable?: true;
  /** Keeps the first so many elements of each sorted row. */
  readonly topk?: number;
}

/** How a dtype is read as 32 bits and turned into keys; `fromBit`, `toBit`: the key bits that differ at all. */
const readings: Record<
  DType,
  { element: string; kind: keyof typeof orderedKeyCode; bits: string; fromBit: number; toBit: number }
> = {
  float32: { element: 'u32', kind: 'f32', bits: 'x[at]', fromBit: 0, toBit: 32 },
  // A float16 widened to float32 leaves the low 13 bits of the mantissa equal.
  float16: { element: 'f16', kind: 'f32', bits: 'bitcast<u32>(f32(x[at]))', fromBit: 13, toBit: 32 },
  int32: { element: 'u32', kind: 'i32', bits: 'x[at]', fromBit: 0, toBit: 32 },
  uint32: { element: 'u32', kind: 'u32', bits: 'x[at]', fromBit: 0, toBit: 32 },
  bool: { element: 'u32', kind: 'u32', bits: 'x[at]', fromBit: 0, toBit: 1 },
};

/**
 * Sorts each row of input 0: outputs the sorted values and their int32 indices, [outer, length or topk, inner].
 * NaN is larger than every number and -0 equals 0, as in PyTorch; equal elements keep their order in both directions.
 */
export function sortKernel(spec: SortSpec, profile: SortProfile = { kind: 'software' }): ProgramKernel {
  const { outer, length, inner = 1, dtype } = spec;
  const rows = outer * inner;
  const count = spec.topk ?? length;
  if (count > length) throw new ShapeError(`topk: k = ${count} of ${length} elements`);
  const { element, kind, bits, fromBit, toBit } = readings[dtype];
  const plan = radixPlan({ rows, length, fromBit, toBit }, profile);
  const uniforms: Record<string, UniformValue> = {
    rows: u32(rows),
    length: u32(length),
    inner: u32(inner),
    count: u32(count),
    descending: u32(spec.descending ? 1 : 0),
  };
  const x: BufferBinding = { name: 'x', ref: { kind: 'input', index: 0 }, element, access: 'read' };
  const keys: Dispatch = {
    label: 'sort keys',
    code: keysCode(kind, bits),
    buffers: [x, pairsBinding(plan.from, 'read_write')],
    uniforms,
    workgroups: linearGrid(rows * length),
  };
  const result: Dispatch = {
    label: 'sort result',
    code: resultCode,
    buffers: [
      x,
      pairsBinding(plan.to, 'read'),
      { name: 'values', ref: { kind: 'output', index: 0 }, element, access: 'read_write' },
      { name: 'indices', ref: { kind: 'output', index: 1 }, element: 'i32', access: 'read_write' },
    ],
    uniforms,
    workgroups: linearGrid(rows * count),
  };
  const shape = spec.inner === undefined ? [outer, count] : [outer, count, inner];
  return {
    label: `sort ${rows} x ${length}`,
    outputs: [
      { shape, dtype },
      { shape, dtype: 'int32' },
    ],
    scratch: plan.scratch,
    dispatches: rows * count === 0 ? [] : [keys, ...plan.dispatches, result],
    reference: ([values]) => sortReference(spec, values!),
  };
}

/** The sort on the host. */
function sortReference(spec: SortSpec, x: HostArray): HostArray[] {
  const { outer, length, inner = 1, descending } = spec;
  const count = spec.topk ?? length;
  const values = x.slice(0, outer * count * inner);
  const indices = new Int32Array(values.length);
  const compare = (a: number, b: number): number => {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return a < b ? -1 : a > b ? 1 : 0;
  };
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const at = (j: number, n: number): number => (o * n + j) * inner + i;
      const order = Array.from({ length }, (_, j) => j);
      order.sort((p, q) => (descending ? -1 : 1) * compare(x[at(p, length)]!, x[at(q, length)]!));
      for (let j = 0; j < count; j++) {
        values[at(j, count)] = x[at(order[j]!, length)]!;
        indices[at(j, count)] = order[j]!;
      }
    }
  }
  return [values, indices];
}

/** Rows of u32 keys with u32 payloads, to be sorted by key. */
export interface SortPairsSpec {
  /** 1 by default. */
  readonly rows?: number;
  readonly length: number;
  /** The keys are below 2^bits (32 by default): fewer bits, fewer passes. */
  readonly bits?: number;
}

/** Stable sort of input 0 (keys) and input 1 (payloads) by key: outputs sorted keys and payloads, [rows, length]. */
export function sortPairs(spec: SortPairsSpec, profile: SortProfile = { kind: 'software' }): ProgramKernel {
  const { rows = 1, length, bits = 32 } = spec;
  const plan = radixPlan({ rows, length, fromBit: 0, toBit: bits }, profile);
  const uniforms = { rows: u32(rows), length: u32(length) };
  const workgroups = linearGrid(rows * length);
  const both = (kind: 'input' | 'output'): BufferBinding[] =>
    ['keys', 'payload'].map((name, index) => {
      return { name, ref: { kind, index }, element: 'u32', access: kind === 'input' ? 'read' : 'read_write' };
    });
  const pack: Dispatch = {
    label: 'sort pack',
    code: packCode,
    buffers: [...both('input'), pairsBinding(plan.from, 'read_write')],
    uniforms,
    workgroups,
  };
  const unpack: Dispatch = {
    label: 'sort unpack',
    code: unpackCode,
    buffers: [...both('output'), pairsBinding(plan.to, 'read')],
    uniforms,
    workgroups,
  };
  const output = { shape: spec.rows === undefined ? [length] : [rows, length], dtype: 'uint32' } as const;
  return {
    label: `sort ${rows} x ${length} pairs`,
    outputs: [output, output],
    scratch: plan.scratch,
    dispatches: rows * length === 0 ? [] : [pack, ...plan.dispatches, unpack],
    reference: ([keys, payload]) => {
      const sorted = sortReference({ outer: rows, length, dtype: 'uint32', descending: false, stable: true }, keys!);
      const place = (i: number): number => Math.floor(i / length) * length + sorted[1]![i]!;
      return [keys!, payload!].map((from) => Uint32Array.from(from, (_, i) => from[place(i)]!));
    },
  };
}
