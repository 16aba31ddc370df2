import type { DType } from '../dtype.js';
import type { Shape } from '../shape.js';
import { Tensor } from '../tensor.js';
import type { Operand } from './apply.js';
import * as compact from './compact.js';
import * as counts from './count.js';
import * as indexing from './indexing.js';
import * as linalg from './linalg/index.js';
import * as math from './math.js';
import * as product from './matmul.js';
import * as matrixParts from './matrixParts.js';
import * as movement from './movement.js';
import * as notNumbers from './notNumbers.js';
import * as products from './products.js';
import * as recurrences from './recurrence.js';
import * as reductions from './reduce.js';
import * as scans from './scan.js';
import * as scatters from './scatter.js';
import * as search from './search.js';
import * as sorting from './sort.js';
import * as splits from './split.js';
import * as statistics from './statistics.js';
import * as twoNumbers from './twoNumbers.js';

type Dims = reductions.Dims;

/** The operations as methods: `x.add(y)` is `add(x, y)`. Each is documented where it is defined. */
export interface TensorMethods {
  add(other: Operand): Tensor;
  sub(other: Operand): Tensor;
  mul(other: Operand): Tensor;
  div(other: Operand): Tensor;
  remainder(other: Operand): Tensor;
  fmod(other: Operand): Tensor;
  floorDivide(other: Operand): Tensor;
  hypot(other: Operand): Tensor;
  logAddExp(other: Operand): Tensor;
  pow(exponent: Operand): Tensor;
  atan2(x: Operand): Tensor;
  maximum(other: Operand): Tensor;
  minimum(other: Operand): Tensor;
  clamp(low?: Operand, high?: Operand): Tensor;
  lerp(end: Operand, t: Operand): Tensor;
  lt(other: Operand): Tensor;
  le(other: Operand): Tensor;
  gt(other: Operand): Tensor;
  ge(other: Operand): Tensor;
  eq(other: Operand): Tensor;
  ne(other: Operand): Tensor;
  logicalAnd(other: Tensor): Tensor;
  logicalOr(other: Tensor): Tensor;
  logicalXor(other: Tensor): Tensor;
  logicalNot(): Tensor;
  neg(): Tensor;
  abs(): Tensor;
  sign(): Tensor;
  square(): Tensor;
  reciprocal(): Tensor;
  floor(): Tensor;
  ceil(): Tensor;
  round(): Tensor;
  trunc(): Tensor;
  sqrt(): Tensor;
  rsqrt(): Tensor;
  exp(): Tensor;
  exp2(): Tensor;
  expm1(): Tensor;
  log(): Tensor;
  log2(): Tensor;
  log1p(): Tensor;
  sin(): Tensor;
  cos(): Tensor;
  tan(): Tensor;
  asin(): Tensor;
  acos(): Tensor;
  atan(): Tensor;
  sinh(): Tensor;
  cosh(): Tensor;
  tanh(): Tensor;
  asinh(): Tensor;
  acosh(): Tensor;
  atanh(): Tensor;
  erf(): Tensor;
  relu(): Tensor;
  leakyRelu(slope?: number): Tensor;
  elu(alpha?: number): Tensor;
  sigmoid(): Tensor;
  silu(): Tensor;
  softplus(): Tensor;
  gelu(): Tensor;
  isNaN(): Tensor;
  isInf(): Tensor;
  isFinite(): Tensor;
  isClose(other: Operand, options?: notNumbers.Closeness): Tensor;
  allClose(other: Operand, options?: notNumbers.Closeness): Tensor;
  nanToNum(numbers?: notNumbers.NumbersFor): Tensor;
  /** This tensor where the condition holds, `other` elsewhere. */
  where(condition: Tensor, other: Operand): Tensor;
  to(dtype: DType): Tensor;
  clone(): Tensor;
  sum(dims?: Dims, keepdim?: boolean): Tensor;
  prod(dims?: Dims, keepdim?: boolean): Tensor;
  max(dims?: Dims, keepdim?: boolean): Tensor;
  min(dims?: Dims, keepdim?: boolean): Tensor;
  mean(dims?: Dims, keepdim?: boolean): Tensor;
  any(dims?: Dims, keepdim?: boolean): Tensor;
  all(dims?: Dims, keepdim?: boolean): Tensor;
  nanSum(dims?: Dims, keepdim?: boolean): Tensor;
  nanMean(dims?: Dims, keepdim?: boolean): Tensor;
  countNonzero(dims?: Dims, keepdim?: boolean): Tensor;
  variance(dims?: Dims, keepdim?: boolean, correction?: number): Tensor;
  std(dims?: Dims, keepdim?: boolean, correction?: number): Tensor;
  norm(p?: number, dims?: Dims, keepdim?: boolean): Tensor;
  argMax(dim?: number, keepdim?: boolean): Tensor;
  argMin(dim?: number, keepdim?: boolean): Tensor;
  maxWithIndices(dim: number, keepdim?: boolean): sorting.Sorted;
  minWithIndices(dim: number, keepdim?: boolean): sorting.Sorted;
  quantile(q: number, dim?: number, keepdim?: boolean): Tensor;
  median(dim?: number, keepdim?: boolean): Tensor;
  softmax(dim: number): Tensor;
  logSoftmax(dim: number): Tensor;
  logSumExp(dims?: Dims, keepdim?: boolean): Tensor;
  reshape(shape: Shape): Tensor;
  flatten(start?: number, end?: number): Tensor;
  permute(dims: readonly number[]): Tensor;
  transpose(a?: number, b?: number): Tensor;
  unsqueeze(dim: number): Tensor;
  squeeze(dims?: Dims): Tensor;
  expand(shape: Shape): Tensor;
  slice(...ranges: movement.SliceRange[]): Tensor;
  narrow(dim: number, start: number, length: number): Tensor;
  select(dim: number, index: number): Tensor;
  unfold(dim: number, size: number, step: number): Tensor;
  flip(dims: Dims): Tensor;
  split(sizes: number | readonly number[], dim?: number): Tensor[];
  chunk(count: number, dim?: number): Tensor[];
  unstack(dim?: number): Tensor[];
  repeat(counts: readonly number[]): Tensor;
  tile(counts: readonly number[]): Tensor;
  repeatInterleave(count: number, dim: number): Tensor;
  roll(shifts: Dims, dims?: Dims): Tensor;
  movedim(from: Dims, to: Dims): Tensor;
  tril(diagonal?: number): Tensor;
  triu(diagonal?: number): Tensor;
  diagonal(offset?: number, dim1?: number, dim2?: number): Tensor;
  diag(offset?: number): Tensor;
  diagEmbed(offset?: number): Tensor;
  trace(): Tensor;
  detach(): Tensor;
  pad(amounts: readonly (readonly [number, number])[], value?: number): Tensor;
  indexSelect(dim: number, index: Tensor): Tensor;
  gather(dim: number, index: Tensor): Tensor;
  scatterAdd(dim: number, index: Tensor, source: Tensor, options?: indexing.ScatterOptions): Tensor;
  indexAdd(dim: number, index: Tensor, source: Tensor, options?: indexing.ScatterOptions): Tensor;
  scatter(dim: number, index: Tensor, source: Operand): Tensor;
  scatterReduce(
    dim: number,
    index: Tensor,
    source: Tensor,
    reduce: scatters.ScatterReduction,
    options?: { readonly includeSelf?: boolean },
  ): Tensor;
  indexCopy(dim: number, index: Tensor, source: Tensor): Tensor;
  indexFill(dim: number, index: Tensor, value: number): Tensor;
  indexPut(indices: readonly Tensor[], values: Operand, options?: scatters.IndexPutOptions): Tensor;
  takeAlongDim(index: Tensor, dim?: number): Tensor;
  maskedFill(mask: Tensor, value: Operand): Tensor;
  maskedScatter(mask: Tensor, source: Tensor): Tensor;
  maskedSelect(mask: Tensor): Promise<Tensor>;
  maskedSelectUpTo(mask: Tensor, capacity: number): compact.Selected;
  nonzero(): Promise<Tensor>;
  nonzeroUpTo(capacity: number): { readonly indices: Tensor; readonly count: Tensor };
  unique(): Promise<compact.Unique>;
  uniqueUpTo(capacity: number): compact.Unique & { readonly count: Tensor };
  binCount(bins: number, weights?: Tensor): Tensor;
  histogram(bins: number, low: number, high: number, weights?: Tensor): Tensor;
  bucketize(boundaries: Tensor, options?: search.SearchOptions): Tensor;
  matmul(other: Tensor): Tensor;
  dot(other: Tensor): Tensor;
  outer(other: Tensor): Tensor;
  inner(other: Tensor): Tensor;
  cross(other: Tensor, dim?: number): Tensor;
  kron(other: Tensor): Tensor;
  inverse(): Tensor;
  determinant(): Tensor;
  cholesky(): Tensor;
  qr(): linalg.Factors;
  svd(): linalg.Singular;
  cumSum(dim: number, options?: scans.ScanOptions): Tensor;
  cumProd(dim: number, options?: scans.ScanOptions): Tensor;
  cumMax(dim: number, options?: scans.ScanOptions): Tensor;
  cumMin(dim: number, options?: scans.ScanOptions): Tensor;
  logCumSumExp(dim: number): Tensor;
  diff(dim?: number, times?: number): Tensor;
  sort(dim?: number, options?: sorting.SortOptions): sorting.Sorted;
  argSort(dim?: number, options?: sorting.SortOptions): Tensor;
  topK(k: number, dim?: number, options?: { readonly largest?: boolean }): sorting.Sorted;
}

