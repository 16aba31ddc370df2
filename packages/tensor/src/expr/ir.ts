import { DTypeError, GradientError } from '../errors.js';
import { bitcastNumber, convertNumber, isOp, ops } from './ops.js';
import type { OpInfo, OpName, ScalarType } from './ops.js';
import { simplify } from './simplify.js';

export type { OpName, ScalarType } from './ops.js';

/** What a value is computed by: an operation of the table, or one of the IR's own nodes. */
export type Op = OpName | 'literal' | 'input' | 'extern' | 'bound' | 'loop' | 'item' | 'convert' | 'bitcast';

/** Codes of the IR's own nodes; the table of operations continues at 16. */
const ownCodes = { literal: 0, input: 1, extern: 2, bound: 3, loop: 4, item: 5, convert: 6, bitcast: 7 } as const;
const typeCodes: Readonly<Record<ScalarType, number>> = { f32: 0, i32: 1, u32: 2, bool: 3 };

/** Attribute of an `extern`: an operation that the engine knows and the expression language does not. */
export interface Extern {
  readonly kind: string;
  readonly attr: object | string;
}

/** Attribute of a `bound` variable: the loop level that binds it; slot 0 is the index, slot k + 1 the k-th state. */
export interface Bound {
  readonly level: number;
  readonly slot: number;
}

/**
 * Attribute of a `loop`. The loop's arguments are [count, ...initial states, ...captured values]: the body refers to
 * nothing else than its own bound variables and what is captured, so passes may treat a loop as an ordinary node.
 */
export interface Loop {
  /** Nesting level; bound variables of equal level are shared by all loops of a graph, so equal loops are one node. */
  readonly level: number;
  readonly index: Value;
  readonly state: readonly Value[];
  readonly results: readonly Value[];
  /** The values that depend on the bound variables, in an order fit for computing. */
  readonly body: readonly Value[];
}

type Attribute = undefined | number | string | object;

/** A typed scalar, computed by `op` from `args`. Equal computations in a graph are the same object. */
export class Value {
  /** A name from the source text, for readable emission; no part of the value's identity. */
  hint: string | undefined = undefined;
  /** Next in the intern table's chain. @internal */
  next: Value | undefined = undefined;

  /** @internal Use the methods of Graph. */
  constructor(
    /** The graph that owns the value. */
    readonly graph: Graph,
    /** Position in the graph: arguments have smaller ids than what is computed from them. */
    readonly id: number,
    readonly op: Op,
    readonly type: ScalarType,
    readonly args: readonly Value[],
    readonly attr: Attribute,
    /** Bit k is set when the value depends on a variable that a loop of level k binds. */
    readonly scopes: number,
  ) {}
}

/** The number of a literal (booleans are 0 and 1), undefined for other values. */
export const literalOf = (v: Value): number | undefined => (v.op === 'literal' ? (v.attr as number) : undefined);
/** The description of a `loop` value. */
export const loopOf = (v: Value): Loop => v.attr as Loop;
/** What an `extern` value stands for. */
export const externOf = (v: Value): Extern => v.attr as Extern;
/** The key of an `input` value. */
export const inputKey = (v: Value): string | object => v.attr as string | object;
/** Which variable of which loop level a `bound` value is. */
export const boundOf = (v: Value): Bound => v.attr as Bound;
/** Which state of its loop an `item` value is the final value of. */
export const slotOf = (v: Value): number => v.attr as number;

const noArgs: readonly Value[] = [];

/**
 * A hash-consing, simplifying builder of values; one per function or per kernel. Values are pure, so equal ones are
 * computed once and those that nothing refers to do not exist.
 */
export class Graph {
  private count = 0;
  private readonly table = new Map<number, Value>();
  private readonly literals = { f32: new Map<number, Value>(), i32: new Map(), u32: new Map(), bool: new Map() };
  private negativeZero: Value | undefined;
  private readonly inputs = new Map<string | object, Value>();
  private readonly attributes = new Map<string | object, number>();
  private depth = 0;

