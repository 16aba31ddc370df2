/**
 * The scalar operations: one table of signatures and exact meanings. Constant folding, the interpreter and the
 * JavaScript target all compute with the functions of this table, f32 in float64 (the oracle), integers exactly.
 */

/** Types of the IR's values. Vectors and structs exist in the front end only. */
export type ScalarType = 'f32' | 'i32' | 'u32' | 'bool';

/** How an operation is typed: what its arguments are, and what comes out. */
type Signature =
  | 'number' // all arguments of one numeric type, the result too
  | 'float' // f32 -> f32
  | 'integer' // all arguments of one integer type, the result too
  | 'shift' // (integer, u32) -> that integer
  | 'compare' // two of one numeric type -> bool
  | 'equality' // two of one type, bool included -> bool
  | 'classify' // f32 -> bool
  | 'logic' // bool -> bool
  | 'select'; // (ifFalse, ifTrue, bool) -> type of the first two

type Evaluate = (a: number, b: number, c: number) => number;

/** One row of the table. Booleans are the numbers 0 and 1 throughout. */
export interface OpInfo {
  /** Small integer, stable within a process: hash-consing. */
  readonly code: number;
  readonly arity: 1 | 2 | 3;
  readonly signature: Signature;
  /** True when the arguments may be swapped. */
  readonly commutes: boolean;
  readonly evaluate: Readonly<Record<ScalarType, Evaluate>>;
}

/** Round to nearest, ties to even: WGSL's and PyTorch's `round`. */
export function roundEven(x: number): number {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
}

/** erf in float64: its all-positive series, which loses nothing to cancellation. */
export function erf(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** C's (and PyTorch's) pow: unlike JavaScript's, pow(1, NaN) = 1 and pow(-1, inf) = 1. */
const pow = (x: number, y: number): number => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y);

let nextCode = 16; // codes below belong to the IR's own nodes (ir.ts)

function row(signature: Signature, arity: 1 | 2 | 3, evaluate: Partial<OpInfo['evaluate']>, commutes = false): OpInfo {
  const missing: Evaluate = () => NaN; // the signature keeps such types out
  const all = { f32: missing, i32: missing, u32: missing, bool: missing, ...evaluate };
  return { code: nextCode++, arity, signature, commutes, evaluate: all };
}

const same = (f: Evaluate): OpInfo['evaluate'] => ({ f32: f, i32: f, u32: f, bool: f });
const float = (f: (x: number) => number): OpInfo => row('float', 1, { f32: f });
const commutes = true;

