import type {
  Assignment,
  Declaration,
  Expression,
  FunctionText,
  ModuleText,
  NamedType,
  Statement,
  StructText,
  TypeName,
} from './ast.js';
import { tokenize } from './lexer.js';
import type { Token } from './lexer.js';
import type { Source, Span } from './source.js';

/** Binary operators by rising precedence. WGSL wants parentheses in many mixtures; here C's order stands in. */
const levels = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
const precedence = new Map(levels.flatMap((operators, level) => operators.map((op) => [op, level + 1] as const)));

/** Parts of WGSL (and of its neighbours) that the language leaves out, and what to do instead. */
const foreign: Readonly<Record<string, string>> = {
  while: 'while loops are not part of the expression language; write a counted for: for (var i = 0; i < n; i++)',
  loop: 'endless loops are not part of the expression language; write a counted for: for (var i = 0; i < n; i++)',
  switch: 'switch is not part of the expression language; write if and else if',
  break: 'break is not part of the expression language; let the rest of the loop do nothing: if (!done) { ... }',
  continue: 'continue is not part of the expression language; put the rest of the loop body into an if',
  discard: 'discard is not part of the expression language: functions are pure',
};

/** Parses a text (types and names are resolved later, in lower.ts). */
export function parseText(source: Source): ModuleText {
  return new Parser(source).module();
}

class Parser {
  private readonly tokens: readonly Token[];
  private at = 0;

  constructor(private readonly source: Source) {
    this.tokens = tokenize(source);
  }

  module(): ModuleText {
    const functions: FunctionText[] = [];
    const structs: StructText[] = [];
    const constants: Declaration[] = [];
    while (this.token.kind !== 'end') {
      if (this.is('fn')) functions.push(this.function());
      else if (this.is('struct')) structs.push(this.struct());
      else if (this.is('const')) constants.push(this.declaration());
      else if (!this.skip(';')) throw this.unexpected('fn, struct or const');
    }
    return { functions, structs, constants };
  }

  private get token(): Token {
    return this.tokens[this.at];
  }

  private is(text: string): boolean {
    return this.token.text === text && this.token.kind !== 'end';
  }

  private skip(text: string): boolean {
    const found = this.is(text);
    if (found) this.at++;
    return found;
  }

  private expect(text: string, where: string): Token {
    if (!this.is(text)) throw this.unexpected(`'${text}' ${where}`);
    return this.tokens[this.at++];
  }

  private name(what: string): Token {
    if (this.token.kind !== 'name') throw this.unexpected(what);
    return this.tokens[this.at++];
  }

  private unexpected(expected: string): Error {
    const { text, kind } = this.token;
    if (text === '@')
      return this.source.error(this.token, 'attributes are not part of the expression language; leave it out');
    const found = kind === 'end' ? text : `'${text}'`;
    return this.source.error(this.token, `expected ${expected}, found ${found}`);
  }

  /** From the token `start` to the last one read. */
  private span(start: Span): Span {
    return { start: start.start, end: this.tokens[Math.max(0, this.at - 1)].end };
  }

  private list<T>(close: string, item: () => T): T[] {
    const items: T[] = [];
    while (!this.is(close)) {
      items.push(item());
      if (!this.skip(',')) break;
    }
    this.expect(close, 'at the end of the list');
    return items;
  }

  private function(): FunctionText {
    const start = this.expect('fn', '');
    const name = this.name("the function's name");
    this.expect('(', "after the function's name");
    const params = this.list(')', () => this.namedType('a parameter'));
    if (!this.is('->')) throw this.unexpected("'->' and the result's type (functions are pure: each returns a value)");
    this.at++;
    const result = this.type();
    return { name: name.text, params, result, body: this.block(), ...this.span(start), end: name.end };
  }

  private struct(): StructText {
    const start = this.expect('struct', '');
    const name = this.name("the struct's name").text;
    this.expect('{', "after the struct's name");
    return { name, members: this.list('}', () => this.namedType('a member')), ...this.span(start) };
  }

  private namedType(what: string): NamedType {
    const name = this.name(`${what}, as 'name: type'`);
    this.expect(':', `and the type of ${what}`);
    return { name: name.text, type: this.type(), start: name.start, end: name.end };
  }

  private type(): TypeName {
    const token = this.name('a type');
    let name = token.text;
    if (/^vec[234]$/.test(name)) {
      this.expect('<', `after ${name} (or write ${name}f)`);
      name += this.name('f32, i32, u32 or bool').text[0];
      this.expect('>', "after the vector's element type");
    }
    return { name, ...this.span(token) };
  }

  private block(): Statement[] {
    this.expect('{', 'at the start of the block');
    const body: Statement[] = [];
    while (!this.skip('}')) {
      if (this.token.kind === 'end') throw this.unexpected("'}' at the end of the block");
      if (!this.skip(';')) body.push(this.statement());
    }
    return body;
  }

  private statement(): Statement {
    const start = this.token;
    switch (start.text) {
      case '{':
        return { kind: 'block', body: this.block(), ...this.span(start) };
      case 'let':
      case 'var':
      case 'const':
        return this.declaration();
      case 'if':
        return this.if();
      case 'for':
        return this.for();
      case 'return': {
        this.at++;
        if (this.is(';')) throw this.unexpected('the value to return');
        const value = this.expression();
        this.expect(';', 'after the returned value');
        return { kind: 'return', value, ...this.span(start) };
      }
      default: {
        if (Object.hasOwn(foreign, start.text)) throw this.source.error(start, foreign[start.text]);
        const assignment = this.assignment();
        this.expect(';', 'at the end of the statement');
        return assignment;
      }
    }
  }

