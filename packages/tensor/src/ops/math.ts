import { expectKnownDType, isFloat, scalarType } from '../dtype.js';
import { DTypeError } from '../errors.js';
import { build, expr, type ExprFunction, type OpName, type ScalarType } from '../expr/index.js';
import { combine } from '../kernel/fold.js';
import { live, type Tensor } from '../tensor.js';
import {
  applyNode,
  castNode,
  floatUnary,
  make,
  numeric,
  operands,
  operation,
  scalarNode,
  type Operand,
} from './apply.js';

/** a + b. */
export const add = (a: Operand, b: Operand): Tensor => numeric('add', a, b);
/** a - b. */
export const sub = (a: Operand, b: Operand): Tensor => numeric('sub', a, b);
/** a * b. */
export const mul = (a: Operand, b: Operand): Tensor => numeric('mul', a, b);

/** a / b in real numbers; integers convert to float32 first, as PyTorch's true division. */
export function div(a: Operand, b: Operand): Tensor {
  const { nodes, dtype } = operands('div', [a, b], true);
  return make(applyNode('div', operation('div', 'f32', 2), nodes, dtype));
}

/** The remainder with the sign of the divisor, as PyTorch's `remainder`. */
export function remainder(a: Operand, b: Operand): Tensor {
  const { nodes, dtype } = operands('remainder', [a, b]);
  return make(applyNode('remainder', remainderFn(scalarType[dtype]), nodes, dtype));
}

const remainders = new Map<string, ExprFunction>();
function remainderFn(type: string): ExprFunction {
  let fn = remainders.get(type);
  if (!fn) {
    if (type === 'bool') throw new DTypeError('remainder does not take bool tensors');
    fn =
      type === 'f32'
        ? // a quotient that is rounded to the wrong side of a whole number is put right afterwards
          expr`fn remainder(a: f32, b: f32) -> f32 {
            let r = a - floor(a / b) * b;
            let s = select(r, r + b, r != 0.0 && ((r < 0.0) != (b < 0.0)));
            return select(s, s - b, abs(s) >= abs(b));
          }`
        : type === 'i32'
          ? expr`fn remainder(a: i32, b: i32) -> i32 { let r = a % b; return select(r, r + b, r != 0 && ((r < 0) != (b < 0))); }`
          : expr`fn remainder(a: u32, b: u32) -> u32 { return a % b; }`;
    remainders.set(type, fn);
  }
  return fn;
}

/** -x. */
export const neg = (x: Tensor): Tensor => numeric('neg', x);
/** |x|. */
export const abs = (x: Tensor): Tensor => numeric('abs', x);
/** -1, 0 or 1 by the sign of x. */
export const sign = (x: Tensor): Tensor => numeric('sign', x);
/** x * x. */
export const square = (x: Tensor): Tensor => numeric('mul', x, x);

const builtin = (op: OpName): ((x: Tensor) => Tensor) => {
  let unary: ((x: Tensor) => Tensor) | undefined;
  return (x) => (unary ??= floatUnary(op, operation(op, 'f32', 1)))(x);
};

/** Largest integer at or below x; keeps the float dtype. */
export const floor = builtin('floor');
/** Smallest integer at or above x. */
export const ceil = builtin('ceil');
/** Nearest integer, ties to even. */
export const round = builtin('round');
/** Integer part, towards zero. */
export const trunc = builtin('trunc');
/** Square root; NaN below 0. */
export const sqrt = builtin('sqrt');
/** 1 / sqrt(x). */
export const rsqrt = builtin('inverseSqrt');
/** e^x. */
export const exp = builtin('exp');
/** 2^x. */
export const exp2 = builtin('exp2');
/** e^x - 1, accurate near 0. */
export const expm1 = builtin('expm1');
/** Natural logarithm. */
export const log = builtin('log');
/** Logarithm to base 2. */
export const log2 = builtin('log2');
/** log(1 + x), accurate near 0. */
export const log1p = builtin('log1p');
/** Sine of an angle in radians. */
export const sin = builtin('sin');
/** Cosine of an angle in radians. */
export const cos = builtin('cos');
/** Tangent of an angle in radians. */
export const tan = builtin('tan');
/** Arc sine, in radians. */
export const asin = builtin('asin');
/** Arc cosine, in radians. */
export const acos = builtin('acos');
/** Arc tangent, in radians. */
export const atan = builtin('atan');
/** Hyperbolic sine. */
export const sinh = builtin('sinh');
/** Hyperbolic cosine. */
export const cosh = builtin('cosh');
/** Hyperbolic tangent. */
export const tanh = builtin('tanh');
/** Inverse hyperbolic sine. */
export const asinh = builtin('asinh');
/** Inverse hyperbolic cosine. */
export const acosh = builtin('acosh');
/** Inverse hyperbolic tangent. */
export const atanh = builtin('atanh');
/** Error function. */
export const erf = builtin('erf');

/** 1 / x. */
export const reciprocal = (x: Tensor): Tensor => div(1, x);

