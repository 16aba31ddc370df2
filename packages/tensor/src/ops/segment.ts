import { isFloat } from '../dtype.js';
import { DTypeError, ShapeError } from '../errors.js';
import { defineProgram } from '../program/define.js';
import { tidy } from '../runtime/tidy.js';
import { showShape, sizeOf } from '../shape.js';
import { live, type Tensor } from '../tensor.js';
import { wgsl } from '../wgsl/link.js';
import { inFloat32 } from './apply.js';
import { arange, zeros } from './create.js';
import { indexSelect } from './indexing.js';
import { where } from './math.js';
import { narrow } from './movement.js';
import { searchSorted } from './search.js';

const outputs = ({ x, offsets }: Readonly<Record<'x' | 'offsets', { readonly shape: readonly number[] }>>) =>
  ({ result: { dtype: 'f32', shape: [offsets.shape[0]! - 1, x.shape[1]!] } }) as const;

/** Rows of a segment, limited to those that there are; one invocation folds one column of one segment. */
const bounds = wgsl`fn bound(at: u32) -> u32 { return min(u32(max(offsets[at], 0)), N); }`;

/** Folds the rows of every segment on the host. */
function folded(
  x: ArrayLike<number>,
  offsets: ArrayLike<number>,
  N: number,
  start: number,
  fn: (a: number, b: number) => number,
) {
  const C = N === 0 ? 0 : x.length / N;
  const bound = (s: number): number => Math.min(Math.max(offsets[s]!, 0), N);
  const result = new Float64Array((offsets.length - 1) * C).fill(start);
  for (let s = 0; s + 1 < offsets.length; s++) {
    for (let n = bound(s); n < bound(s + 1); n++) {
      for (let c = 0; c < C; c++) result[s * C + c] = fn(result[s * C + c]!, x[n * C + c]!);
    }
  }
  return result;
}

const sumProgram = defineProgram({
  name: 'segmentSum',
  inputs: { x: 'f32[N, C]', offsets: 'i32[S]' },
  outputs,
  dispatches: ({ S, C }) => [
    {
      items: (S! - 1) * C!,
      // in blocks: a long sum taken one by one would lose digits
      code: wgsl`${bounds}
      fn item(i: u32) {
        let end = bound(i / C + 1u);
        var sum = 0.0;
        for (var block = bound(i / C); block < end; block += 256u) {
          var part = 0.0;
          for (var n = block; n < min(block + 256u, end); n++) { part += x[n * C + i % C]; }
          sum += part;
        }
        result[i] = sum;
      }`,
    },
  ],
  reference: ({ x, offsets }) => ({ result: folded(x.data, offsets.data, x.shape[0]!, 0, (a, b) => a + b) }),
  vjp: ({ gradResult }, { x, offsets }) => ({ x: spread(gradResult, offsets, x.shape[0]!) }),
  jvp: ({ tangentX }, { offsets }) => ({ result: sumRows(tangentX, offsets) }),
});

const maxProgram = defineProgram({
  name: 'segmentMax',
  inputs: { x: 'f32[N, C]', offsets: 'i32[S]' },
  options: { lowest: 'f32' },
  outputs,
  dispatches: ({ S, C }) => [
    {
      items: (S! - 1) * C!,
      code: wgsl`${bounds}
      fn item(i: u32) {
        let end = bound(i / C + 1u);
        var best = lowest;
        for (var n = bound(i / C); n < end; n++) {
          let v = x[n * C + i % C];
          if (v > best || (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u) { best = v; }
        }
        result[i] = best;
      }`,
    },
  ],
  reference: ({ x, offsets }, { lowest }) => ({
    result: folded(x.data, offsets.data, x.shape[0]!, lowest, (a, b) => (b > a || Number.isNaN(b) ? b : a)),
  }),
  // shared evenly between equal ones, as in `max`
  vjp: ({ gradResult }, { x, offsets }, _, { result }) => {
    const hit = x.eq(spread(result, offsets, x.shape[0]!));
    return { x: where(hit, spread(gradResult.div(hits(hit, offsets)), offsets, x.shape[0]!), 0) };
  },
  jvp: ({ tangentX }, { x, offsets }, options) => {
    const { result } = maxProgram({ x, offsets }, options);
    const hit = x.eq(spread(result, offsets, x.shape[0]!));
    return { result: sumRows(where(hit, tangentX, 0), offsets).div(hits(hit, offsets)) };
  },
});

