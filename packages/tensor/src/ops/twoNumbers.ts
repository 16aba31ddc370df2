import { scalarType } from '../dtype.js';
import { DTypeError } from '../errors.js';
import { expr, type ExprFunction } from '../expr/index.js';
import type { Node } from '../graph/node.js';
import { tidy } from '../runtime/tidy.js';
import { broadcastShapes } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { applyNode, make, operands, type Operand } from './apply.js';
import { remainder } from './math.js';
import { detach } from './movement.js';

// The larger argument is chosen by comparison, not by max: the derivative then takes one side at a tie, which is exact
// for these functions, and so are the derivatives of it.
const logAddExpFn = expr`fn log_add_exp(a: f32, b: f32) -> f32 {
  let first = a >= b;
  let high = select(b, a, first);
  let low = select(a, b, first);
  return high + log1p(exp(select(low - high, 0.0, isinf(high) && low == high)));
}`;

const hypotFn = expr`fn hypot(a: f32, b: f32) -> f32 {
  let x = abs(a);
  let y = abs(b);
  let first = x >= y || isinf(x);
  let high = select(y, x, first);
  let low = select(x, y, first);
  let ratio = select(low, 0.0, isinf(high)) / select(high, 1.0, high == 0.0 || isinf(high));
  return high * sqrt(1.0 + ratio * ratio);
}`;

/** log(e^a + e^b), without overflow; integers convert to float32. */
export function logAddExp(a: Operand, b: Operand): Tensor {
  const { nodes, dtype } = operands('logAddExp', [a, b], true);
  return make(applyNode('logAddExp', logAddExpFn, nodes, dtype));
}

/**
 * sqrt(a^2 + b^2), without overflow; infinite if either is. Integers convert to float32. Its derivative at (0, 0) is 0
 * (PyTorch: NaN).
 */
export function hypot(a: Operand, b: Operand): Tensor {
  const { nodes, dtype } = operands('hypot', [a, b], true);
  return make(applyNode('hypot', hypotFn, nodes, dtype));
}

const fmods: Partial<Record<string, ExprFunction>> = {
  f32: expr`fn fmod(a: f32, b: f32) -> f32 {
    let x = select(a, -a, a < 0.0);
    let y = abs(b);
    let k = floor(x / y);
    let r = x - select(k * y, 0.0, k == 0.0);
    let s = select(r, r + y, r < 0.0);
    let t = select(s, s - y, s >= y);
    return select(t, -t, a < 0.0);
  }`,
  i32: expr`fn fmod(a: i32, b: i32) -> i32 { return a % b; }`,
  u32: expr`fn fmod(a: u32, b: u32) -> u32 { return a % b; }`,
};

/** The remainder with the sign of a, as C's and PyTorch's `fmod`; `remainder` has the sign of the divisor. */
export function fmod(a: Operand, b: Operand): Tensor {
  const { nodes, dtype } = operands('fmod', [a, b]);
  const fn = fmods[scalarType[dtype]];
  if (!fn) throw new DTypeError('fmod does not take bool tensors');
  return make(applyNode('fmod', fn, nodes, dtype));
}

const quotients: Partial<Record<string, ExprFunction>> = {
  // the difference is a multiple of b but for rounding, so the quotient is next to a whole number
  f32: expr`fn floor_divide(a: f32, b: f32, r: f32) -> f32 { return select(round((a - r) / b), a / b, b == 0.0); }`,
  i32: expr`fn floor_divide(a: i32, b: i32, r: i32) -> i32 { return (a - r) / b; }`,
  u32: expr`fn floor_divide(a: u32, b: u32, r: u32) -> u32 { return (a - r) / b; }`,
};

/**
 * The largest whole number at or below a / b, in the common dtype: (a - remainder(a, b)) / b, so that a whole number is
 * never missed by the rounding of the quotient. PyTorch's `floor_divide`; no gradient flows.
 */
export function floorDivide(a: Operand, b: Operand): Tensor {
  const { nodes, dtype } = operands('floorDivide', [a, b]);
  const fn = quotients[scalarType[dtype]];
  if (!fn) throw new DTypeError('floorDivide does not take bool tensors');
  const [first, second] = nodes as [Node, Node];
  broadcastShapes('floorDivide', first.shape, second.shape);
  return tidy(() => {
    const rest = remainder(make(first), make(second));
    return detach(make(applyNode('floorDivide', fn, [first, second, rest.node], dtype)));
  });
}
