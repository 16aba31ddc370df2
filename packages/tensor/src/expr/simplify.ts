import type { Graph, OpName, ScalarType, Value } from './ir.js';
import { ops } from './ops.js';

/**
 * The exact, safe simplifications: what this returns has the same value for every input, NaN and infinity included
 * (the sign of a zero may change). Notably x * 0 stays: the derivative code knows its zeros by structure instead.
 * Undefined: nothing to simplify.
 */
export function simplify(g: Graph, op: OpName, type: ScalarType, args: readonly Value[]): Value | undefined {
  const [a, b] = args;
  const x = literal(a);
  const y = b === undefined ? undefined : literal(b);
  if (x !== undefined && (b === undefined || y !== undefined) && args.length < 3) {
    return g.literal(type, ops[op].evaluate[a.type](x, y ?? 0, 0));
  }
  switch (op) {
    case 'add':
      if (x === 0) return b;
      if (y === 0) return a;
      if (b.op === 'neg') return g.compute('sub', type, [a, b.args[0]]);
      if (a.op === 'neg') return g.compute('sub', type, [b, a.args[0]]);
      return undefined;
    case 'sub':
      if (y === 0) return a;
      if (x === 0) return g.compute('neg', type, [b]);
      if (b.op === 'neg') return g.compute('add', type, [a, b.args[0]]);
      if (a === b && type !== 'f32') return g.literal(type, 0);
      return undefined;
    case 'mul':
      if (x !== undefined) return times(g, type, b, x);
      if (y !== undefined) return times(g, type, a, y);
      if (a.op === 'neg' && b.op === 'neg') return g.compute('mul', type, [a.args[0], b.args[0]]);
      return undefined;
    case 'div':
      if (y === 1) return a;
      return undefined;
    case 'neg':
      if (a.op === 'neg') return a.args[0];
      if (a.op === 'sub') return g.compute('sub', type, [a.args[1], a.args[0]]);
      return undefined;
    case 'abs':
      if (a.op === 'abs' || type === 'u32') return a;
      return a.op === 'neg' ? g.compute('abs', type, [a.args[0]]) : undefined;
    case 'min':
    case 'max':
      return a === b ? a : undefined;
    case 'pow':
      return power(g, a, y);
    case 'and':
      if (x !== undefined) return x ? b : a;
      if (y !== undefined) return y ? a : b;
      return a === b ? a : undefined;
    case 'or':
      if (x !== undefined) return x ? a : b;
      if (y !== undefined) return y ? b : a;
      if (a === b) return a;
      return isNot(a, b) ? g.literal('bool', 1) : undefined;
    case 'xor':
      if (x !== undefined) return x ? g.compute('not', type, [b]) : b;
      if (y !== undefined) return y ? g.compute('not', type, [a]) : a;
      return undefined;
    case 'not':
      if (a.op === 'not') return a.args[0];
      if (a.op === 'eq') return g.compute('ne', type, a.args);
      if (a.op === 'ne') return g.compute('eq', type, a.args);
      return undefined;
    case 'bitand':
      if (x === 0 || y === 0) return g.literal(type, 0);
      return a === b ? a : undefined;
    case 'bitor':
    case 'bitxor':
    case 'shl':
    case 'shr':
      if (y === 0) return a;
      return undefined;
    case 'select':
      return select(g, type, a, b, args[2]);
    default:
      return undefined;
  }
}

const literal = (v: Value): number | undefined => (v.op === 'literal' ? (v.attr as number) : undefined);
const isNot = (a: Value, b: Value): boolean =>
  (a.op === 'not' && a.args[0] === b) || (b.op === 'not' && b.args[0] === a);

function times(g: Graph, type: ScalarType, v: Value, factor: number): Value | undefined {
  if (factor === 1) return v;
  if (factor === -1 && type !== 'u32') return g.compute('neg', type, [v]);
  if (factor === 0 && type !== 'f32') return g.literal(type, 0);
  return undefined;
}

/** Small whole powers are products: exact signs for negative bases, and cheaper by far than `pow`. */
function power(g: Graph, x: Value, y: number | undefined): Value | undefined {
  if (y === undefined || !Number.isInteger(y) || y < -1 || y > 5) return undefined;
  if (y === 0) return g.literal('f32', 1);
  if (y === -1) return g.compute('div', 'f32', [g.literal('f32', 1), x]);
  if (y === 1) return x;
  const square = g.compute('mul', 'f32', [x, x]);
  if (y === 2) return square;
  const high = y === 3 ? square : g.compute('mul', 'f32', [square, square]);
  return y === 4 ? high : g.compute('mul', 'f32', [high, x]);
}

function select(g: Graph, type: ScalarType, no: Value, yes: Value, condition: Value): Value | undefined {
  const c = literal(condition);
  if (c !== undefined) return c ? yes : no;
  if (condition.op === 'not') return g.compute('select', type, [yes, no, condition.args[0]]);
  // An arm that asks the same condition again knows the answer.
  if (no.op === 'select' && no.args[2] === condition) return g.compute('select', type, [no.args[0], yes, condition]);
  if (yes.op === 'select' && yes.args[2] === condition) return g.compute('select', type, [no, yes.args[1], condition]);
  if (no === yes) return no;
  if (type === 'bool') {
    const n = literal(no);
    const y = literal(yes);
    if (n === 0) return g.compute('and', type, [condition, yes]);
    if (y === 1) return g.compute('or', type, [condition, no]);
    if (n === 1 && y === 0) return g.compute('not', type, [condition]);
  }
  return undefined;
}