  private declaration(): Declaration {
    const start = this.tokens[this.at++];
    const kind = start.text as Declaration['kind'];
    if (this.is('<'))
      throw this.source.error(this.token, 'address spaces are not part of the expression language; write var');
    const name = this.name('a name').text;
    const type = this.skip(':') ? this.type() : undefined;
    const init = this.skip('=') ? this.expression() : undefined;
    if (init === undefined && (kind !== 'var' || type === undefined))
      throw this.unexpected(`'=' and the value of ${name}`);
    this.expect(';', 'at the end of the declaration');
    return { kind, name, ...(type && { type }), ...(init && { init }), ...this.span(start) };
  }

  private if(): Statement {
    const start = this.expect('if', '');
    const condition = this.expression();
    const yes = this.block();
    let no: Statement[] = [];
    if (this.skip('else')) no = this.is('if') ? [this.if()] : this.block();
    return { kind: 'if', condition, yes, no, ...this.span(start), end: start.end };
  }

  private for(): Statement {
    const start = this.expect('for', '');
    this.expect('(', 'after for');
    if (!this.is('var')) throw this.unexpected("the counter's declaration, as in for (var i = 0; i < n; i++)");
    const init = this.declaration();
    const condition = this.expression();
    this.expect(';', "after the loop's condition");
    const step = this.assignment();
    this.expect(')', "after the loop's step");
    return { kind: 'for', init, condition, step, body: this.block(), ...this.span(start), end: start.end };
  }

  private assignment(): Assignment {
    const start = this.token;
    const target = this.expression();
    const sign = this.token;
    if (sign.text === '++' || sign.text === '--') {
      this.at++;
      const value = { kind: 'number', value: 1, suffix: '', float: false, start: sign.start, end: sign.end } as const;
      return { kind: 'assign', target, op: sign.text[0], value, ...this.span(start) };
    }
    if (!/^(?:[-+*/%&|^]|<<|>>)?=$/.test(sign.text)) {
      if (target.kind !== 'call') throw this.unexpected('an assignment');
      throw this.source.error(
        target,
        `functions are pure: calling ${target.callee} without using its value does nothing`,
      );
    }
    this.at++;
    return { kind: 'assign', target, op: sign.text.slice(0, -1), value: this.expression(), ...this.span(start) };
  }

  private expression(least = 1): Expression {
    const start = this.token;
    let left = this.unary();
    for (;;) {
      const op = this.token.text;
      const level = this.token.kind === 'sign' ? precedence.get(op) : undefined;
      if (level === undefined || level < least) return left;
      this.at++;
      const right = this.expression(level + 1);
      left = { kind: 'binary', op, left, right, ...this.span(start) };
    }
  }

  private unary(): Expression {
    const start = this.token;
    if (start.kind === 'sign' && '-!~'.includes(start.text)) {
      this.at++;
      return { kind: 'unary', op: start.text, arg: this.unary(), ...this.span(start) };
    }
    let value = this.primary();
    for (;;) {
      if (this.skip('.')) {
        value = { kind: 'member', object: value, name: this.name('a member or swizzle').text, ...this.span(start) };
      } else if (this.skip('[')) {
        const index = this.expression();
        this.expect(']', 'after the index');
        value = { kind: 'index', object: value, index, ...this.span(start) };
      } else return value;
    }
  }

  private primary(): Expression {
    const token = this.token;
    if (this.skip('(')) {
      const inner = this.expression();
      this.expect(')', 'to close the parenthesis');
      return inner;
    }
    if (token.kind === 'number') {
      this.at++;
      return this.number(token);
    }
    if (token.kind !== 'name') throw this.unexpected('a value');
    if (Object.hasOwn(foreign, token.text)) throw this.source.error(token, foreign[token.text]);
    this.at++;
    if (token.text === 'true' || token.text === 'false')
      return { kind: 'bool', value: token.text === 'true', ...this.span(token) };
    let callee = token.text;
    let target: TypeName | undefined;
    if (/^(?:vec[234]|bitcast)$/.test(callee) && this.is('<')) {
      if (callee === 'bitcast') {
        this.at++;
        target = this.type();
        this.expect('>', 'after the type');
      } else {
        this.at--;
        callee = this.type().name;
      }
    }
    if (!this.skip('(')) return { kind: 'name', name: callee, ...this.span(token) };
    const args = this.list(')', () => this.expression());
    return { kind: 'call', callee, ...(target && { target }), args, ...this.span(token) };
  }

  private number(token: Token): Expression {
    const hex = /^0x/i.test(token.text);
    const last = token.text.at(-1)!;
    const suffix = (hex ? 'iu' : 'fhiu').includes(last) ? last : '';
    if (suffix === 'h')
      throw this.source.error(token, 'f16 is not a type of the expression language; write the suffix f');
    const value = Number(suffix ? token.text.slice(0, -1) : token.text);
    const float = suffix === 'f' || (!hex && /[.eE]/.test(token.text));
    if (float && suffix !== '' && suffix !== 'f')
      throw this.source.error(token, `${token.text} has a fraction, it is no ${suffix}32`);
    const limit = suffix === 'u' || hex ? 4294967295 : 2147483648;
    if (!float && value > (suffix === 'i' ? 2147483647 : limit))
      throw this.source.error(token, `${token.text} does not fit in 32 bits`);
    return { kind: 'number', value, suffix: suffix as '' | 'f' | 'i' | 'u', float, start: token.start, end: token.end };
  }
}
