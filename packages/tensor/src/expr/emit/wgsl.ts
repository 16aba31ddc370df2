import type { OpName, ScalarType, Value } from '../ir.js';
import { typeName, vectorOf } from '../types.js';
import type { ValueType } from '../types.js';
import { binds, call, infix, loose, operand } from './target.js';
import type { Target, Text } from './target.js';

/** Operations that WGSL or its drivers compute too coarsely: instead, calls of the functions of stdlib/elementary.ts. */
export const accurateOps: ReadonlySet<OpName> = new Set<OpName>([
  ...(['exp', 'exp2', 'log', 'log2', 'log1p', 'expm1', 'pow', 'erf'] as const),
  ...(['sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'atan2'] as const),
  ...(['sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh'] as const),
]);

/** WGSL of values that no literal can be (a constant infinity or NaN is an error): these are made at run time. */
export const specialValues: Readonly<Record<string, string>> = {
  chiaro_inf: 'fn chiaro_inf() -> f32 {\n  var bits = 0x7f800000u;\n  return bitcast<f32>(bits);\n}\n',
  chiaro_nan: 'fn chiaro_nan() -> f32 {\n  var bits = 0x7fc00000u;\n  return bitcast<f32>(bits);\n}\n',
};

/** Choices of the WGSL target. */
export interface WgslOptions {
  /** A u32 expression that is zero at run time, unknown to the compiler (a uniform): keeps it from unrolling loops. */
  readonly zero?: string;
  /** WGSL's own builtins instead of the accurate functions: faster and coarser, as the adapter likes. */
  readonly builtins?: boolean;
  /** 4: every scalar of the expression is written as a vector of four, to compute four elements at once. No loops. */
  readonly lanes?: 1 | 4;
}

/** A type as WGSL writes it. */
export const wgslType = (type: ValueType): string => typeName(type);

/** The type that stands for a scalar type where text computes `lanes` elements at once. */
export const laneType = (type: ScalarType, lanes: 1 | 4): string => typeName(vectorOf(type, lanes));

/** Shortest decimal that reads back as the f32 nearest to `value`, with a point or an exponent. */
function formatFloat(value: number): string {
  const f = Math.fround(value);
  if (Object.is(f, -0)) return '-0.0';
  let digits = 1;
  while (Math.fround(Number(f.toPrecision(digits))) !== f) digits++;
  const text = String(Number(f.toPrecision(digits)));
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function literal(type: ScalarType, value: number, helpers: Set<string>): Text {
  const signed = (text: string): Text => ({ text, binds: text.startsWith('-') ? binds.unary : binds.primary });
  if (type === 'bool') return signed(value ? 'true' : 'false');
  if (type === 'u32') return signed(`${value}u`);
  if (type === 'i32') return signed(value === -2147483648 ? 'i32(-2147483648)' : `${value}i`);
  if (Number.isFinite(Math.fround(value))) return signed(formatFloat(value));
  const name = Number.isNaN(value) ? 'chiaro_nan' : 'chiaro_inf';
  helpers.add(name);
  return signed(`${value < 0 ? '-' : ''}${name}()`);
}

const products: Partial<Record<OpName, string>> = { mul: '*', div: '/', mod: '%' };
const sums: Partial<Record<OpName, string>> = { add: '+', sub: '-' };
const others: Partial<Record<OpName, string>> = {
  ...{ lt: '<', le: '<=', gt: '>', ge: '>=', eq: '==', ne: '!=' },
  ...{ and: '&', or: '|', xor: '!=', bitand: '&', bitor: '|', bitxor: '^', shl: '<<', shr: '>>' },
};
const prefixes: Partial<Record<OpName, string>> = { neg: '-', not: '!', bitnot: '~' };

function operation(v: Value, args: readonly Text[], helpers: Set<string>, builtins: boolean, lanes: 1 | 4): Text {
  const [a, b] = args;
  const u32 = laneType('u32', lanes);
  const bits32 = (text: string): string => (lanes === 1 ? text : `${u32}(${text})`);
  if (v.op === 'convert') return call(laneType(v.type, lanes), args);
  if (v.op === 'bitcast') return call(`bitcast<${laneType(v.type, lanes)}>`, args);
  const op = v.op as OpName;
  if (op === 'isnan' || op === 'isinf') {
    // By bits: drivers that assume finite arithmetic fold `x != x` to false (lavapipe does).
    const bits = `(bitcast<${u32}>(${a.text}) & ${bits32('0x7fffffffu')})`;
    return { text: `${bits} ${op === 'isnan' ? '>' : '=='} ${bits32('0x7f800000u')}`, binds: binds.loose };
  }
  // WGSL's != is an ordered comparison on some adapters: false where an operand is NaN
  if (op === 'ne' && v.args[0].type === 'f32') return { text: `!(${loose(a, '==', b).text})`, binds: binds.unary };
  if (op === 'sign' && v.type === 'u32') return call('min', [a, { text: bits32('1u'), binds: binds.primary }]);
  if (op === 'neg' && v.type === 'u32') return { text: `0u - ${operand(a, binds.product)}`, binds: binds.sum };
  const product = products[op];
  if (product !== undefined) return infix(a, product, b, binds.product);
  const sum = sums[op];
  if (sum !== undefined) return infix(a, sum, b, binds.sum);
  const other = others[op];
  if (other !== undefined) return loose(a, other, b);
  const prefix = prefixes[op];
  if (prefix !== undefined) return { text: prefix + operand(a, binds.unary), binds: binds.unary };
  const missing = op === 'log1p' || op === 'expm1' || op === 'erf';
  if (!accurateOps.has(op) || (builtins && !missing)) return call(op, args);
  helpers.add(`chiaro_${op}`);
  return call(`chiaro_${op}`, args);
}

/** The WGSL target with choices. */
export function wgslTarget({ zero, builtins = false, lanes = 1 }: WgslOptions = {}): Target {
  return {
    name: 'wgsl',
    lanes,
    literal: (type, value, helpers) => {
      const one = literal(type, value, helpers);
      return lanes === 1 ? one : call(laneType(type, lanes), [one]);
    },
    operation: (v, args, helpers) => operation(v, args, helpers, builtins, lanes),
    constant: (name, text) => `let ${name} = ${text};`,
    variable: (name, text) => `var ${name} = ${text};`,
    loop(index, type, count) {
      const bound = zero === undefined ? count : `${count} + ${type === 'u32' ? zero : `i32(${zero})`}`;
      return `for (var ${index} = 0${type[0]}; ${index} < ${bound}; ${index}++) {`;
    },
  };
}

/** WGSL, accurate, with loop bounds as they come. */
export const wgsl: Target = wgslTarget();

/** The same, four elements at once. */
export const wideWgsl: Target = wgslTarget({ lanes: 4 });
