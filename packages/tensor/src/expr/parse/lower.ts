import { inputsOf, makeFunction } from '../function.js';
import type { ExprFunction, Param } from '../function.js';
import { Graph, literalOf } from '../ir.js';
import type { Value } from '../ir.js';
import { componentsOf, typeName } from '../types.js';
import type { ValueType } from '../types.js';
import type { Assignment, Declaration, FunctionText, Statement } from './ast.js';
import { Expressions, resolveType } from './expression.js';
import type { Surroundings } from './expression.js';
import { coerce, concrete } from './item.js';
import type { Concrete, Item } from './item.js';
import { lowerFor } from './loop.js';
import { hint, Scope } from './scope.js';
import type { Variable } from './scope.js';
import type { Span } from './source.js';

/** How far a block got: whether it has returned (a condition), and what. */
interface Outcome {
  readonly returned: Value;
  readonly values?: readonly Value[] | undefined;
}

/** Turns a function's text into values: vectors into components, calls into bodies, `if` into select. */
export function lowerFunction(text: FunctionText, around: Surroundings): ExprFunction {
  const params = text.params.map((p): Param => ({ name: p.name, type: resolveType(around, p.type) }));
  const result = resolveType(around, text.result);
  const graph = new Graph();
  const inputs = inputsOf(graph, params);
  const lowering = new Lowering(graph, around, result);
  const scope = new Scope();
  let at = 0;
  params.forEach((p, k) => {
    const count = componentsOf(p.type).length;
    lowering.declare(scope, text.params[k], p.name, false, { type: p.type, values: inputs.slice(at, at + count) });
    at += count;
  });
  const { returned, values } = lowering.block(text.body, new Scope(scope));
  if (literalOf(returned) !== 1 || values === undefined) {
    throw around.source.error(
      text,
      `${text.name} may end without a return; return a ${typeName(result)} on every path`,
    );
  }
  return makeFunction({ name: text.name, params, result, source: around.source.text }, graph, inputs, values);
}

/** One function on its way from text to values. */
export class Lowering extends Expressions {
  private inLoop = 0;

  constructor(
    g: Graph,
    around: Surroundings,
    private readonly result: ValueType,
  ) {
    super(g, around);
  }

  block(statements: readonly Statement[], scope: Scope): Outcome {
    const { g } = this;
    let done: Outcome = { returned: g.literal('bool', 0) };
    for (const s of statements) {
      if (literalOf(done.returned) === 1) break; // what follows a return on every path is never reached
      const next = this.statement(s, scope);
      if (next === undefined) continue;
      done = { returned: g.apply('or', done.returned, next.returned), values: this.choose(next, done, done.returned) };
    }
    return done;
  }

  /** The values of `yes` where the condition holds, of `no` elsewhere. */
  private choose(no: Outcome, yes: Outcome, condition: Value): readonly Value[] | undefined {
    if (no.values === undefined || yes.values === undefined) return yes.values ?? no.values;
    const other = yes.values;
    return no.values.map((v, k) => this.g.apply('select', v, other[k], condition));
  }

  private statement(s: Statement, scope: Scope): Outcome | undefined {
    switch (s.kind) {
      case 'block':
        return this.block(s.body, new Scope(scope));
      case 'return': {
        if (this.inLoop > 0)
          throw this.source.error(
            s,
            'return inside a loop is not possible; keep the value in a var and return it after',
          );
        const { values } = coerce(
          this.g,
          this.source,
          this.expression(s.value, scope),
          this.result,
          s.value,
          'the returned value',
        );
        return { returned: this.g.literal('bool', 1), values };
      }
      case 'if':
        return this.branch(s, scope);
      case 'for':
        lowerFor(this, s, scope);
        return undefined;
      case 'assign':
        this.assign(s, scope);
        return undefined;
      default:
        this.define(s, scope);
        return undefined;
    }
  }

  private branch(s: Extract<Statement, { kind: 'if' }>, scope: Scope): Outcome {
    const { g } = this;
    const item = this.expression(s.condition, scope);
    const [condition] = coerce(g, this.source, item, 'bool', s.condition, 'the condition').values;
    const before = this.state;
    this.state = new Map(before);
    const yes = this.block(s.yes, new Scope(scope));
    const afterYes = this.state;
    this.state = new Map(before);
    const no = this.block(s.no, new Scope(scope));
    const afterNo = this.state;
    this.state = before;
    for (const variable of before.keys()) {
      const a = afterNo.get(variable) as Concrete;
      const b = afterYes.get(variable) as Concrete;
      if (a === b) continue;
      this.set(variable, {
        type: a.type,
        values: a.values.map((v, k) => g.apply('select', v, b.values[k], condition)),
      });
    }
    const returned = g.apply('select', no.returned, yes.returned, condition);
    return { returned, values: this.choose(no, yes, condition) };
  }

  define(s: Declaration, scope: Scope): Variable {
    const type = s.type && resolveType(this.around, s.type);
    let item: Item;
    if (s.init === undefined) item = this.zero(type!);
    else {
      item = this.expression(s.init, scope);
      if (type !== undefined) item = coerce(this.g, this.source, item, type, s.init, s.name);
      else if (s.kind !== 'const') item = concrete(this.g, item);
    }
    return this.declare(scope, s, s.name, s.kind === 'var', item);
  }

  declare(scope: Scope, at: Span, name: string, mutable: boolean, item: Item): Variable {
    const variable = { name, mutable };
    if (!scope.declare(variable)) throw this.source.error(at, `${name} is declared already; choose another name`);
    this.set(variable, item);
    return variable;
  }

  set(variable: Variable, item: Item): void {
    hint(variable.name, item);
    this.state.set(variable, item);
  }

  /** Runs the body of a loop: no returns, and other variables than those that `carried` lists keep their values. */
  iteration(statements: readonly Statement[], scope: Scope, carried: readonly Variable[]): Item[] {
    const before = this.state;
    this.state = new Map(before);
    this.inLoop++;
    this.block(statements, scope);
    this.inLoop--;
    const after = carried.map((v) => this.get(v));
    this.state = before;
    return after;
  }

  /** Runs `f`, then forgets what it did to variables. */
  tentatively<T>(f: () => T): T {
    const before = this.state;
    this.state = new Map(before);
    try {
      return f();
    } finally {
      this.state = before;
    }
  }

  private assign(s: Assignment, scope: Scope): void {
    const path: string[] = [];
    let root = s.target;
    for (; root.kind === 'member' || root.kind === 'index'; root = root.object) {
      path.unshift(root.kind === 'member' ? root.name : 'xyzw'[this.constantIndex(root, scope)]);
    }
    if (root.kind !== 'name')
      throw this.source.error(s.target, 'this cannot be assigned to; assign to a var or to a component of one');
    const variable = scope.find(root.name);
    if (variable === undefined) throw this.unknown(root, root.name);
    if (!variable.mutable)
      throw this.source.error(root, `${root.name} cannot be changed; declare it with var (parameters: copy to a var)`);
    const whole = this.get(variable) as Concrete;
    const { start, type } = this.locate(whole.type, path, s.target);
    const count = componentsOf(type).length;
    let item = this.expression(s.value, scope);
    if (s.op !== '') item = this.binary(s.op, { type, values: whole.values.slice(start, start + count) }, item, s);
    const { values } = coerce(this.g, this.source, item, type, s.value, 'the assigned value');
    const all = [...whole.values];
    all.splice(start, count, ...values);
    this.set(variable, { type: whole.type, values: all });
  }
}