  /** A constant. f32 literals keep float64 precision until they are emitted; integers wrap. */
  literal(type: ScalarType, value: number | boolean): Value {
    const n = convertNumber(Number(value), type === 'f32' ? 'f32' : 'i32', type);
    if (n === 0 && Object.is(n, -0) && type === 'f32')
      return (this.negativeZero ??= this.create('literal', type, noArgs, -0));
    const known: Map<number, Value> = this.literals[type];
    let v = known.get(n);
    if (v === undefined) known.set(n, (v = this.create('literal', type, noArgs, n + 0)));
    return v;
  }

  /** A free variable; the same key gives the same value. */
  input(type: ScalarType, key: string | object): Value {
    let v = this.inputs.get(key);
    if (v === undefined) this.inputs.set(key, (v = this.create('input', type, noArgs, key)));
    else if (v.type !== type) throw new DTypeError(`input ${String(key)} is ${v.type}, it cannot be ${type} too`);
    return v;
  }

  /** An opaque pure operation of the engine: a buffer load, a uniform. Equal (kind, attr by identity, args) are one. */
  extern(type: ScalarType, kind: string, args: readonly Value[], attr: object | string): Value {
    const key = Math.imul(this.attribute(kind), 31) + this.attribute(attr);
    const hash = this.hash(ownCodes.extern, type, args, key);
    const found = this.find(
      hash,
      'extern',
      type,
      args,
      (a) => (a as Extern).kind === kind && (a as Extern).attr === attr,
    );
    return found ?? this.insert(hash, 'extern', type, args, { kind, attr } satisfies Extern);
  }

  /** The operation on the arguments, simplified where that is exact. Throws DTypeError for types it does not take. */
  apply(op: OpName, ...args: Value[]): Value {
    return this.compute(op, resultType(op, ops[op], args), args);
  }

  /** Value conversion, as WGSL's `f32(x)`: float to integer truncates and saturates. */
  convert(v: Value, type: ScalarType): Value {
    if (v.type === type) return v;
    const n = literalOf(v);
    if (n !== undefined) return this.literal(type, convertNumber(n, v.type, type));
    return this.node('convert', type, [v]);
  }

  /** The same bits as another 32-bit type. Carries no gradient. */
  bitcast(v: Value, type: ScalarType): Value {
    if (v.type === 'bool' || type === 'bool')
      throw new DTypeError(`bitcast from ${v.type} to ${type}: a bool has no bits`);
    if (v.op === 'bitcast') v = v.args[0];
    if (v.type === type) return v;
    const n = literalOf(v);
    if (n !== undefined) return this.literal(type, bitcastNumber(n, v.type, type));
    return this.node('bitcast', type, [v]);
  }

  /**
   * A counted loop: `body` maps (index, states) to the next states for index = 0 .. count - 1; gives the final states.
   * The bound is a run-time value (at or below zero: no iteration). `body` must be pure, for it may be called twice.
   */
  loop(
    count: Value,
    init: readonly Value[],
    body: (index: Value, state: readonly Value[]) => readonly Value[],
  ): readonly Value[] {
    if (count.type !== 'i32' && count.type !== 'u32')
      throw new DTypeError(`a loop counts in i32 or u32, got ${count.type}`);
    const trips = literalOf(count);
    if (init.length === 0 || (trips !== undefined && trips <= 0)) return init;
    if (trips === 1) return body(this.literal(count.type, 0), init);
    const level = this.depth;
    if (level > 30) throw new GradientError('loops are nested more than 31 deep (is this a high-order derivative?)');
    const index = this.bound(level, 0, count.type);
    const state = init.map((v, k) => this.bound(level, k + 1, v.type));
    this.depth++;
    let results: readonly Value[];
    try {
      results = body(index, state);
    } finally {
      this.depth--;
    }
    if (results.length !== init.length || results.some((r, k) => r.type !== init[k].type)) {
      throw new DTypeError(`a loop's body must return its states: expected ${types(init)}, got ${types(results)}`);
    }
    if (results.some((r, k) => r === state[k])) return this.loopWithout(count, init, body, results, state);
    return this.items(count, init, { level, index, state, results, body: [] });
  }

