import { isFloat } from '../dtype.js';
import { expr } from '../expr/index.js';
import { tidy } from '../runtime/tidy.js';
import { live, type Tensor } from '../tensor.js';
import { applyNode, elementwise, inFloat32, make, operands, type Operand } from './apply.js';
import { isNaN, logicalNot, where } from './math.js';
import { all, sum, type Dims } from './reduce.js';

const replaceFn = expr`fn nan_to_num(x: f32, nan: f32, high: f32, low: f32) -> f32 {
  return select(select(select(x, low, isinf(x)), high, isinf(x) && x > 0.0), nan, isnan(x));
}`;

/** What `nanToNum` puts in. */
export interface NumbersFor {
  /** For NaN; 0 if left out. */
  readonly nan?: number;
  /** For Infinity; the largest number of the dtype if left out. */
  readonly infinity?: number;
  /** For -Infinity; the lowest number of the dtype if left out. */
  readonly negativeInfinity?: number;
}

/** x with NaN and infinities replaced by numbers. No gradient flows through replaced elements; integers stay as they are. */
export function nanToNum(x: Tensor, { nan = 0, infinity, negativeInfinity }: NumbersFor = {}): Tensor {
  const node = live(x, 'nanToNum');
  if (!isFloat(node.dtype)) return make(node);
  const largest = node.dtype === 'float16' ? 65504 : (2 - 2 ** -23) * 2 ** 127;
  const { nodes, dtype } = operands('nanToNum', [x, nan, infinity ?? largest, negativeInfinity ?? -largest]);
  return make(applyNode('nanToNum', replaceFn, nodes, dtype));
}

/** Sum over dimensions (all by default) of the elements that are not NaN: 0 if there are none. */
export const nanSum = (x: Tensor, dims?: Dims, keepdim = false): Tensor =>
  tidy(() => sum(isFloat(live(x, 'nanSum').dtype) ? where(isNaN(x), 0, x) : x, dims, keepdim));

/** Mean over dimensions (all by default) of the elements that are not NaN: NaN if there are none. Integers convert. */
export const nanMean = (x: Tensor, dims?: Dims, keepdim = false): Tensor =>
  inFloat32('nanMean', x, (wide) => nanSum(wide, dims, keepdim).div(sum(logicalNot(isNaN(wide)), dims, keepdim)));

/** When `isClose` and `allClose` call two numbers close. */
export interface Closeness {
  /** Difference allowed in relation to |b|; 1e-5 if left out. */
  readonly relative?: number;
  /** Difference allowed on top; 1e-8 if left out. */
  readonly absolute?: number;
  /** Is NaN close to NaN? */
  readonly equalNaN?: boolean;
}

const closeFn = expr`fn isClose(a: f32, b: f32, relative: f32, absolute: f32, nan: f32) -> bool {
  let apart = abs(a - b);
  return a == b || (!isinf(a) && !isinf(b) && apart <= absolute + relative * abs(b)) || (nan > 0.0 && isnan(a) && isnan(b));
}`;

/**
 * Where |a - b| <= absolute + relative * |b|, as bool. Equal infinities are close, an infinity to nothing else. Integers
 * are compared as float32; `eq` compares them exactly.
 */
export function isClose(a: Operand, b: Operand, options: Closeness = {}): Tensor {
  const { relative = 1e-5, absolute = 1e-8, equalNaN = false } = options;
  return elementwise(closeFn, a, b, relative, absolute, Number(equalNaN));
}

/** Is every element of a close to that of b? A bool of shape []; see `isClose`. */
export const allClose = (a: Operand, b: Operand, options?: Closeness): Tensor =>
  tidy(() => all(isClose(a, b, options)));
