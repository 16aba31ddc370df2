import type { Graph, OpName, ScalarType, Value } from '../ir.js';
import { isStruct, vectorOf } from '../types.js';
import { describe, isAbstract, unify } from './item.js';
import type { Concrete, Item } from './item.js';
import type { Source, Span } from './source.js';

/** Constants that any text may name. */
export const constants: Readonly<Record<string, number>> = {
  PI: Math.PI,
  TAU: 2 * Math.PI,
  HALF_PI: Math.PI / 2,
  INV_PI: 1 / Math.PI,
  INV_TAU: 0.5 / Math.PI,
  E: Math.E,
  LN2: Math.LN2,
  LN10: Math.LN10,
  SQRT2: Math.SQRT2,
  INV_SQRT2: Math.SQRT1_2,
};

/** A call of a builtin: where it is written and with what. */
export interface Call {
  readonly g: Graph;
  readonly source: Source;
  readonly at: Span;
  readonly name: string;
  readonly args: readonly Item[];
}

type Scalars = (g: Graph, ...x: Value[]) => Value;
type Vectors = (v: Algebra, ...x: (readonly Value[])[]) => readonly Value[];
type Domain = 'float' | 'number' | 'signed' | 'logic';

interface Builtin {
  readonly arity: number;
  readonly lower: (call: Call) => Concrete;
}

const fail = (call: Call, message: string): never => {
  throw call.source.error(call.at, `${call.name} ${message}`);
};

function operands(call: Call, domain: Domain): ReturnType<typeof unify> {
  const u = unify(call.g, call.source, call.args, call.at, call.name, domain === 'float' ? 'f32' : 'i32');
  const numeric = u.element !== 'bool';
  const fits = { float: u.element === 'f32', number: numeric, signed: numeric && u.element !== 'u32', logic: !numeric };
  if (!fits[domain]) {
    const takes = { float: 'f32', number: 'numbers', signed: 'f32 or i32', logic: 'bool' }[domain];
    const advice = domain === 'float' && numeric ? '; convert with f32(...)' : '';
    fail(call, `takes ${takes}, found ${call.args.map(describe).join(', ')}${advice}`);
  }
  return u;
}

/** A function of scalars, applied component by component; scalars among vectors repeat. */
function each(arity: number, domain: Domain, f: Scalars): Builtin {
  const lower = (call: Call): Concrete => {
    const { size, operands: xs } = operands(call, domain);
    const values = Array.from({ length: size }, (_, k) => f(call.g, ...xs.map((x) => x[k])));
    return { type: vectorOf(values[0].type, size), values };
  };
  return { arity, lower };
}

/** A function of f32 vectors of one size (and scalars, which repeat) that mixes components. */
function whole(arity: number, f: Vectors, size?: number): Builtin {
  const lower = (call: Call): Concrete => {
    const u = operands(call, 'float');
    if (size !== undefined && u.size !== size)
      fail(call, `takes vec${size}f, found ${call.args.map(describe).join(', ')}`);
    const values = f(algebra(call.g), ...u.operands);
    return { type: vectorOf('f32', values.length), values };
  };
  return { arity, lower };
}

const op =
  (name: OpName): Scalars =>
  (g, ...x) =>
    g.apply(name, ...x);
const f32 = (g: Graph, x: number): Value => g.literal('f32', x);

const clamp: Scalars = (g, x, low, high) => {
  // By comparison: NaN stays NaN, and at the ends the gradient passes, both as in PyTorch.
  const raised = g.apply('select', x, low, g.apply('lt', x, low));
  return g.apply('select', raised, high, g.apply('gt', raised, high));
};
const saturate: Scalars = (g, x) => clamp(g, x, f32(g, 0), f32(g, 1));
const mix: Scalars = (g, x, y, t) =>
  g.apply('add', g.apply('mul', x, g.apply('sub', f32(g, 1), t)), g.apply('mul', y, t));
const smoothstep: Scalars = (g, low, high, x) => {
  const t = saturate(g, g.apply('div', g.apply('sub', x, low), g.apply('sub', high, low)));
  return g.apply('mul', g.apply('mul', t, t), g.apply('sub', f32(g, 3), g.apply('mul', f32(g, 2), t)));
};
/** max or min that gives NaN when either is NaN, as PyTorch's. */
const propagating =
  (name: 'min' | 'max'): Scalars =>
  (g, x, y) => {
    const plain = g.apply(name, x, y);
    if (x.type !== 'f32') return plain;
    const nan = g.apply('or', g.apply('isnan', x), g.apply('isnan', y));
    return g.apply('select', plain, g.apply('add', x, y), nan);
  };

/** The few vector operations that the geometric builtins are made of. */
interface Algebra {
  readonly g: Graph;
  readonly number: (x: number) => Value;
  readonly dot: (a: readonly Value[], b: readonly Value[]) => Value;
  readonly map: (f: OpName, a: readonly Value[], b: readonly Value[] | Value) => Value[];
  readonly length: (a: readonly Value[]) => Value;
}

function algebra(g: Graph): Algebra {
  const dot = (a: readonly Value[], b: readonly Value[]): Value =>
    a.map((x, k) => g.apply('mul', x, b[k])).reduce((sum, term) => g.apply('add', sum, term));
  const map = (f: OpName, a: readonly Value[], b: readonly Value[] | Value): Value[] =>
    a.map((x, k) => g.apply(f, x, Array.isArray(b) ? b[k] : (b as Value)));
  /** The gradient at the zero vector is zero (as PyTorch's norm), not NaN. */
  const length = (a: readonly Value[]): Value => {
    if (a.length === 1) return g.apply('abs', a[0]);
    const square = dot(a, a);
    const zero = f32(g, 0);
    return g.apply('select', g.apply('sqrt', square), zero, g.apply('eq', square, zero));
  };
  return { g, number: (x) => f32(g, x), dot, map, length };
}