  /** The same node on other arguments, maybe of another graph (not for inputs, bound variables and loops). */
  rebuild(v: Value, args: readonly Value[]): Value {
    if (isOp(v.op)) return this.compute(v.op, v.op === 'select' ? args[0].type : v.type, args);
    switch (v.op) {
      case 'literal':
        return this.literal(v.type, v.attr as number);
      case 'convert':
        return this.convert(args[0], v.type);
      case 'bitcast':
        return this.bitcast(args[0], v.type);
      case 'extern':
        return this.extern(v.type, externOf(v).kind, args, externOf(v).attr);
      default:
        throw new DTypeError(`a node '${v.op}' cannot be rebuilt by itself`);
    }
  }

  /** An operation whose types are known to fit. @internal */
  compute(op: OpName, type: ScalarType, args: readonly Value[]): Value {
    return simplify(this, op, type, args) ?? this.node(op, type, args);
  }

  private loopWithout(
    count: Value,
    init: readonly Value[],
    body: (index: Value, state: readonly Value[]) => readonly Value[],
    results: readonly Value[],
    state: readonly Value[],
  ): readonly Value[] {
    // States that never change are no states: the body reads their initial values.
    const moving = [...init.keys()].filter((k) => results[k] !== state[k]);
    const reduced = this.loop(
      count,
      moving.map((k) => init[k]),
      (index, some) => {
        const full = [...init];
        moving.forEach((k, at) => (full[k] = some[at]));
        const next = body(index, full);
        return moving.map((k) => next[k]);
      },
    );
    const all = [...init];
    moving.forEach((k, at) => (all[k] = reduced[at]));
    return all;
  }

  private items(count: Value, init: readonly Value[], draft: Loop): readonly Value[] {
    const { level, results } = draft;
    const body: Value[] = [];
    const captured: Value[] = [];
    for (const v of reachable(results, (v) => (v.scopes >>> level) & 1)) {
      if ((v.scopes >>> level) & 1) {
        if (v.op !== 'bound' || boundOf(v).level !== level) body.push(v);
      } else captured.push(v);
    }
    const args = [count, ...init, ...captured];
    let mark = level;
    for (const r of results) mark = Math.imul(mark ^ r.id, 0x01000193);
    const hash = this.hash(ownCodes.loop, count.type, args, mark);
    const equal = (a: Attribute): boolean => {
      const other = a as Loop;
      return other.level === level && other.results.length === results.length && sameValues(other.results, results);
    };
    const loop =
      this.find(hash, 'loop', count.type, args, equal) ??
      this.insert(hash, 'loop', count.type, args, { ...draft, body } satisfies Loop);
    return init.map((v, k) => this.node('item', v.type, [loop], k));
  }

  private bound(level: number, slot: number, type: ScalarType): Value {
    const hash = this.hash(ownCodes.bound, type, noArgs, level * 4096 + slot);
    const equal = (a: Attribute): boolean => (a as Bound).level === level && (a as Bound).slot === slot;
    const found = this.find(hash, 'bound', type, noArgs, equal);
    return found ?? this.insert(hash, 'bound', type, noArgs, { level, slot } satisfies Bound, 1 << level);
  }

