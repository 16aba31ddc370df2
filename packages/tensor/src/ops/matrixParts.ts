import { ShapeError } from '../errors.js';
import { tidy } from '../runtime/tidy.js';
import { normalizeDim, showShape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { arange } from './create.js';
import { where } from './math.js';
import { pad, permute, reshape, slice, unsqueeze, type SliceRange } from './movement.js';
import { sum } from './reduce.js';

/** Column minus row of every element of a matrix: int32 [rows, columns], computed where it is used. */
const offsets = (rows: number, columns: number): Tensor => arange(columns).sub(arange(rows).reshape([rows, 1]));

function expectMatrix(op: string, x: Tensor): readonly [number, number] {
  if (x.rank < 2) throw new ShapeError(`${op}: takes matrices [..., n, m], got shape ${showShape(x.shape)}`);
  return [x.shape[x.rank - 2]!, x.shape[x.rank - 1]!];
}

function expectWhole(op: string, offset: number): void {
  if (!Number.isInteger(offset)) throw new ShapeError(`${op}: the diagonal must be a whole number, got ${offset}`);
}

/** Matrices [..., n, m] with zeros above a diagonal: 0 is the main one, positive ones lie above it. */
export function tril(x: Tensor, diagonal = 0): Tensor {
  expectWhole('tril', diagonal);
  const [n, m] = expectMatrix('tril', x);
  return tidy(() => where(offsets(n, m).le(diagonal), x, 0).to(x.dtype));
}

/** Matrices [..., n, m] with zeros below a diagonal. */
export function triu(x: Tensor, diagonal = 0): Tensor {
  expectWhole('triu', diagonal);
  const [n, m] = expectMatrix('triu', x);
  return tidy(() => where(offsets(n, m).ge(diagonal), x, 0).to(x.dtype));
}

/**
 * The diagonal of the matrices that two dimensions make, as a new last dimension in place of them. `offset` counts to the
 * right; beyond the corners there are no elements.
 */
export function diagonal(x: Tensor, offset = 0, dim1 = 0, dim2 = 1): Tensor {
  expectWhole('diagonal', offset);
  const [a, b] = [normalizeDim('diagonal', dim1, x.rank), normalizeDim('diagonal', dim2, x.rank)];
  if (a === b) throw new ShapeError(`diagonal: dimensions ${dim1} and ${dim2} are the same`);
  const [n, m] = [x.shape[a]!, x.shape[b]!];
  const batch = x.shape.map((_, d) => d).filter((d) => d !== a && d !== b);
  const count = Math.max(0, Math.min(n - Math.max(-offset, 0), m - Math.max(offset, 0)));
  const start = count === 0 ? 0 : Math.max(offset, 0) + Math.max(-offset, 0) * m;
  const end = count === 0 ? 0 : start + (count - 1) * (m + 1) + 1;
  return tidy(() => {
    const rows = reshape(permute(x, [...batch, a, b]), [...batch.map((d) => x.shape[d]!), n * m]);
    return slice(rows, ...batch.map((): SliceRange => null), [start, end, m + 1]);
  });
}

/** Matrices [..., m, m] of zeros with the last dimension on a diagonal: the reverse of `diagonal`; m = n + |offset|. */
export function diagEmbed(x: Tensor, offset = 0): Tensor {
  expectWhole('diagEmbed', offset);
  if (x.rank === 0) throw new ShapeError('diagEmbed: takes vectors [..., n], got a tensor of shape []');
  const m = x.shape[x.rank - 1]! + Math.abs(offset);
  return tidy(() => {
    // an element stands in its own row where the diagonal lies above, else in its own column
    const line = unsqueeze(pad(x, [[0, Math.abs(offset)]]), offset >= 0 ? -1 : -2);
    return where(offsets(m, m).eq(offset), line, 0).to(x.dtype);
  });
}

/** A vector as a diagonal matrix, a matrix as its diagonal. */
export function diag(x: Tensor, offset = 0): Tensor {
  if (x.rank === 1) return diagEmbed(x, offset);
  if (x.rank === 2) return diagonal(x, offset);
  throw new ShapeError(
    `diag: takes a vector or a matrix, got ${showShape(x.shape)}; diagonal and diagEmbed take batches`,
  );
}

/** Sum of the diagonal of matrices [..., n, m]; PyTorch takes a single one. Bool counts, as int32. */
export function trace(x: Tensor): Tensor {
  expectMatrix('trace', x);
  return tidy(() => sum(diagonal(x, 0, -2, -1), -1));
}