const reflect: Vectors = ({ g, number, dot, map }, e, n) =>
  map('sub', e, map('mul', n, g.apply('mul', number(2), dot(n, e))));

const refract: Vectors = ({ g, number, dot, map }, e, n, [eta]) => {
  const cosine = dot(n, e);
  const sine2 = g.apply('mul', g.apply('mul', eta, eta), g.apply('sub', number(1), g.apply('mul', cosine, cosine)));
  const k = g.apply('sub', number(1), sine2);
  const along = g.apply('add', g.apply('mul', eta, cosine), g.apply('sqrt', k));
  const bent = map('sub', map('mul', e, eta), map('mul', n, along));
  const total = g.apply('lt', k, number(0));
  return bent.map((x) => g.apply('select', x, number(0), total));
};

const cross: Vectors = ({ g }, a, b) =>
  [0, 1, 2].map((k) => {
    const [i, j] = [(k + 1) % 3, (k + 2) % 3];
    return g.apply('sub', g.apply('mul', a[i], b[j]), g.apply('mul', a[j], b[i]));
  });

function select(call: Call): Concrete {
  const { g, source, at } = call;
  const condition = call.args[2];
  if (isAbstract(condition) || isStruct(condition.type) || condition.values[0].type !== 'bool') {
    return fail(
      call,
      `takes (value if false, value if true, condition); the condition is ${describe(condition)}, not bool`,
    );
  }
  const u = unify(g, source, call.args.slice(0, 2), at, 'select');
  const size = Math.max(u.size, condition.values.length);
  if ((u.size !== 1 && u.size !== size) || (condition.values.length !== 1 && condition.values.length !== size)) {
    fail(call, `does not take ${call.args.map(describe).join(', ')}`);
  }
  const pick = (all: readonly Value[], k: number): Value => all[all.length === 1 ? 0 : k];
  const [no, yes] = u.operands;
  const values = Array.from({ length: size }, (_, k) =>
    g.apply('select', pick(no, k), pick(yes, k), pick(condition.values, k)),
  );
  return { type: vectorOf(u.element, size), values };
}

const fold = (name: 'and' | 'or'): Builtin => ({
  arity: 1,
  lower: (call) => {
    const { operands: xs } = operands(call, 'logic');
    return { type: 'bool', values: [xs[0].reduce((a, b) => call.g.apply(name, a, b))] };
  },
});

const floatOps: readonly OpName[] = [
  ...(['floor', 'ceil', 'round', 'trunc', 'fract', 'sqrt', 'inverseSqrt', 'exp', 'exp2', 'log', 'log2'] as const),
  ...(['log1p', 'expm1', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh'] as const),
  ...(['asinh', 'acosh', 'atanh', 'erf', 'isnan', 'isinf'] as const),
];
const scaled =
  (factor: number): Scalars =>
  (g, x) =>
    g.apply('mul', x, f32(g, factor));

const table: Record<string, Builtin> = {
  ...Object.fromEntries(floatOps.map((name) => [name, each(1, 'float', op(name))])),
  pow: each(2, 'float', op('pow')),
  atan2: each(2, 'float', op('atan2')),
  abs: each(1, 'number', op('abs')),
  sign: each(1, 'signed', op('sign')),
  min: each(2, 'number', op('min')),
  max: each(2, 'number', op('max')),
  minimum: each(2, 'number', propagating('min')),
  maximum: each(2, 'number', propagating('max')),
  clamp: each(3, 'number', clamp),
  saturate: each(1, 'float', saturate),
  mix: each(3, 'float', mix),
  step: each(2, 'float', (g, edge, x) => g.apply('select', f32(g, 0), f32(g, 1), g.apply('le', edge, x))),
  smoothstep: each(3, 'float', smoothstep),
  fma: each(3, 'float', (g, x, y, z) => g.apply('add', g.apply('mul', x, y), z)),
  square: each(1, 'number', (g, x) => g.apply('mul', x, x)),
  degrees: each(1, 'float', scaled(180 / Math.PI)),
  radians: each(1, 'float', scaled(Math.PI / 180)),
  dot: whole(2, (v, a, b) => [v.dot(a, b)]),
  length: whole(1, (v, a) => [v.length(a)]),
  distance: whole(2, (v, a, b) => [v.length(v.map('sub', a, b))]),
  normalize: whole(1, (v, a) => v.map('mul', a, v.g.apply('inverseSqrt', v.dot(a, a)))),
  cross: whole(2, cross, 3),
  reflect: whole(2, reflect),
  refract: whole(3, refract),
  faceForward: whole(3, (v, e, i, n) => {
    const away = v.g.apply('lt', v.dot(n, i), v.number(0));
    return e.map((x) => v.g.apply('select', v.g.apply('neg', x), x, away));
  }),
  all: fold('and'),
  any: fold('or'),
  select: { arity: 3, lower: select },
};

/** Names of all builtin functions. */
export const builtinNames: readonly string[] = Object.keys(table);

/** The value of a builtin's call; undefined when there is no builtin of that name. */
export function lowerBuiltin(call: Call): Concrete | undefined {
  if (!Object.hasOwn(table, call.name)) return undefined;
  const { arity, lower } = table[call.name];
  if (call.args.length !== arity)
    fail(call, `takes ${arity} argument${arity > 1 ? 's' : ''}, found ${call.args.length}`);
  return lower(call);
}

/** Element types by the names of their constructors. */
export const scalarNames: ReadonlySet<string> = new Set<ScalarType>(['f32', 'i32', 'u32', 'bool']);
