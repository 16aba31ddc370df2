import { ShapeError } from '../../errors.js';
import type { BufferBinding, Dispatch, HostArray, ProgramKernel, UniformValue } from '../../kernel/dispatch.js';
import { contiguousStrides, showShape, sizeOf, type Shape } from '../../shape.js';
import { linearGrid, u32 } from '../grid.js';
import {
  copyCode,
  fastCode,
  finishCode,
  fixedPointCode,
  integerCode,
  largestCode,
  LARGEST_INVOCATIONS,
  type WalkForm,
} from './scatter.wgsl.js';

/** torch.scatter_add: out = base; out[.., index[c], ..] += source[c] for every c, `index` replacing coordinate `dim`. */
export interface ScatterAddSpec {
  /** Shape of the base and of the result. */
  readonly base: Shape;
  /** The base is zero everywhere and not an input. */
  readonly zeroBase?: boolean;
  readonly dim: number;
  /** Shape of the source (contiguous) and, logically, of the index: at most the base's outside of `dim`. */
  readonly source: Shape;
  /** Strides of the index tensor per dimension of the source, in elements; 0 where it is expanded. */
  readonly indexStrides: readonly number[];
  readonly indexOffset?: number;
  readonly dtype: 'float32' | 'int32' | 'uint32';
  /**
   * How floats are added. `deterministic` gives the same bits whatever the order; `fast` adds in the order of arrival.
   * Integers are exact (wrapping) either way.
   */
  readonly mode: 'deterministic' | 'fast';
  /** What an index outside [0, base[dim]) does: nothing (default), or go to the nearer end. */
  readonly outside?: 'skip' | 'clamp';
}

/** A dimension of the source with its strides in the base (0 along the scattered one) and in the index tensor. */
interface Dim {
  readonly size: number;
  readonly base: number;
  readonly index: number;
}

/** The source's dimensions, neighbours merged where both strides allow; at least one. */
function collapse(spec: ScatterAddSpec): Dim[] {
  const strides = contiguousStrides(spec.base);
  const dims: Dim[] = [];
  spec.source.forEach((size, d) => {
    if (size === 1) return;
    const next = { size, base: d === spec.dim ? 0 : strides[d]!, index: spec.indexStrides[d]! };
    const last = dims.at(-1);
    if (last && last.base === next.base * size && last.index === next.index * size) {
      dims[dims.length - 1] = { ...next, size: last.size * size };
    } else dims.push(next);
  });
  return dims.length ? dims : [{ size: 1, base: 0, index: 0 }];
}

/** Source elements that one invocation adds: a short innermost dimension that shares its index (the xyz of a vertex). */
function runLength(dims: readonly Dim[]): number {
  const last = dims.at(-1)!;
  return last.index === 0 && last.base !== 0 && last.size <= 16 ? last.size : 1;
}

/**
 * The same where a run shares a count of arrivals: runs begin at multiples of their length in the base, and a long
 * dimension is cut into equal ones of at most 16.
 */
function alignedRunLength(dims: readonly Dim[], rowStride: number): number {
  const last = dims.at(-1)!;
  if (last.index !== 0 || last.base !== 1) return 1;
  const whole = [last.size, rowStride, ...dims.slice(0, -1).map((d) => d.base)];
  let run = Math.min(16, last.size);
  while (whole.some((n) => n % run !== 0)) run--;
  return run;
}

/** The dimensions that number the runs. */
function runsOf(dims: readonly Dim[], run: number): readonly Dim[] {
  const last = dims.at(-1)!;
  const outer = dims.slice(0, -1);
  if (run === last.size && outer.length > 0) return outer;
  return [...outer, { size: last.size / run, base: last.base * run, index: last.index * run }];
}

function check({ base, dim, source, indexStrides }: ScatterAddSpec): void {
  const fits = base.length === source.length && source.every((n, d) => d === dim || n <= base[d]!);
  if (!fits || dim < 0 || dim >= base.length || indexStrides.length !== source.length) {
    throw new ShapeError(
      `scatterAdd: source ${showShape(source)} does not fit base ${showShape(base)} along dimension ${dim}`,
    );
  }
}

const storage = (
  name: string,
  kind: 'input' | 'output' | 'scratch',
  index: number,
  element: string,
  access: 'read' | 'read_write' = kind === 'input' ? 'read' : 'read_write',
): BufferBinding => ({ name, ref: { kind, index }, element, access });