declare module '../tensor.js' {
  interface Tensor extends TensorMethods {}
}

const functions = {
  ...{ ...math, ...twoNumbers, ...notNumbers, ...reductions, ...statistics, ...movement, ...splits, ...matrixParts },
  ...{
    ...indexing,
    ...scatters,
    ...compact,
    ...counts,
    ...search,
    ...product,
    ...products,
    ...scans,
    ...recurrences,
    ...sorting,
    ...linalg,
  },
};
const methodNames = [
  ...['add', 'sub', 'mul', 'div', 'remainder', 'pow', 'atan2', 'maximum', 'minimum', 'clamp', 'lerp'],
  ...['fmod', 'floorDivide', 'hypot', 'logAddExp', 'isClose', 'allClose', 'nanToNum'],
  ...['nanSum', 'nanMean', 'countNonzero'],
  ...['lt', 'le', 'gt', 'ge', 'eq', 'ne', 'logicalAnd', 'logicalOr', 'logicalXor', 'logicalNot'],
  ...['neg', 'abs', 'sign', 'square', 'reciprocal', 'floor', 'ceil', 'round', 'trunc', 'sqrt', 'rsqrt'],
  ...['exp', 'exp2', 'expm1', 'log', 'log2', 'log1p', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan'],
  ...['sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh', 'erf'],
  ...['relu', 'leakyRelu', 'elu', 'sigmoid', 'silu', 'softplus', 'gelu', 'isNaN', 'isInf', 'isFinite', 'to', 'clone'],
  ...['sum', 'prod', 'max', 'min', 'mean', 'any', 'all', 'softmax', 'logSoftmax', 'logSumExp'],
  ...['variance', 'std', 'norm', 'argMax', 'argMin', 'maxWithIndices', 'minWithIndices', 'quantile', 'median', 'diff'],
  ...['reshape', 'flatten', 'permute', 'transpose', 'unsqueeze', 'squeeze', 'expand', 'slice', 'narrow', 'select'],
  ...['unfold', 'flip', 'pad', 'detach', 'indexSelect', 'gather', 'scatterAdd', 'indexAdd', 'matmul', 'dot'],
  ...['scatter', 'scatterReduce', 'indexCopy', 'indexFill', 'takeAlongDim', 'binCount', 'histogram'],
  ...['indexPut', 'maskedFill', 'maskedScatter', 'logCumSumExp'],
  ...['maskedSelect', 'maskedSelectUpTo', 'nonzero', 'nonzeroUpTo', 'unique', 'uniqueUpTo', 'bucketize'],
  ...['inverse', 'determinant', 'cholesky', 'qr', 'svd'],
  ...['split', 'chunk', 'unstack', 'repeat', 'tile', 'repeatInterleave', 'roll', 'movedim'],
  ...['tril', 'triu', 'diagonal', 'diag', 'diagEmbed', 'trace', 'outer', 'inner', 'cross', 'kron'],
  ...['cumSum', 'cumProd', 'cumMax', 'cumMin', 'sort', 'argSort', 'topK'],
] as const satisfies readonly (keyof TensorMethods & keyof typeof functions)[];

for (const name of methodNames) {
  const fn = functions[name] as (x: Tensor, ...args: unknown[]) => unknown;
  Object.defineProperty(Tensor.prototype, name, {
    configurable: true,
    writable: true,
    value(this: Tensor, ...args: unknown[]) {
      return fn(this, ...args);
    },
  });
}
Object.defineProperty(Tensor.prototype, 'where', {
  configurable: true,
  writable: true,
  value(this: Tensor, condition: Tensor, other: Operand) {
    return math.where(condition, this, other);
  },
});
