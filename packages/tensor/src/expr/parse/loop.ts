import { literalOf } from '../ir.js';
import type { ScalarType, Value } from '../ir.js';
import type { Expression, ForStatement, Statement } from './ast.js';
import { coerce, concrete, describe } from './item.js';
import type { Concrete } from './item.js';
import type { Lowering } from './lower.js';
import { Scope } from './scope.js';
import type { Variable } from './scope.js';

const form = 'write a counted for: for (var i = 0; i < n; i++)';

/** Lowers a counted `for`: variables that its body assigns become the loop's states. */
export function lowerFor(l: Lowering, s: ForStatement, outer: Scope): void {
  const { g, source } = l;
  const assigned = new Map<string, Statement>();
  s.body.forEach((b) => collectAssigned(b, assigned));
  const scope = new Scope(outer);
  const { start, bound, step } = l.tentatively(() => head(l, s, scope, assigned));
  const type = start.type;
  const up = step > 0;
  const stride = g.literal(type, Math.abs(step));
  const inclusive = s.condition.kind === 'binary' && s.condition.op.length === 2;
  const [low, high] = up ? [start, bound] : [bound, start];
  let count = g.apply('sub', high, low);
  if (inclusive) count = g.apply('add', g.apply('div', count, stride), g.literal(type, 1));
  else if (step > 1 || step < -1)
    count = g.apply('div', g.apply('add', count, g.literal(type, Math.abs(step) - 1)), stride);
  const runs = g.apply(inclusive ? 'le' : 'lt', low, high);
  if (inclusive || (type === 'u32' && literalOf(low) !== 0)) count = g.apply('select', g.literal(type, 0), count, runs);
  const names = [...assigned.keys()];
  const carried = names.map((n) => outer.find(n)).filter((v): v is Variable => v?.mutable === true);
  const before = carried.map((v) => l.get(v) as Concrete);
  let checked = false;
  const iteration = (index: Value, states: readonly Value[]): Value[] =>
    l.tentatively(() => {
      checked = true;
      index.hint ??= s.init.name;
      const inner = new Scope(outer);
      const counter = g.apply(up ? 'add' : 'sub', start, g.apply('mul', index, stride));
      l.declare(inner, s.init, s.init.name, false, { type, values: [counter] });
      split(before, states).forEach((item, k) => l.set(carried[k], item));
      const after = l.iteration(s.body, new Scope(inner), carried);
      return after.flatMap((item, k) => coerce(g, source, item, before[k].type, s, carried[k].name).values);
    });
  const init = before.flatMap((item) => item.values);
  const finals = g.loop(count, init, iteration);
  if (!checked) iteration(g.literal(type, 0), init); // a loop that does nothing may still have mistakes
  split(before, finals).forEach((item, k) => l.set(carried[k], item));
}

/** Start, bound and step of the loop, checked. */
function head(
  l: Lowering,
  s: ForStatement,
  scope: Scope,
  assigned: ReadonlyMap<string, unknown>,
): { start: Value; bound: Value; step: number } {
  const { g, source } = l;
  const { name } = s.init;
  const counter = concrete(g, l.get(l.define(s.init, scope)));
  const type = counter.type as ScalarType;
  if (type !== 'i32' && type !== 'u32')
    throw source.error(s.init, `loops count in i32 or u32; ${name} is ${describe(counter)}`);
  const c = s.condition;
  const isCounter = (e: Expression): boolean => e.kind === 'name' && e.name === name;
  if (c.kind !== 'binary' || !/^[<>]=?$/.test(c.op) || !isCounter(c.left)) {
    throw source.error(c, `the loop's condition must compare ${name} with its bound; ${form}`);
  }
  for (const used of namesIn(c.right)) {
    if (used === name || assigned.has(used))
      throw source.error(c.right, `the loop changes its own bound (${used}); ${form}`);
  }
  if (assigned.has(name)) throw source.error(s, `the loop's body changes its counter ${name}; ${form}`);
  const [bound] = coerce(g, source, l.expression(c.right, scope), type, c.right, "the loop's bound").values;
  const t = s.step;
  if (!isCounter(t.target) || !/^[-+]$/.test(t.op))
    throw source.error(t, `the loop's step must be ${name}++, ${name}--, ${name} += 2 or ${name} -= 2`);
  const size = literalOf(coerce(g, source, l.expression(t.value, scope), type, t.value, "the loop's step").values[0]);
  if (size === undefined || size <= 0) throw source.error(t.value, "the loop's step must be a constant above zero");
  if ((t.op === '+') !== c.op.startsWith('<')) throw source.error(t, `this loop steps away from its bound; ${form}`);
  return { start: counter.values[0], bound, step: t.op === '+' ? size : -size };
}

function split(like: readonly Concrete[], values: readonly Value[]): Concrete[] {
  let at = 0;
  return like.map(({ type, values: old }) => ({ type, values: values.slice(at, (at += old.length)) }));
}

function collectAssigned(s: Statement, into: Map<string, Statement>): void {
  switch (s.kind) {
    case 'assign': {
      let root = s.target;
      while (root.kind === 'member' || root.kind === 'index') root = root.object;
      if (root.kind === 'name') into.set(root.name, s);
      return;
    }
    case 'if':
      [...s.yes, ...s.no].forEach((b) => collectAssigned(b, into));
      return;
    case 'for':
    case 'block':
      s.body.forEach((b) => collectAssigned(b, into));
      return;
    default:
  }
}

function namesIn(e: Expression): string[] {
  switch (e.kind) {
    case 'name':
      return [e.name];
    case 'unary':
      return namesIn(e.arg);
    case 'binary':
      return [...namesIn(e.left), ...namesIn(e.right)];
    case 'member':
    case 'index':
      return namesIn(e.object);
    case 'call':
      return e.args.flatMap(namesIn);
    default:
      return [];
  }
}
