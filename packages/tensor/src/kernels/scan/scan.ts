import type { AdapterProfile } from '../../device/profile.js';
import type { DType } from '../../dtype.js';
import type { BufferRef, Dispatch, HostArray, ProgramKernel, UniformValue } from '../../kernel/dispatch.js';
import { linearGrid, u32 } from '../grid.js';
import { chunkOffsetsCode, chunkScanCode, chunkTotalsCode, rowCode, type ScanOp } from './scan.wgsl.js';

export type { ScanOp } from './scan.wgsl.js';

/** A cumulative operation along the middle axis of a contiguous [outer, length, inner] array. */
export interface ScanSpec {
  readonly op: ScanOp;
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  readonly dtype: Exclude<DType, 'bool'>;
  /** From the end of the axis to its beginning. */
  readonly reverse?: boolean;
  /** Element j combines what comes before it, without itself; the first is the operation's identity. */
  readonly exclusive?: boolean;
}

const element = { float32: 'f32', float16: 'f16', int32: 'i32', uint32: 'u32' } as const;

const LOWEST = { f32: -Infinity, i32: -(2 ** 31), u32: 0 };
const HIGHEST = { f32: Infinity, i32: 2 ** 31 - 1, u32: 2 ** 32 - 1 };

function identityOf(op: ScanOp, type: 'f32' | 'i32' | 'u32'): number {
  if (op === 'sum') return 0;
  if (op === 'prod') return 1;
  return op === 'max' ? LOWEST[type] : HIGHEST[type];
}

/** Adapter facts that the choice of a variant uses. */
export type ScanProfile = Pick<AdapterProfile, 'kind'>;

const SOFTWARE: ScanProfile = { kind: 'software' };

/**
 * Elements per chunk. One invocation scans a whole row when the row is short or there are rows enough to fill the
 * machine; else a row is cut into about sqrt(length) chunks of sqrt(length), which bounds the longest chain of
 * dependent steps (and the error of sums) by 3 sqrt(length). lavapipe, 1 Mi float32 sums, ms min / median on a busy
 * machine: [1, 1 Mi, 1] 5.0 / 8.0, [1024, 1024, 1] 4.8 / 8.0 in chunks, [4096, 256, 1] in rows 2.5 / 2.7,
 * [1, 1024, 1024] 4.5 / 7.5 (20 / 24 with neighbours working on chunks instead of rows).
 */
function chunkLength(rows: number, length: number, { kind }: ScanProfile): number {
  const enough = kind === 'software' ? 64 : 4096;
  if (length <= 256 || (rows >= enough && length <= 4096)) return length;
  return Math.max(64, Math.ceil(Math.sqrt(length)));
}

/** Buffers that a scan works on. */
export interface ScanBuffers {
  readonly x: BufferRef;
  readonly y: BufferRef;
  /** Space for {@link scanScratchBytes}; unused by short scans. */
  readonly totals: BufferRef;
}

/** Bytes of scratch that a scan needs (0: none). */
export function scanScratchBytes({ outer, length, inner }: ScanSpec, profile: ScanProfile = SOFTWARE): number {
  const chunk = chunkLength(outer * inner, length, profile);
  return chunk === length ? 0 : outer * inner * Math.ceil(length / chunk) * 4;
}

/** The dispatches of a scan from one buffer to another, for kernels that scan on their way. */
export function scanDispatches(spec: ScanSpec, buffers: ScanBuffers, profile: ScanProfile = SOFTWARE): Dispatch[] {
  const { op, outer, length, inner, dtype } = spec;
  const rows = outer * inner;
  if (rows * length === 0) return [];
  const e = element[dtype];
  const s = e === 'f16' ? 'f32' : e;
  const chunk = chunkLength(rows, length, profile);
  const chunks = Math.ceil(length / chunk);
  const uniforms: Record<string, UniformValue> = {
    rows: u32(rows),
    length: u32(length),
    inner: u32(inner),
    chunk: u32(chunk),
    chunks: u32(chunks),
    reverse: u32(spec.reverse ? 1 : 0),
    exclusive: u32(spec.exclusive ? 1 : 0),
    identity: { type: s, value: identityOf(op, s) },
  };
  const x = { name: 'x', ref: buffers.x, element: e, access: 'read' } as const;
  const y = { name: 'y', ref: buffers.y, element: e, access: 'read_write' } as const;
  const label = `scan ${op} [${outer}, ${length}, ${inner}]`;
  if (chunks === 1) {
    return [{ label, code: rowCode(op, s, e), buffers: [x, y], uniforms, workgroups: linearGrid(rows) }];
  }
  const totals = { name: 'totals', ref: buffers.totals, element: s, access: 'read_write' } as const;
  const pass = (name: string, code: string, used: Dispatch['buffers'], n: number): Dispatch => ({
    label: `${label} ${name}`,
    code,
    buffers: used,
    uniforms,
    workgroups: linearGrid(n),
  });
  return [
    pass('totals', chunkTotalsCode(op, s), [x, totals], rows * chunks),
    pass('offsets', chunkOffsetsCode(op, s), [totals], rows),
    pass('chunks', chunkScanCode(op, s, e), [x, { ...totals, access: 'read' }, y], rows * chunks),
  ];
}

/** cumsum, cumprod, cummax or cummin of input 0 as a program. Integers wrap; NaN propagates; equal inputs, equal bits. */
export function scanKernel(spec: ScanSpec, profile: ScanProfile = SOFTWARE): ProgramKernel {
  const bytes = scanScratchBytes(spec, profile);
  return {
    label: `scan ${spec.op}`,
    outputs: [{ shape: [spec.outer, spec.length, spec.inner], dtype: spec.dtype }],
    scratch: bytes ? [{ bytes, zero: false }] : [],
    dispatches: scanDispatches(
      spec,
      {
        x: { kind: 'input', index: 0 },
        y: { kind: 'output', index: 0 },
        totals: { kind: 'scratch', index: 0 },
      },
      profile,
    ),
    reference: ([x]) => [scanReference(spec, x!)],
  };
}

const combine: Record<ScanOp, (a: number, b: number) => number> = {
  sum: (a, b) => a + b,
  prod: (a, b) => a * b,
  max: Math.max,
  min: Math.min,
};

/** The scan in float64, or in wrapping 32-bit integers. */
function scanReference(spec: ScanSpec, x: HostArray): HostArray {
  const { op, outer, length, inner, dtype, reverse, exclusive } = spec;
  const real = dtype === 'float32' || dtype === 'float16';
  const wrap = dtype === 'int32' ? (v: number): number => v | 0 : (v: number): number => v >>> 0;
  const step = op === 'prod' && !real ? Math.imul : combine[op];
  const y = real
    ? new Float64Array(x.length)
    : dtype === 'int32'
      ? new Int32Array(x.length)
      : new Uint32Array(x.length);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      let total = identityOf(op, real ? 'f32' : dtype === 'int32' ? 'i32' : 'u32');
      for (let j = 0; j < length; j++) {
        const at = (o * length + (reverse ? length - 1 - j : j)) * inner + i;
        const next = step(total, x[at]!);
        y[at] = exclusive ? total : next;
        total = real ? next : wrap(next);
      }
    }
  }
  return y;
}