/** Angle of the point (x, y), in (-pi, pi]. */
export function atan2(y: Operand, x: Operand): Tensor {
  const { nodes, dtype } = operands('atan2', [y, x], true);
  return make(applyNode('atan2', operation('atan2', 'f32', 2), nodes, dtype));
}

/**
 * a to the power b in real numbers; integers convert to float32 first (`square` keeps them). Whole numbers up to 4, 0.5,
 * -0.5 and -1 as plain numbers become products and roots.
 */
export function pow(a: Operand, b: Operand): Tensor {
  const { nodes, dtype } = operands('pow', [a, b], true);
  if (typeof b === 'number' && typeof a !== 'number') {
    const x = make(nodes[0]!);
    if (b === 1) return x;
    if (b === 2) return square(x);
    if (b === 3) return mul(square(x), x);
    if (b === 4) return square(square(x));
    if (b === 0.5) return sqrt(x);
    if (b === -0.5) return rsqrt(x);
    if (b === -1) return reciprocal(x);
  }
  return make(applyNode('pow', operation('pow', 'f32', 2), nodes, dtype));
}

const lazily = (make: () => ExprFunction): (() => ExprFunction) => {
  let fn: ExprFunction | undefined;
  return () => (fn ??= make());
};

/** max or min that propagates NaN, as PyTorch's do. */
const extreme = (op: 'max' | 'min'): (() => ExprFunction) =>
  lazily(() =>
    build(
      `${op}imum`,
      [
        { name: 'a', type: 'f32' },
        { name: 'b', type: 'f32' },
      ],
      'f32',
      (g, a, b) => combine(g, op, a, b),
    ),
  );
const maximumFn = extreme('max');
const minimumFn = extreme('min');
const clampFn = lazily(
  () =>
    expr`fn clamp_nan(x: f32, lo: f32, hi: f32) -> f32 { let y = select(x, lo, x < lo); return select(y, hi, y > hi); }`,
);

/** The larger of a and b; NaN if either is, as PyTorch (WGSL's own max drops NaN). */
export function maximum(a: Operand, b: Operand): Tensor {
  const { nodes, dtype } = operands('maximum', [a, b]);
  return make(
    applyNode('maximum', isFloat(dtype) ? maximumFn() : operation('max', scalarType[dtype], 2), nodes, dtype),
  );
}

/** The smaller of a and b; NaN if either is. */
export function minimum(a: Operand, b: Operand): Tensor {
  const { nodes, dtype } = operands('minimum', [a, b]);
  return make(
    applyNode('minimum', isFloat(dtype) ? minimumFn() : operation('min', scalarType[dtype], 2), nodes, dtype),
  );
}

/** x limited to [low, high]; NaN stays NaN. Either limit may be left out. */
export function clamp(x: Tensor, low?: Operand, high?: Operand): Tensor {
  if (low === undefined && high === undefined) return make(live(x, 'clamp'));
  if (high === undefined) return maximum(x, low!);
  if (low === undefined) return minimum(x, high);
  const { nodes, dtype } = operands('clamp', [x, low, high]);
  if (!isFloat(dtype)) return minimum(maximum(x, low), high);
  return make(applyNode('clamp', clampFn(), nodes, dtype));
}

const activation = (name: string, fn: () => ExprFunction): ((x: Tensor) => Tensor) => {
  let unary: ((x: Tensor) => Tensor) | undefined;
  return (x) => (unary ??= floatUnary(name, fn()))(x);
};

/** max(x, 0); NaN stays NaN. Its derivative at 0 is 0. */
export const relu = activation('relu', () => expr`fn relu(x: f32) -> f32 { return select(x, 0.0, x <= 0.0); }`);
/** 1 / (1 + e^-x). */
export const sigmoid = activation('sigmoid', () => expr`fn sigmoid(x: f32) -> f32 { return 1.0 / (1.0 + exp(-x)); }`);
/** x sigmoid(x), also called swish. */
export const silu = activation('silu', () => expr`fn silu(x: f32) -> f32 { return x / (1.0 + exp(-x)); }`);
/** log(1 + e^x), without overflow. */
export const softplus = activation(
  'softplus',
  () => expr`fn softplus(x: f32) -> f32 { return max(x, 0.0) + log1p(exp(-abs(x))); }`,
);
/** x Phi(x) with the normal distribution function Phi (Hendrycks and Gimpel 2016, the exact form). */
export const gelu = activation(
  'gelu',
  () => expr`fn gelu(x: f32) -> f32 { return 0.5 * x * (1.0 + erf(x * 0.70710678118654752)); }`,
);

const leakyFn = lazily(() => expr`fn leaky_relu(x: f32, slope: f32) -> f32 { return select(x, slope * x, x <= 0.0); }`);
const eluFn = lazily(() => expr`fn elu(x: f32, alpha: f32) -> f32 { return select(x, alpha * expm1(x), x <= 0.0); }`);
const lerpFn = lazily(() => expr`fn lerp(a: f32, b: f32, t: f32) -> f32 { return a + (b - a) * t; }`);

