import type { ScalarType, Value } from '../ir.js';

/** How tightly a text binds: an operand that binds less than its place needs is put in parentheses. */
export const binds = { loose: 1, sum: 2, product: 3, unary: 4, primary: 5 } as const;

/** A piece of target code that names or computes one value. */
export interface Text {
  readonly text: string;
  readonly binds: number;
}

/** A language that values are written in. */
export interface Target {
  readonly name: 'wgsl' | 'js';
  /** 4 if a scalar is written as a vector of four. */
  readonly lanes?: 1 | 4;
  /** A constant. Adds to `helpers` what it needs. */
  literal(type: ScalarType, value: number, helpers: Set<string>): Text;
  /** An operation, conversion or bitcast on arguments that are written already. */
  operation(v: Value, args: readonly Text[], helpers: Set<string>): Text;
  /** Statement that names a value for good. */
  constant(name: string, text: string): string;
  /** Statement that makes a variable. */
  variable(name: string, text: string): string;
  /** Head of `for (index = 0; index < count; index++) {`, the bound unknown to the compiler if that can be had. */
  loop(index: string, type: ScalarType, count: string): string;
}

/** `text` fit for a place that needs an operand binding at least as tightly as `needed`. */
export const operand = (t: Text, needed: number): string => (t.binds >= needed ? t.text : `(${t.text})`);

/** A left-associative infix operation. */
export function infix(a: Text, sign: string, b: Text, level: number): Text {
  return { text: `${operand(a, level)} ${sign} ${operand(b, level + 1)}`, binds: level };
}

/** An infix operation whose operands WGSL wants in parentheses unless they are primary or unary. */
export function loose(a: Text, sign: string, b: Text): Text {
  return { text: `${operand(a, binds.unary)} ${sign} ${operand(b, binds.unary)}`, binds: binds.loose };
}

/** A call. Loose operands keep parentheses: `f(a < b, c > d)` would be a template list. */
export function call(name: string, args: readonly Text[]): Text {
  return { text: `${name}(${args.map((a) => operand(a, binds.sum)).join(', ')})`, binds: binds.primary };
}
