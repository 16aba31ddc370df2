import { DTypeError, ShapeError } from '../errors.js';
import { Node } from '../graph/node.js';
import type { ProgramCall } from '../graph/primitive.js';
import { scatterAddKernel } from '../kernels/scatter/scatter.js';
import { broadcastShapes, normalizeDim, showShape, sizeOf } from '../shape.js';
import { live, type Tensor } from '../tensor.js';
import { castNode, constantOf, expandNode, make } from './apply.js';
import { reshapeNode } from './nodes.js';

function indexNode(op: string, index: Tensor): Node {
  if (index.dtype !== 'int32' && index.dtype !== 'uint32') {
    throw new DTypeError(`${op}: indices must be int32 or uint32, got ${index.dtype}`);
  }
  return castNode(live(index, op), 'int32');
}

/** An index along `dim` in the shape of the result. */
function alongDim(index: Node, dim: number, shape: readonly number[]): Node {
  const column = shape.map((_, d) => (d === dim ? index.shape[0]! : 1));
  return expandNode(reshapeNode(index, column), shape);
}

/**
 * Rows (or columns, ...) of a tensor by number: out[.., i, ..] = x[.., index[i], ..] along `dim`.
 * Indices outside [0, size) are clamped to the ends (PyTorch raises an error, which a GPU cannot).
 */
export function indexSelect(x: Tensor, dim: number, index: Tensor): Tensor {
  const table = live(x, 'indexSelect');
  const d = normalizeDim('indexSelect', dim, x.rank);
  if (index.rank !== 1)
    throw new ShapeError(`indexSelect: the index must have one dimension, got ${showShape(index.shape)}`);
  const shape = x.shape.map((n, k) => (k === d ? index.shape[0]! : n));
  if (x.shape[d] === 0 && index.size > 0)
    throw new ShapeError(`indexSelect: dimension ${dim} of ${showShape(x.shape)} is empty`);
  const at = alongDim(indexNode('indexSelect', index), d, shape);
  return make(new Node('gather', [table, at], { dim: d }, shape, x.dtype));
}

/**
 * Elements by number along `dim`: out[c] = x[c with c[dim] = index[c]], as PyTorch's `gather`. The index may be smaller
 * than x in the other dimensions. Indices outside [0, size) are clamped.
 */
export function gather(x: Tensor, dim: number, index: Tensor): Tensor {
  const table = live(x, 'gather');
  const d = normalizeDim('gather', dim, x.rank);
  if (index.rank !== x.rank || index.shape.some((n, k) => k !== d && n > x.shape[k]!)) {
    throw new ShapeError(
      `gather: an index of shape ${showShape(index.shape)} does not fit into ${showShape(x.shape)} outside of dimension ${dim}`,
    );
  }
  if (x.shape[d] === 0 && index.size > 0)
    throw new ShapeError(`gather: dimension ${dim} of ${showShape(x.shape)} is empty`);
  return make(new Node('gather', [table, indexNode('gather', index)], { dim: d }, index.shape, x.dtype));
}

/** How a scatter adds floating-point numbers that meet in one place. */
export interface ScatterOptions {
  /** `deterministic` (default): exact and independent of the order; `fast`: compare-and-exchange, rounding by order. */
  readonly mode?: 'deterministic' | 'fast';
  /** What an index outside [0, size) does: its element is skipped (default), or goes to the nearer end, as `gather` reads. */
  readonly outside?: 'skip' | 'clamp';
}

/**
 * What a rule of differentiation needs of a scatterAdd program. Its inputs are the base, index and source; a base of
 * constant zeros is none.
 */
export interface ScatterDetail {
  readonly dim: number;
  readonly outside: 'skip' | 'clamp';
}

/**
 * x with `source` added at places given by number: out[c with c[dim] = index[c]] += source[c], as PyTorch's
 * `scatter_add`. Index and source broadcast to one shape. Indices outside [0, size) are skipped unless told otherwise.
 */
export function scatterAdd(
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  options: ScatterOptions = {},
): Tensor {
  const d = normalizeDim('scatterAdd', dim, x.rank);
  const shape = broadcastShapes('scatterAdd', index.shape, source.shape);
  if (shape.length !== x.rank || shape.some((n, k) => k !== d && n > x.shape[k]!)) {
    throw new ShapeError(
      `scatterAdd: a source of shape ${showShape(shape)} does not fit into ${showShape(x.shape)} outside of dimension ${dim}`,
    );
  }
  const base = live(x, 'scatterAdd');
  if (base.dtype === 'bool' || base.dtype === 'float16') {
    throw new DTypeError(`scatterAdd: adds float32, int32 or uint32, got ${base.dtype}`);
  }
  return make(
    scatterNode(
      base,
      d,
      indexNode('scatterAdd', index),
      castNode(live(source, 'scatterAdd'), base.dtype),
      shape,
      options,
    ),
  );
}

function scatterNode(
  base: Node,
  dim: number,
  index: Node,
  source: Node,
  shape: readonly number[],
  options: ScatterOptions,
): Node {
  // the index is often one column repeated: the kernel reads it with strides of zero instead of a copy
  const pad = shape.length - index.shape.length;
  const stored = [...new Array<number>(pad).fill(1), ...index.shape];
  const indexStrides: number[] = [];
  let stride = 1;
  for (let k = stored.length - 1; k >= 0; k--) {
    indexStrides[k] = stored[k] === 1 ? 0 : stride;
    stride *= stored[k]!;
  }
  const { mode = 'deterministic', outside = 'skip' } = options;
  const zeroBase = constantOf(base) === 0 && sizeOf(shape) > 0; // zeros would be stored, read and added for nothing
  const call: ProgramCall = {
    name: 'scatterAdd',
    outputs: [{ shape: base.shape, dtype: base.dtype }],
    detail: { dim, outside } satisfies ScatterDetail,
    build: () =>
      scatterAddKernel({
        base: base.shape,
        zeroBase,
        dim,
        source: shape,
        indexStrides,
        dtype: base.dtype as 'float32' | 'int32' | 'uint32',
        mode,
        outside,
      }),
  };
  const inputs = [...(zeroBase ? [] : [base]), index, expandNode(source, shape)];
  const program = new Node('program', inputs, call, [], base.dtype);
  return new Node('pick', [program], { index: 0 }, base.shape, base.dtype);
}

/** x with rows of `source` added by number: the transpose of `indexSelect` along dimension 0. */
export function indexAdd(x: Tensor, dim: number, index: Tensor, source: Tensor, options?: ScatterOptions): Tensor {
  const d = normalizeDim('indexAdd', dim, x.rank);
  if (index.rank !== 1 || index.shape[0] !== source.shape[d] || source.rank !== x.rank) {
    throw new ShapeError(
      `indexAdd: index ${showShape(index.shape)} must number the rows of ${showShape(source.shape)} along dimension ${dim}`,
    );
  }
  const column = index.reshape(source.shape.map((_, k) => (k === d ? -1 : 1)));
  return scatterAdd(x, d, column, source, options);
}