/** Adds to a copy of the base in place: integers, and floats in any order. */
function inPlace(spec: ScatterAddSpec, walk: Walk, count: number): Dispatch[] {
  const scalar = { float32: 'f32', int32: 'i32', uint32: 'u32' }[spec.dtype] as 'f32' | 'i32' | 'u32';
  const atomic = scalar === 'i32' ? 'atomic<i32>' : 'atomic<u32>';
  const copy: Dispatch = {
    label: 'scatter copy',
    code: copyCode,
    buffers: [storage('base', 'input', 0, 'u32'), storage('out', 'output', 0, 'u32')],
    uniforms: { count: u32(count) },
    workgroups: linearGrid(count),
  };
  const add: Dispatch = {
    label: `scatter add ${spec.dtype}`,
    code: scalar === 'f32' ? fastCode(walk) : integerCode(scalar, walk),
    buffers: [...walk.inputs(scalar), storage('out', 'output', 0, atomic)],
    uniforms: walk.uniforms,
    workgroups: walk.workgroups,
  };
  return [...(spec.zeroBase ? [] : [copy]), ...(walk.sourceCount > 0 ? [add] : [])];
}

/** Finds the scale, sets values aside or adds them in fixed point, sums up. */
function fixedPoint(spec: ScatterAddSpec, walk: Walk, count: number, places: number): Dispatch[] {
  const bits = 62 - Math.ceil(Math.log2(Math.max(1, spec.source[spec.dim]!)));
  const [, src] = walk.inputs('u32');
  const scratch = (add: boolean): BufferBinding[] => {
    const name = (n: string, i: number, atomic: boolean): BufferBinding =>
      storage(n, 'scratch', i, add && atomic ? 'atomic<u32>' : 'u32', add ? 'read_write' : 'read');
    const sums = [name('low', 1, true), name('high', 2, true), name('special', 3, true)];
    return places > 0 ? [...sums, name('arrivals', 4, true), name('parked', 5, false)] : sums;
  };
  const largest = (element: string, access: 'read' | 'read_write'): BufferBinding =>
    storage('largest', 'scratch', 0, element, access);
  const parking = { count: u32(count), places: u32(places) };
  const runs = places > 0 ? count / walk.run : count;
  const dispatches: Dispatch[] = [
    {
      label: 'scatter scale',
      code: largestCode,
      buffers: [{ ...src, element: 'vec4u' }, largest('atomic<u32>', 'read_write')],
      uniforms: { sourceCount: u32(walk.sourceCount) },
      workgroups: linearGrid(LARGEST_INVOCATIONS),
    },
    {
      label: 'scatter add fixed point',
      code: fixedPointCode(walk, places > 0),
      buffers: [...walk.inputs('u32'), ...scratch(true), largest('u32', 'read')],
      uniforms: { ...walk.uniforms, bits: u32(bits), ...parking },
      workgroups: walk.workgroups,
    },
    {
      label: 'scatter finish',
      code: finishCode(places > 0, !spec.zeroBase),
      buffers: [
        ...(spec.zeroBase ? [] : [storage('base', 'input', 0, 'f32')]),
        ...scratch(false),
        largest('u32', 'read'),
        storage('out', 'output', 0, 'f32'),
      ],
      uniforms: { bits: u32(bits), infinity: u32(0x7f800000), runs: u32(runs), run: u32(count / runs), ...parking },
      workgroups: linearGrid(runs),
    },
  ];
  // without a source only the conversion of zero sums is left
  return walk.sourceCount > 0 ? dispatches : dispatches.slice(2);
}

/** The part that all modes share: buffers, uniforms and grid of the walk over the source. */
interface Walk extends WalkForm {
  readonly sourceCount: number;
  readonly inputs: (element: string) => readonly [index: BufferBinding, src: BufferBinding];
  readonly uniforms: Readonly<Record<string, UniformValue>>;
  readonly workgroups: Dispatch['workgroups'];
}

function walkOf(spec: ScatterAddSpec, parks: boolean): Walk {
  const rowStride = contiguousStrides(spec.base)[spec.dim]!;
  const dims = collapse(spec);
  const run = parks ? alignedRunLength(dims, rowStride) : runLength(dims);
  const unit = parks ? run : 1; // strides in the base count arrivals, or elements
  const runs = runsOf(dims, run);
  const sourceCount = sizeOf(spec.source);
  const invocations = sourceCount / run;
  const first = spec.zeroBase ? 0 : 1;
  const uniforms: Record<string, UniformValue> = {
    invocations: u32(invocations),
    run: u32(run),
    runStride: u32(run > 1 ? dims.at(-1)!.base : 0),
    indexStart: u32(spec.indexOffset ?? 0),
    rows: u32(spec.base[spec.dim]!),
    rowStride: u32(rowStride / unit),
    clamped: u32(spec.outside === 'clamp' ? 1 : 0),
  };
  runs.forEach((d, i) => {
    uniforms[`size${i}`] = u32(d.size);
    uniforms[`indexStride${i}`] = u32(d.index);
    uniforms[`baseStride${i}`] = u32(d.base / unit);
  });
  return {
    rank: runs.length,
    run,
    sourceCount,
    inputs: (element) => [storage('index', 'input', first, 'i32'), storage('src', 'input', first + 1, element)],
    uniforms,
    workgroups: linearGrid(invocations),
  };
}

/** Bytes of values that may be set aside: what every WebGPU adapter binds at once. */
const PARKED_BYTES = 2 ** 27;

