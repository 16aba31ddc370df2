import { ShapeError } from '../errors.js';
import { Node } from '../graph/node.js';
import type { ProgramCall } from '../graph/primitive.js';
import { sortKernel } from '../kernels/sort/sort.js';
import { normalizeDim, sizeOf } from '../shape.js';
import { live, type Tensor } from '../tensor.js';
import { make } from './apply.js';
import { to } from './math.js';
import { transpose } from './movement.js';

/** Sorted values and where they stood. */
export interface Sorted {
  readonly values: Tensor;
  /** int32 positions along the sorted dimension. */
  readonly indices: Tensor;
}

/** What a rule of differentiation needs of a sort program: it sorts the last dimension. */
export interface SortDetail {
  readonly descending: boolean;
}

/** Order of a sort. */
export interface SortOptions {
  readonly descending?: boolean;
}

function sortLast(name: string, x: Tensor, descending: boolean, keep: number | undefined): Sorted {
  if (x.dtype === 'float16') {
    const { values, indices } = sortLast(name, to(x, 'float32'), descending, keep);
    return { values: to(values, 'float16'), indices };
  }
  const node = live(x, name);
  const length = x.shape[x.rank - 1]!;
  const shape = [...x.shape.slice(0, -1), keep ?? length];
  const spec = { outer: sizeOf(x.shape.slice(0, -1)), length, dtype: x.dtype, descending, stable: true } as const;
  const call: ProgramCall = {
    name,
    outputs: [
      { shape, dtype: x.dtype },
      { shape, dtype: 'int32' },
    ],
    detail: { descending } satisfies SortDetail,
    build: (profile) => sortKernel(keep === undefined ? spec : { ...spec, topk: keep }, profile),
  };
  const program = new Node('program', [node], call, [], x.dtype);
  return {
    values: make(new Node('pick', [program], { index: 0 }, shape, x.dtype)),
    indices: make(new Node('pick', [program], { index: 1 }, shape, 'int32')),
  };
}

function along(name: string, x: Tensor, dim: number, run: (y: Tensor) => Sorted): Sorted {
  if (x.rank === 0) {
    const { values, indices } = run(x.reshape([1]));
    return { values: values.reshape([]), indices: indices.reshape([]) };
  }
  const d = normalizeDim(name, dim, x.rank);
  if (d === x.rank - 1) return run(x);
  const { values, indices } = run(transpose(x, d, -1));
  return { values: transpose(values, d, -1), indices: transpose(indices, d, -1) };
}

/** Sorted along a dimension: stable, NaN counted as largest, as PyTorch's `sort(stable=True)`. */
export function sort(x: Tensor, dim = -1, { descending = false }: SortOptions = {}): Sorted {
  return along('sort', x, dim, (y) => sortLast('sort', y, descending, undefined));
}

/** Positions that would sort x along a dimension. */
export const argSort = (x: Tensor, dim = -1, options: SortOptions = {}): Tensor => sort(x, dim, options).indices;

/** The k largest (or smallest) elements along a dimension, in order; equal ones in order of position. */
export function topK(x: Tensor, k: number, dim = -1, { largest = true }: { readonly largest?: boolean } = {}): Sorted {
  const length = x.rank === 0 ? 1 : x.shape[normalizeDim('topK', dim, x.rank)]!;
  if (!Number.isInteger(k) || k < 0 || k > length) {
    throw new ShapeError(`topK: k = ${k} must be a whole number from 0 to the size ${length} of dimension ${dim}`);
  }
  return along('topK', x, dim, (y) => sortLast('topK', y, largest, k));
}