/** x above 0, slope * x below. */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  const { nodes, dtype } = operands('leakyRelu', [x, slope], true);
  return make(applyNode('leakyRelu', leakyFn(), nodes, dtype));
}

/** x above 0, alpha (e^x - 1) below. */
export function elu(x: Tensor, alpha = 1): Tensor {
  const { nodes, dtype } = operands('elu', [x, alpha], true);
  return make(applyNode('elu', eluFn(), nodes, dtype));
}

/** a + (b - a) t. */
export function lerp(a: Operand, b: Operand, t: Operand): Tensor {
  const { nodes, dtype } = operands('lerp', [a, b, t], true);
  return make(applyNode('lerp', lerpFn(), nodes, dtype));
}

function compare(op: OpName, a: Operand, b: Operand): Tensor {
  const { nodes, dtype } = operands(op, [a, b]);
  const type = scalarType[dtype];
  const numbers = type === 'bool' ? nodes.map((n) => castNode(n, 'int32')) : nodes;
  return make(applyNode(op, operation(op, type === 'bool' ? 'i32' : type, 2, 'bool'), numbers, 'bool'));
}

/** a < b, as bool. */
export const lt = (a: Operand, b: Operand): Tensor => compare('lt', a, b);
/** a <= b. */
export const le = (a: Operand, b: Operand): Tensor => compare('le', a, b);
/** a > b. */
export const gt = (a: Operand, b: Operand): Tensor => compare('gt', a, b);
/** a >= b. */
export const ge = (a: Operand, b: Operand): Tensor => compare('ge', a, b);
/** a == b. */
export const eq = (a: Operand, b: Operand): Tensor => compare('eq', a, b);
/** a != b. */
export const ne = (a: Operand, b: Operand): Tensor => compare('ne', a, b);

function logical(op: OpName, ...values: Tensor[]): Tensor {
  const nodes = values.map((v) => castNode(live(v, op), 'bool'));
  return make(applyNode(op, operation(op, 'bool', values.length), nodes, 'bool'));
}

/** Both are true (not zero). */
export const logicalAnd = (a: Tensor, b: Tensor): Tensor => logical('and', a, b);
/** Either is true. */
export const logicalOr = (a: Tensor, b: Tensor): Tensor => logical('or', a, b);
/** Just one is true. */
export const logicalXor = (a: Tensor, b: Tensor): Tensor => logical('xor', a, b);
/** True where x is false or zero. */
export const logicalNot = (x: Tensor): Tensor => logical('not', x);

function classify(op: OpName, x: Tensor): Tensor {
  const node = castNode(live(x, op), 'float32');
  return make(applyNode(op, operation(op, 'f32', 1, 'bool'), [node], 'bool'));
}

/** True where x is not a number. */
export const isNaN = (x: Tensor): Tensor => classify('isnan', x);
/** True where x is infinite. */
export const isInf = (x: Tensor): Tensor => classify('isinf', x);
/** True where x is neither infinite nor NaN. */
export const isFinite = (x: Tensor): Tensor => logicalNot(logicalOr(isNaN(x), isInf(x)));

/** Elements of `ifTrue` where the condition holds, of `ifFalse` elsewhere; all three broadcast. */
export function where(condition: Tensor, ifTrue: Operand, ifFalse: Operand): Tensor {
  const mask = castNode(live(condition, 'where'), 'bool');
  const { nodes, dtype } = operands('where', [ifTrue, ifFalse]);
  return make(applyNode('where', selectFn(scalarType[dtype]), [mask, ...nodes], dtype));
}

const selects = new Map<ScalarType, ExprFunction>();
function selectFn(type: ScalarType): ExprFunction {
  let fn = selects.get(type);
  if (!fn) {
    const params = [
      { name: 'c', type: 'bool' },
      { name: 'a', type },
      { name: 'b', type },
    ] as const;
    fn = build('where', params, type, (g, c, a, b) => g.apply('select', b, a, c));
    selects.set(type, fn);
  }
  return fn;
}

/** The same elements in another dtype: real to integer truncates, anything to bool asks whether it is not zero. */
export function to(x: Tensor, dtype: Tensor['dtype']): Tensor {
  const node = live(x, 'to');
  expectKnownDType('to', dtype);
  return node.dtype === dtype ? make(node) : make(castNode(node, dtype));
}

const identity = (type: ScalarType): ExprFunction => build('copy', [{ name: 'x', type }], type, (_, x) => x);

/** A copy of the elements in a buffer of its own: stops a view from keeping a large tensor alive. */
export function clone(x: Tensor): Tensor {
  const node = live(x, 'clone');
  return make(applyNode('clone', identity(scalarType[node.dtype]), [node], node.dtype));
}

/** A number as a tensor of shape []. */
export const scalar = (value: number, dtype: Tensor['dtype'] = 'float32'): Tensor => make(scalarNode(value, dtype));
