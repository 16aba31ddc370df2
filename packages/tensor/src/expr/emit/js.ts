import type { OpName, ScalarType, Value } from '../ir.js';
import { bitcastNumber, convertNumber, ops } from '../ops.js';
import { binds, call, infix, operand } from './target.js';
import type { Target, Text } from './target.js';

const primary = (text: string): Text => ({ text, binds: binds.primary });

/** Operations on f32 (float64 here) that Math has under the same name and with the same meaning. */
const mathOps: ReadonlySet<OpName> = new Set<OpName>([
  ...(['min', 'max', 'abs', 'sign', 'floor', 'ceil', 'trunc', 'sqrt', 'exp', 'log', 'log2', 'log1p', 'expm1'] as const),
  ...([
    'sin',
    'cos',
    'tan',
    'asin',
    'acos',
    'atan',
    'atan2',
    'sinh',
    'cosh',
    'tanh',
    'asinh',
    'acosh',
    'atanh',
  ] as const),
]);

const comparisons: Partial<Record<OpName, string>> = { lt: '<', le: '<=', gt: '>', ge: '>=', eq: '===', ne: '!==' };
const bits: Partial<Record<OpName, string>> = { and: '&', or: '|', xor: '^', bitand: '&', bitor: '|', bitxor: '^' };

function operation(v: Value, args: readonly Text[]): Text {
  const [a, b, c] = args;
  if (v.op === 'convert' || v.op === 'bitcast') return call(`$.${v.op}_${v.args[0].type}_${v.type}`, args);
  const op = v.op as OpName;
  const type = v.args[0].type;
  const pair = (sign: string): string => `${operand(a, binds.unary)} ${sign} ${operand(b, binds.unary)}`;
  if (op === 'select') return primary(`(${operand(c, binds.unary)} ? ${b.text} : ${a.text})`);
  if (op === 'not') return primary(`(${operand(a, binds.unary)} ^ 1)`);
  const comparison = comparisons[op];
  if (comparison !== undefined) return primary(`+(${pair(comparison)})`);
  const bit = bits[op];
  if (bit !== undefined) return primary(type === 'u32' ? `((${pair(bit)}) >>> 0)` : `(${pair(bit)})`);
  if (op === 'add' || op === 'sub') {
    const sign = op === 'add' ? '+' : '-';
    return type === 'f32' ? infix(a, sign, b, binds.sum) : primary(`(${pair(sign)} ${type === 'i32' ? '|' : '>>>'} 0)`);
  }
  if (type === 'f32') {
    if (op === 'mul') return infix(a, '*', b, binds.product);
    if (op === 'div') return infix(a, '/', b, binds.product);
    if (op === 'neg') return { text: `-${operand(a, binds.primary)}`, binds: binds.unary };
    if (mathOps.has(op)) return call(`Math.${op}`, args);
  }
  return call(`$.${op}_${type}`, args);
}

/**
 * JavaScript: f32 in float64, integers exact, booleans as 0 and 1. The text calls `$`, which is `jsLibrary`, for what
 * JavaScript has no short form of.
 */
export const js: Target = {
  name: 'js',
  literal: (_type, value) => ({
    text: Object.is(value, -0) ? '-0' : String(value),
    binds: value < 0 || Object.is(value, -0) ? binds.unary : binds.primary,
  }),
  operation,
  constant: (name, text) => `const ${name} = ${text};`,
  variable: (name, text) => `let ${name} = ${text};`,
  loop: (index, _type, count) => `for (let ${index} = 0; ${index} < ${count}; ${index}++) {`,
};

/** What the JavaScript target's text calls `$`: the meanings of the operation table by name and type. */
export const jsLibrary: Readonly<Record<string, (a: number, b: number, c: number) => number>> = library();

function library(): Record<string, (a: number, b: number, c: number) => number> {
  const all: Record<string, (a: number, b: number, c: number) => number> = {};
  const types: readonly ScalarType[] = ['f32', 'i32', 'u32', 'bool'];
  for (const type of types) {
    for (const [op, info] of Object.entries(ops)) all[`${op}_${type}`] = info.evaluate[type];
    for (const to of types) {
      all[`convert_${type}_${to}`] = (x) => convertNumber(x, type, to);
      all[`bitcast_${type}_${to}`] = (x) => bitcastNumber(x, type, to);
    }
  }
  return all;
}