  private node(op: OpName | 'item' | 'convert' | 'bitcast', type: ScalarType, args: readonly Value[], attr = 0): Value {
    const own = op === 'item' || op === 'convert' || op === 'bitcast';
    const code = own ? ownCodes[op] : ops[op].code;
    const hash = this.hash(code, type, args, attr);
    for (let v = this.table.get(hash); v !== undefined; v = v.next) {
      if (v.op === op && v.type === type && v.attr === attr && sameValues(v.args, args)) return v;
    }
    if (!own && ops[op].commutes) {
      // Kept in the order of the text, found in either.
      const [a, b] = args;
      for (let v = this.table.get(this.hash(code, type, [b, a], attr)); v !== undefined; v = v.next) {
        if (v.op === op && v.type === type && v.args[0] === b && v.args[1] === a) return v;
      }
    }
    for (const a of args) if (a.graph !== this) throw new DTypeError(`${op}: an argument belongs to another graph`);
    return this.insert(hash, op, type, args, attr);
  }

  private hash(code: number, type: ScalarType, args: readonly Value[], attr: number): number {
    let h = code * 4 + typeCodes[type] + Math.imul(attr, 0x9e3779b1);
    for (const a of args) h = Math.imul(h ^ a.id, 0x01000193) + (h >>> 15);
    return h | 0;
  }

  private find(
    hash: number,
    op: Op,
    type: ScalarType,
    args: readonly Value[],
    equal: (attr: Attribute) => boolean,
  ): Value | undefined {
    for (let v = this.table.get(hash); v !== undefined; v = v.next) {
      if (v.op === op && v.type === type && v.args.length === args.length && sameValues(v.args, args) && equal(v.attr))
        return v;
    }
    return undefined;
  }

  private insert(hash: number, op: Op, type: ScalarType, args: readonly Value[], attr: Attribute, scopes = 0): Value {
    const v = this.create(op, type, args, attr, scopes);
    v.next = this.table.get(hash);
    this.table.set(hash, v);
    return v;
  }

  private create(op: Op, type: ScalarType, args: readonly Value[], attr: Attribute, scopes = 0): Value {
    for (const a of args) scopes |= a.scopes;
    return new Value(this, this.count++, op, type, args, attr, scopes);
  }

  private attribute(key: string | object): number {
    let id = this.attributes.get(key);
    if (id === undefined) this.attributes.set(key, (id = this.attributes.size + 1));
    return id;
  }
}

/**
 * Everything that `roots` are computed from (them included), in an order fit for computing. Loops count as single
 * nodes. Values for which `enter` is 0 are listed but not looked into.
 */
export function reachable(roots: readonly Value[], enter: (v: Value) => number = () => 1): Value[] {
  const seen = new Set<Value>(roots);
  // A Set iterates over what is added meanwhile.
  for (const v of seen) if (enter(v)) for (const a of v.args) seen.add(a);
  return [...seen].sort((a, b) => a.id - b.id);
}

function sameValues(a: readonly Value[], b: readonly Value[]): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const types = (values: readonly Value[]): string => `(${values.map((v) => v.type).join(', ')})`;

function resultType(op: OpName, info: OpInfo, args: readonly Value[]): ScalarType {
  const fail = (expected: string): never => {
    throw new DTypeError(`${op} takes ${expected}, got ${types(args)}`);
  };
  if (args.length !== info.arity) fail(`${info.arity} arguments`);
  const type = args[0].type;
  const alike = args.every((a) => a.type === type);
  switch (info.signature) {
    case 'number':
      return alike && type !== 'bool' ? type : fail('numbers of one type');
    case 'float':
      return alike && type === 'f32' ? type : fail('f32');
    case 'integer':
      return alike && (type === 'i32' || type === 'u32') ? type : fail('integers of one type');
    case 'shift':
      return (type === 'i32' || type === 'u32') && args[1].type === 'u32' ? type : fail('an integer and a u32');
    case 'compare':
      return alike && type !== 'bool' ? 'bool' : fail('numbers of one type');
    case 'equality':
      return alike ? 'bool' : fail('two of one type');
    case 'classify':
      return type === 'f32' ? 'bool' : fail('f32');
    case 'logic':
      return alike && type === 'bool' ? type : fail('bool');
    case 'select':
      return type === args[1].type && args[2].type === 'bool' ? type : fail('two of one type and a bool');
  }
}