const table = {
  add: row('number', 2, { f32: (a, b) => a + b, i32: (a, b) => (a + b) | 0, u32: (a, b) => (a + b) >>> 0 }, commutes),
  sub: row('number', 2, { f32: (a, b) => a - b, i32: (a, b) => (a - b) | 0, u32: (a, b) => (a - b) >>> 0 }),
  mul: row('number', 2, { f32: (a, b) => a * b, i32: Math.imul, u32: (a, b) => Math.imul(a, b) >>> 0 }, commutes),
  /** Integers as WGSL: x / 0 = x, and i32's minimum / -1 is itself. */
  div: row('number', 2, {
    f32: (a, b) => a / b,
    i32: (a, b) => (b === 0 ? a : (a / b) | 0),
    u32: (a, b) => (b === 0 ? a : (a / b) >>> 0),
  }),
  /** The remainder with the sign of the dividend: x - y * trunc(x / y). Integers: x % 0 = 0. */
  mod: row('number', 2, {
    f32: (a, b) => a % b,
    i32: (a, b) => (b === 0 ? 0 : (a % b) | 0),
    u32: (a, b) => (b === 0 ? 0 : a % b),
  }),
  neg: row('number', 1, { f32: (a) => -a, i32: (a) => -a | 0, u32: (a) => -a >>> 0 }),
  /** WGSL's: which operand a NaN gives is unspecified (here NaN). stdlib's `minimum` and `maximum` propagate it. */
  min: row(
    'number',
    2,
    same((a, b) => Math.min(a, b)),
    commutes,
  ),
  max: row(
    'number',
    2,
    same((a, b) => Math.max(a, b)),
    commutes,
  ),
  abs: row('number', 1, { f32: Math.abs, i32: (a) => Math.abs(a) | 0, u32: (a) => a }),
  sign: row('number', 1, same(Math.sign)),

  floor: float(Math.floor),
  ceil: float(Math.ceil),
  round: float(roundEven),
  trunc: float(Math.trunc),
  fract: float((x) => x - Math.floor(x)),
  sqrt: float(Math.sqrt),
  inverseSqrt: float((x) => 1 / Math.sqrt(x)),
  exp: float(Math.exp),
  exp2: float((x) => 2 ** x),
  log: float(Math.log),
  log2: float(Math.log2),
  log1p: float(Math.log1p),
  expm1: float(Math.expm1),
  sin: float(Math.sin),
  cos: float(Math.cos),
  tan: float(Math.tan),
  asin: float(Math.asin),
  acos: float(Math.acos),
  atan: float(Math.atan),
  sinh: float(Math.sinh),
  cosh: float(Math.cosh),
  tanh: float(Math.tanh),
  asinh: float(Math.asinh),
  acosh: float(Math.acosh),
  atanh: float(Math.atanh),
  erf: float(erf),
  pow: row('float', 2, { f32: pow }),
  /** atan2(y, x) */
  atan2: row('float', 2, { f32: Math.atan2 }),

  lt: row(
    'compare',
    2,
    same((a, b) => +(a < b)),
  ),
  le: row(
    'compare',
    2,
    same((a, b) => +(a <= b)),
  ),
  gt: row(
    'compare',
    2,
    same((a, b) => +(a > b)),
  ),
  ge: row(
    'compare',
    2,
    same((a, b) => +(a >= b)),
  ),
  eq: row(
    'equality',
    2,
    same((a, b) => +(a === b)),
    commutes,
  ),
  ne: row(
    'equality',
    2,
    same((a, b) => +(a !== b)),
    commutes,
  ),
  isnan: row('classify', 1, { f32: (x) => +Number.isNaN(x) }),
  isinf: row('classify', 1, { f32: (x) => +(Math.abs(x) === Infinity) }),

  and: row('logic', 2, { bool: (a, b) => a & b }, commutes),
  or: row('logic', 2, { bool: (a, b) => a | b }, commutes),
  xor: row('logic', 2, { bool: (a, b) => a ^ b }, commutes),
  not: row('logic', 1, { bool: (a) => a ^ 1 }),

  bitand: row('integer', 2, { i32: (a, b) => a & b, u32: (a, b) => (a & b) >>> 0 }, commutes),
  bitor: row('integer', 2, { i32: (a, b) => a | b, u32: (a, b) => (a | b) >>> 0 }, commutes),
  bitxor: row('integer', 2, { i32: (a, b) => a ^ b, u32: (a, b) => (a ^ b) >>> 0 }, commutes),
  bitnot: row('integer', 1, { i32: (a) => ~a, u32: (a) => ~a >>> 0 }),
  /** Shifts take the amount modulo 32; `shr` keeps the sign of an i32. */
  shl: row('shift', 2, { i32: (a, b) => a << b, u32: (a, b) => (a << b) >>> 0 }),
  shr: row('shift', 2, { i32: (a, b) => a >> b, u32: (a, b) => a >>> b }),

  /** select(ifFalse, ifTrue, condition), WGSL's order. */
  select: row(
    'select',
    3,
    same((a, b, c) => (c ? b : a)),
  ),
};

/** Name of an operation. */
export type OpName = keyof typeof table;

/** The table of operations. */
export const ops: Readonly<Record<OpName, OpInfo>> = table;

/** True for the name of an operation (other nodes of the IR are literals, inputs, loops and so on). */
export const isOp = (name: string): name is OpName => Object.hasOwn(table, name);

/** A value converted as WGSL's value constructors do: f32 to integers truncates and saturates (NaN gives 0). */
export function convertNumber(value: number, from: ScalarType, to: ScalarType): number {
  if (to === 'f32' || from === to) return value;
  if (to === 'bool') return value === 0 ? 0 : 1;
  if (from !== 'f32') return to === 'i32' ? value | 0 : value >>> 0;
  if (Number.isNaN(value)) return 0;
  const t = Math.trunc(value) + 0;
  return to === 'i32' ? Math.max(-2147483648, Math.min(2147483647, t)) : Math.max(0, Math.min(4294967295, t));
}

const floatBits = new Float32Array(1);
const intBits = new Int32Array(floatBits.buffer);
const uintBits = new Uint32Array(floatBits.buffer);

/** The same 32 bits read as another type (a float64 value is rounded to f32 first). */
export function bitcastNumber(value: number, from: ScalarType, to: ScalarType): number {
  if (from === 'f32') floatBits[0] = value;
  else uintBits[0] = value >>> 0;
  return to === 'f32' ? floatBits[0] : to === 'i32' ? intBits[0] : uintBits[0];
}
