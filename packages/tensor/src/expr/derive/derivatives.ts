import type { ExprFunction } from '../function.js';
import { inline } from '../function.js';
import { literalOf } from '../ir.js';
import type { Graph, OpName, Value } from '../ir.js';
import { isOp } from '../ops.js';
import { parse } from '../parse/parse.js';
import { GradientError } from '../../errors.js';
import { gate, scale } from './linear.js';
import type { Linear } from './linear.js';

/** A partial derivative as text: of x and y (the arguments) and r (the result); `when`: zero where this is false. */
type Rule = string | { readonly factor: string; readonly when: string };

/**
 * d(op)/d(argument) of every operation on f32, once, in the expression language itself. Operations that are not here
 * have derivative zero (floor, ceil, round, trunc, sign, comparisons); select passes the chosen side's. At kinks the
 * choice is PyTorch's: abs'(0) = 0, both sides of a tie of min or max get half, sqrt'(0) = inf, and pow at zero base
 * gives 0 for the exponent and for exponents of zero. atan2 has gradient 0 at the origin (PyTorch: NaN).
 */
const rules: Partial<Record<OpName, readonly Rule[]>> = {
  add: ['1', '1'],
  sub: ['1', '-1'],
  mul: ['y', 'x'],
  div: ['1 / y', '-r / y'],
  mod: ['1', '-trunc(x / y)'],
  neg: ['-1'],
  abs: ['sign(x)'],
  min: [
    { factor: 'select(1.0, 0.5, x == y)', when: '!(x > y)' },
    { factor: 'select(1.0, 0.5, x == y)', when: '!(x < y)' },
  ],
  max: [
    { factor: 'select(1.0, 0.5, x == y)', when: '!(x < y)' },
    { factor: 'select(1.0, 0.5, x == y)', when: '!(x > y)' },
  ],
  fract: ['1'],
  sqrt: ['0.5 / r'],
  inverseSqrt: ['-0.5 * r / x'],
  exp: ['r'],
  exp2: ['r * LN2'],
  log: ['1 / x'],
  log2: ['(1 / LN2) / x'],
  log1p: ['1 / (1 + x)'],
  expm1: ['exp(x)'],
  pow: [
    { factor: 'y * pow(x, y - 1)', when: 'y != 0.0' },
    { factor: 'r * log(x)', when: '!(x == 0.0 && y >= 0.0)' },
  ],
  sin: ['cos(x)'],
  cos: ['-sin(x)'],
  tan: ['1 + r * r'],
  asin: ['inverseSqrt((1 - x) * (1 + x))'],
  acos: ['-inverseSqrt((1 - x) * (1 + x))'],
  atan: ['1 / (1 + x * x)'],
  atan2: [
    { factor: 'y / (x * x + y * y)', when: '!(x == 0.0 && y == 0.0)' },
    { factor: '-x / (x * x + y * y)', when: '!(x == 0.0 && y == 0.0)' },
  ],
  sinh: ['cosh(x)'],
  cosh: ['sinh(x)'],
  tanh: ['1 - r * r'],
  asinh: ['inverseSqrt(x * x + 1)'],
  acosh: ['inverseSqrt((x - 1) * (x + 1))'],
  atanh: ['1 / ((1 - x) * (1 + x))'],
  erf: ['1.1283791670955126 * exp(-x * x)'], // 2 / sqrt(pi),
};

/** True when a gradient passes through the operation. */
export const hasDerivative = (v: Value): boolean => v.op === 'select' || (isOp(v.op) && rules[v.op] !== undefined);

/**
 * What a change m of the k-th argument of `v` does to `v` (and, the matrix being one number, what an adjoint m of `v`
 * gives to that argument). `of` maps the values of v's graph into g.
 */
export function partial(g: Graph, v: Value, k: number, m: Linear, of: (v: Value) => Value): Linear | undefined {
  if (v.op === 'extern') throw new GradientError('an operation of the engine inside an expression has no derivative');
  if (v.op === 'select') {
    const condition = of(v.args[2]);
    return k === 2 ? undefined : gate(g, m, k === 1 ? condition : g.apply('not', condition));
  }
  const rule = isOp(v.op) ? rules[v.op]?.[k] : undefined;
  if (rule === undefined) return undefined;
  const values = [...v.args.map(of), of(v)];
  if (typeof rule === 'string') return scale(g, m, call(g, rule, 'f32', values));
  const scaled = scale(g, m, call(g, rule.factor, 'f32', values));
  const when = call(g, rule.when, 'bool', values);
  return literalOf(when) === 1 ? scaled : gate(g, scaled, when);
}

const parsed = new Map<string, ExprFunction>();

function call(g: Graph, text: string, type: string, values: readonly Value[]): Value {
  const params = values.length === 2 ? 'x: f32, r: f32' : 'x: f32, y: f32, r: f32';
  const source = `fn rule(${params}) -> ${type} { return ${text}; }`;
  let fn = parsed.get(source);
  if (fn === undefined) parsed.set(source, (fn = parse(source).entry));
  return inline(g, fn, values)[0];
}
