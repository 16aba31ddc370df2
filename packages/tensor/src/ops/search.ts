import { isFloat, promote } from '../dtype.js';
import { DTypeError, ShapeError } from '../errors.js';
import { orderedKeyCode } from '../kernels/sort/sort.wgsl.js';
import type { ElementName } from '../program/declaration.js';
import { defineProgram } from '../program/define.js';
import { sameShape, showShape, sizeOf } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { wgsl } from '../wgsl/link.js';
import { arange } from './create.js';

/** Does a stand before b in a sort? NaN is the last. */
const before = (a: number, b: number): boolean => a < b || (Number.isNaN(b) && !Number.isNaN(a));

/** Binary search in rows of one element type: every row of values in its own row, or all of them in the only one. */
const searchProgram = (element: ElementName) =>
  defineProgram({
    name: 'searchSorted',
    inputs: { sorted: `${element}[S, N]`, values: `${element}[R, M]` },
    options: { right: 'u32' },
    outputs: ({ values }) => ({ places: { dtype: 'i32', shape: values.shape } }),
    dispatches: ({ R, M }) => [
      {
        items: R! * M!,
        code: wgsl`${orderedKeyCode[element]}
        fn item(i: u32) {
          let start = select(i / M * N, 0u, S == 1u);
          let wanted = orderedKey(bitcast<u32>(values[i]));
          var low = 0u;
          var high = N;
          while (low < high) {
            let middle = (low + high) / 2u;
            let key = orderedKey(bitcast<u32>(sorted[start + middle]));
            if (key < wanted || (right == 1u && key == wanted)) { low = middle + 1u; } else { high = middle; }
          }
          places[i] = i32(low);
        }`,
      },
    ],
    reference: ({ sorted, values }, { right }) => {
      const [S, N] = sorted.shape as [number, number];
      const M = values.shape[1]!;
      const goesOn = (at: number, v: number): boolean =>
        right === 1 ? !before(v, sorted.data[at]!) : before(sorted.data[at]!, v);
      return {
        places: Array.from(values.data, (v, i) => {
          const start = S === 1 ? 0 : Math.floor(i / M) * N;
          let [low, high] = [0, N];
          while (low < high) {
            const middle = (low + high) >> 1;
            if (goesOn(start + middle, v)) low = middle + 1;
            else high = middle;
          }
          return low;
        }),
      };
    },
  });

const searches = { f32: searchProgram('f32'), i32: searchProgram('i32'), u32: searchProgram('u32') };

/** Options of `searchSorted` and `bucketize`. */
export interface SearchOptions {
  /** Behind equal elements instead of in front of them. */
  readonly right?: boolean;
}

/**
 * Where values would have to be inserted to keep a sequence sorted, as int32: in front of equal elements, or behind them
 * with `right`. NaN counts as largest, as in `sort`.
 *
 * @param sorted ascending [n], or [..., n] with the leading dimensions of `values`.
 * @param values of any shape, or [..., m]; compared in the common dtype.
 */
export function searchSorted(sorted: Tensor, values: Tensor, { right = false }: SearchOptions = {}): Tensor {
  if (sorted.rank === 0) throw new ShapeError('searchSorted: takes a sorted sequence [n], got a tensor of shape []');
  const batch = sorted.shape.slice(0, -1);
  if (batch.length > 0 && !sameShape(batch, values.shape.slice(0, -1))) {
    throw new ShapeError(
      `searchSorted: sequences ${showShape(sorted.shape)} and values ${showShape(values.shape)} must agree in all but the last dimension`,
    );
  }
  const dtype = promote(sorted.dtype, values.dtype);
  const element = isFloat(dtype) ? 'f32' : dtype === 'uint32' ? 'u32' : 'i32';
  const rows = batch.length === 0 ? 1 : sizeOf(batch);
  const width = batch.length === 0 ? values.size : values.shape[values.rank - 1]!;
  const given = {
    sorted: sorted.reshape([rows, sorted.shape[sorted.rank - 1]!]),
    values: values.reshape([rows, width]),
  };
  return searches[element](given, { right: right ? 1 : 0 }).places.reshape(values.shape);
}

/**
 * The number of the bucket that each value lies in: bucket i reaches from boundary i - 1 (exclusive) to boundary i
 * (inclusive), or with `right` from boundary i - 1 (inclusive) to boundary i (exclusive).
 */
export function bucketize(x: Tensor, boundaries: Tensor, options?: SearchOptions): Tensor {
  if (boundaries.rank !== 1)
    throw new ShapeError(`bucketize: takes boundaries [n], got shape ${showShape(boundaries.shape)}`);
  return searchSorted(boundaries, x, options);
}

/**
 * First rows of segments from the sorted segment number of each row: int32 [count + 1], what `segmentSum` and its like
 * take. Rows of segments outside [0, count) belong to none.
 */
export function segmentOffsets(ids: Tensor, count: number): Tensor {
  if (ids.rank !== 1) throw new ShapeError(`segmentOffsets: takes ids [n], got shape ${showShape(ids.shape)}`);
  if (ids.dtype !== 'int32' && ids.dtype !== 'uint32')
    throw new DTypeError(`segmentOffsets: ids must be int32 or uint32, got ${ids.dtype}`);
  if (!Number.isInteger(count) || count < 0)
    throw new ShapeError(`segmentOffsets: the number of segments must be a whole number, got ${count}`);
  return searchSorted(ids, arange(count + 1));
}