const sumRows = (x: Tensor, offsets: Tensor): Tensor => sumProgram({ x, offsets }).result;

/** How many rows of each segment are hit, at least 1. */
const hits = (hit: Tensor, offsets: Tensor): Tensor => sumRows(hit.to('float32'), offsets).maximum(1);

/** A row per segment [s, c] repeated for the rows of the segment: [n, c], zeros for rows of no segment. */
function spread(rows: Tensor, offsets: Tensor, n: number): Tensor {
  if (rows.shape[0] === 0) return zeros([n, rows.shape[1]!]);
  const id = searchSorted(offsets, arange(n), { right: true }).sub(1);
  const inside = id.ge(0).logicalAnd(id.lt(rows.shape[0]!)).reshape([n, 1]);
  return where(inside, indexSelect(rows, 0, id), 0);
}

/** Checks a call and folds its rows, seen as [n, c], with a program. */
function segments(op: string, x: Tensor, offsets: Tensor, fn: (rows: Tensor) => Tensor): Tensor {
  live(offsets, op);
  if (x.rank === 0 || offsets.rank !== 1 || offsets.size === 0) {
    throw new ShapeError(
      `${op}: takes rows [n, ...] and offsets [segments + 1], got ${showShape(x.shape)} and ${showShape(offsets.shape)}`,
    );
  }
  if (offsets.dtype !== 'int32' && offsets.dtype !== 'uint32')
    throw new DTypeError(`${op}: offsets must be int32 or uint32, got ${offsets.dtype}`);
  if (!isFloat(x.dtype))
    throw new DTypeError(`${op}: takes float32 or float16, got ${x.dtype}; convert with .to('float32')`);
  const row = x.shape.slice(1);
  return inFloat32(op, x, (wide) => fn(wide.reshape([x.shape[0]!, sizeOf(row)])).reshape([offsets.size - 1, ...row]));
}

/**
 * Sums of consecutive rows: out[s] is the sum of x[offsets[s]] ... x[offsets[s + 1] - 1], 0 for no rows. The order of
 * additions is fixed. `segmentOffsets` makes offsets from sorted segment numbers; PyTorch's `segment_reduce`.
 *
 * @param x rows [n, ...] of float32 or float16.
 * @param offsets ascending first rows of the segments and the end of the last one: int32 or uint32 [segments + 1].
 */
export const segmentSum = (x: Tensor, offsets: Tensor): Tensor =>
  segments('segmentSum', x, offsets, (rows) => sumRows(rows, offsets));

/** Means of consecutive rows, as `segmentSum`; NaN for no rows. */
export const segmentMean = (x: Tensor, offsets: Tensor): Tensor =>
  segments('segmentMean', x, offsets, (rows) =>
    tidy(() => {
      const at = offsets.to('int32').clamp(0, x.shape[0]);
      const count = narrow(at, 0, 1, at.size - 1).sub(narrow(at, 0, 0, at.size - 1));
      return sumRows(rows, offsets).div(count.maximum(0).reshape([-1, 1]));
    }),
  );

/** Largest elements of consecutive rows, as `segmentSum`; -Infinity for no rows, NaN where there is one. */
export const segmentMax = (x: Tensor, offsets: Tensor): Tensor =>
  segments('segmentMax', x, offsets, (rows) => maxProgram({ x: rows, offsets }, { lowest: -Infinity }).result);

/** Smallest elements of consecutive rows, as `segmentSum`; Infinity for no rows, NaN where there is one. */
export const segmentMin = (x: Tensor, offsets: Tensor): Tensor =>
  segments('segmentMin', x, offsets, (rows) =>
    maxProgram({ x: rows.neg(), offsets }, { lowest: -Infinity }).result.neg(),
  );