/**
 * Values per element of the base that are set aside before further ones are added by atomics: somewhat more than arrive
 * on average, and none where so many or so few arrive that it does not pay.
 */
function placesFor(spec: ScatterAddSpec, count: number): number {
  const average = sizeOf(spec.source) / count;
  const places = Math.ceil(1.5 * average) + 2;
  return average >= 0.25 && average <= 24 && places * count * 4 <= PARKED_BYTES ? places : 0;
}

/**
 * scatterAdd as a program: inputs base (unless it is zero), index (int32) and source; output of the base's shape.
 *
 * The deterministic float sum is 64-bit fixed point with a scale found from the data: at most n = source[dim] elements
 * meet at one destination, so the largest magnitude of the source is made just less than 2^(62 - ceil(log2 n)), and
 * no sum can overflow. Gradients of 1e-8 are summed as precisely as gradients of 1: the resolution is 2^-(62 - log2 n)
 * of the largest element, 2^-42 of it for a million rows. Infinities and NaN reach their destination through a plane
 * of flags that costs nothing until one turns up. Integer sums do not depend on the order, and so neither does the
 * result.
 *
 * Two 64-bit halves are two atomics per value. Where each destination gets a few values, one atomic per run counts the
 * arrivals instead and gives the value a place of its own, and the last kernel sums the places; only what finds
 * all places taken is added by atomics, on the same grid, so that the bits stay the same whoever comes late.
 *
 * lavapipe, 2 cores that other programs used too, so CPU milliseconds of both cores, least of 12 (two atomics for every
 * value, as it was before / this / compare-and-exchange of `fast`): 1 Mi rows of three into 262,144: 102 / 44 / 67;
 * 65,536 rows of 64 into 16,384: 118 / 31 / 64; 1 Mi single values into 65,536: 27 / 20 / 10. Where 64 values meet on
 * average, which no places are made for: 14 / 14 / 8. Of the 44 the scale takes 2, adding 32 and the last kernel 10.
 *
 * Tried on the first case: the rows' numbers in place of their values, so that the last kernel gathers from the source, 20
 * for the first part but 66 for the gather, whose 12 MB miss the caches; both words of a sum side by side, which
 * needs a buffer of twice the base, which adapters may not bind (with atomics alone, 10 % less in one of two runs only).
 * Float instead of integer arithmetic in the conversion to fixed point costs 20 % more (f32 to u32 is slow there).
 */
export function scatterAddKernel(spec: ScatterAddSpec): ProgramKernel {
  check(spec);
  const count = sizeOf(spec.base);
  const exact = spec.dtype === 'float32' && spec.mode === 'deterministic';
  const places = exact && count > 0 ? placesFor(spec, count) : 0;
  const walk = walkOf(spec, places > 0);
  const parking = [
    { bytes: (count / walk.run) * 4, zero: true },
    { bytes: places * count * 4, zero: false },
  ];
  const plane = { bytes: count * 4, zero: true };
  const sums = [{ bytes: 4, zero: true }, plane, plane, { bytes: Math.ceil(count / 8) * 4, zero: true }];
  return {
    label: `scatterAdd ${showShape(spec.source)} into ${showShape(spec.base)}`,
    outputs: [{ shape: spec.base, dtype: spec.dtype }],
    scratch: exact ? [...sums, ...(places > 0 ? parking : [])] : [],
    ...(!exact && spec.zeroBase ? { zeroOutputs: [0] } : {}),
    dispatches: count === 0 ? [] : exact ? fixedPoint(spec, walk, count, places) : inPlace(spec, walk, count),
    reference: (inputs) => {
      const base = spec.zeroBase ? zerosFor(spec, count) : inputs[0]!;
      return [scatterAddReference(spec, base, inputs.at(-2)!, inputs.at(-1)!)];
    },
  };
}

function zerosFor({ dtype }: ScatterAddSpec, count: number): HostArray {
  return dtype === 'float32' ? new Float64Array(count) : new (dtype === 'int32' ? Int32Array : Uint32Array)(count);
}

/** The sums in float64, or in wrapping 32-bit integers. */
function scatterAddReference(spec: ScatterAddSpec, base: HostArray, index: HostArray, source: HostArray): HostArray {
  const out = base.slice();
  const strides = contiguousStrides(spec.base);
  const n = sizeOf(spec.source);
  for (let e = 0; e < n; e++) {
    let rest = e;
    let at = spec.indexOffset ?? 0;
    let to = 0;
    for (let d = spec.source.length - 1; d >= 0; d--) {
      const k = rest % spec.source[d]!;
      rest = (rest - k) / spec.source[d]!;
      at += k * spec.indexStrides[d]!;
      if (d !== spec.dim) to += k * strides[d]!;
    }
    const rows = spec.base[spec.dim]!;
    const row = spec.outside === 'clamp' ? Math.min(Math.max(index[at]!, 0), rows - 1) : index[at]!;
    if (row >= 0 && row < rows) out[to + row * strides[spec.dim]!]! += source[e]!;
  }
  return out;
}
