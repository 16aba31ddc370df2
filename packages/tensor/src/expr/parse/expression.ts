import { inline } from '../function.js';
import type { ExprFunction } from '../function.js';
import { literalOf } from '../ir.js';
import type { Graph, OpName, ScalarType } from '../ir.js';
import { componentsOf, elementOf, isScalar, isStruct, isVector, sizeOf, typeName, vectorOf } from '../types.js';
import type { StructType, ValueType, VectorType } from '../types.js';
import type { Expression, TypeName } from './ast.js';
import { builtinNames, lowerBuiltin, scalarNames } from './builtins.js';
import { coerce, concrete, describe, isAbstract, itemSize, unify } from './item.js';
import type { Abstract, Concrete, Item } from './item.js';
import type { Scope, State, Variable } from './scope.js';
import type { Source, Span } from './source.js';

/** What names mean outside of the function that is lowered. */
export interface Surroundings {
  readonly source: Source;
  /** A function by name; lowers functions of the text on demand. */
  readonly callee: (name: string, at: Span) => ExprFunction | undefined;
  readonly struct: (name: string) => StructType | undefined;
  readonly constant: (name: string) => Item | undefined;
  /** Names of functions, for suggestions. */
  readonly functionNames: () => readonly string[];
}

const binaryOps: Readonly<Record<string, OpName>> = {
  ...{ '+': 'add', '-': 'sub', '*': 'mul', '/': 'div', '%': 'mod' },
  ...{ '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge', '==': 'eq', '!=': 'ne' },
  ...{ '&&': 'and', '||': 'or', '&': 'bitand', '|': 'bitor', '^': 'bitxor', '<<': 'shl', '>>': 'shr' },
};
const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
};
const logical: Readonly<Record<string, OpName>> = { '&': 'and', '|': 'or', '^': 'xor', '&&': 'and', '||': 'or' };

/** Resolves a type's name, or throws. */
export function resolveType(around: Surroundings, type: TypeName): ValueType {
  const { name } = type;
  if (scalarNames.has(name)) return name as ScalarType;
  if (/^vec[234][fiub]$/.test(name)) return name as VectorType;
  const struct = around.struct(name);
  if (struct !== undefined) return struct;
  let advice = 'write f32, i32, u32, bool, vec2f ... vec4u, or a struct of the text';
  if (/^mat\d/.test(name)) advice = 'matrices are not part of the expression language; pass their columns as vectors';
  if (/^(array|ptr|texture|sampler|atomic)/.test(name)) advice = 'functions see values only, no memory';
  if (/^(f16|float|double)$/.test(name)) advice = 'write f32';
  if (/^int$/.test(name)) advice = 'write i32';
  throw around.source.error(type, `unknown type ${name}; ${advice}`, true);
}

/** Turns expressions into values, given what variables hold. */
export class Expressions {
  readonly source: Source;
  protected state: State = new Map();

  constructor(
    readonly g: Graph,
    protected readonly around: Surroundings,
  ) {
    this.source = around.source;
  }

  /** The value that a variable has now. */
  get(variable: Variable): Item {
    return this.state.get(variable)!;
  }

  expression(e: Expression, scope: Scope): Item {
    const { g } = this;
    switch (e.kind) {
      case 'number': {
        if (e.suffix === '') return { float: e.float, numbers: [e.value] };
        const type = `${e.suffix}32` as ScalarType;
        return { type, values: [g.literal(type, e.value)] };
      }
      case 'bool':
        return { type: 'bool', values: [g.literal('bool', e.value)] };
      case 'name': {
        const variable = scope.find(e.name);
        const item = variable === undefined ? this.around.constant(e.name) : this.get(variable);
        if (item === undefined) throw this.unknown(e, e.name);
        return item;
      }
      case 'unary':
        return this.unary(e.op, this.expression(e.arg, scope), e);
      case 'binary':
        return this.binary(e.op, this.expression(e.left, scope), this.expression(e.right, scope), e);
      case 'member':
        return this.member(this.expression(e.object, scope), e.name, e);
      case 'index': {
        const k = this.constantIndex(e, scope);
        return this.member(this.expression(e.object, scope), 'xyzw'[k], e);
      }
      case 'call':
        return this.call(
          e,
          e.args.map((a) => this.expression(a, scope)),
        );
    }
  }

  protected unknown(at: Span, name: string): Error {
    return this.source.error(at, `unknown name ${name}; declare it with let or var, or as a parameter`);
  }

  private member(object: Item, name: string, at: Span): Item {
    if (isAbstract(object)) object = concrete(this.g, object);
    const { type, values } = object;
    if (isStruct(type)) {
      const found = this.locate(type, [name], at);
      return { type: found.type, values: values.slice(found.start, found.start + componentsOf(found.type).length) };
    }
    const places = this.swizzle(type, name, at);
    return { type: vectorOf(elementOf(type), places.length), values: places.map((p) => values[p]) };
  }

  private unary(op: string, item: Item, at: Span): Item {
    if (isAbstract(item)) {
      if (op === '-') return { ...item, numbers: item.numbers.map((n) => -n + 0) };
      item = concrete(this.g, item);
    }
    const element = isStruct(item.type) ? undefined : elementOf(item.type);
    const integer = element === 'i32' || element === 'u32';
    let name: OpName | undefined;
    if (op === '-' && (element === 'f32' || element === 'i32')) name = 'neg';
    if (op === '!' && element === 'bool') name = 'not';
    if (op === '~' && integer) name = 'bitnot';
    if (name === undefined) throw this.source.error(at, `${op} does not take ${describe(item)}`);
    const apply = name;
    return { type: item.type, values: item.values.map((v) => this.g.apply(apply, v)) };
  }

  protected binary(op: string, a: Item, b: Item, at: Span): Item {
    const { g, source } = this;
    if (isAbstract(a) && isAbstract(b) && Object.hasOwn(arithmetic, op)) return this.fold(op, a, b, at);
    if (op === '<<' || op === '>>') {
      a = concrete(g, a);
      if (isAbstract(b)) b = concrete(g, b, 'u32');
      const fits = !isStruct(a.type) && !isStruct(b.type) && /[iu]/.test(a.type.at(-1 - 2 * +isScalar(a.type))!);
      if (!fits || elementOf(b.type as ScalarType) !== 'u32' || itemSize(a) !== itemSize(b)) {
        throw source.error(at, `${op} takes an integer and a u32, found ${describe(a)} and ${describe(b)}`);
      }
      const { values } = b;
      return { type: a.type, values: a.values.map((v, k) => g.apply(binaryOps[op] as 'shl', v, values[k])) };
    }
    const { element, size, operands } = unify(g, source, [a, b], at, op);
    const bool = element === 'bool';
    let name: OpName | undefined = bool
      ? (logical[op] ?? ('==!='.includes(op) ? binaryOps[op] : undefined))
      : binaryOps[op];
    if (!bool && (op === '&&' || op === '||')) name = undefined;
    if (element === 'f32' && '&|^'.includes(op)) name = undefined;
    if (name === undefined || ((op === '&&' || op === '||') && size > 1)) {
      throw source.error(at, `${op} does not take ${describe(a)} and ${describe(b)}`);
    }
    const apply = name;
    const values = operands[0].map((v, k) => g.apply(apply, v, operands[1][k]));
    return { type: vectorOf(values[0].type, size), values };
  }

  /** Arithmetic of typeless constants: float64, or whole numbers. */
  private fold(op: string, a: Abstract, b: Abstract, at: Span): Item {
    const float = a.float || b.float;
    const size = Math.max(a.numbers.length, b.numbers.length);
    const pick = (all: readonly number[], k: number): number => all[all.length === 1 ? 0 : k];
    const numbers = Array.from({ length: size }, (_, k) => {
      const y = pick(b.numbers, k);
      if (!float && y === 0 && (op === '/' || op === '%'))
        throw this.source.error(at, 'an integer constant is divided by zero');
      const n = arithmetic[op](pick(a.numbers, k), y);
      return float ? n : Math.trunc(n) + 0;
    });
    return { float, numbers };
  }

  private call(e: Extract<Expression, { kind: 'call' }>, args: readonly Item[]): Item {
    const { g, source, around } = this;
    const name = e.callee;
    if (name === 'bitcast') return this.bitcast(e, args);
    const fn = around.callee(name, e);
    if (fn !== undefined) {
      if (args.length !== fn.params.length) {
        const wanted = fn.params.map((p) => `${p.name}: ${typeName(p.type)}`).join(', ');
        throw source.error(
          e,
          `${name} takes (${wanted}), found ${args.length} argument${args.length === 1 ? '' : 's'}`,
        );
      }
      const values = fn.params.flatMap(
        (p, k) => coerce(g, source, args[k], p.type, e.args[k], `${p.name} of ${name}`).values,
      );
      return { type: fn.result, values: inline(g, fn, values) };
    }
    const struct = around.struct(name);
    if (struct !== undefined) return this.struct(struct, e, args);
    if (scalarNames.has(name) || /^vec[234][fiub]?$/.test(name)) return this.construct(name, e, args);
    const builtin = lowerBuiltin({ g, source, at: e, name, args });
    if (builtin !== undefined) return builtin;
    const near = suggest(name, [...builtinNames, ...around.functionNames()]);
    const advice = near ? `did you mean ${near}?` : 'write it in the text, or pass it with uses';
    throw source.error({ start: e.start, end: e.start + name.length }, `unknown function ${name}; ${advice}`, true);
  }

  private bitcast(e: Extract<Expression, { kind: 'call' }>, args: readonly Item[]): Item {
    const { g, source, around } = this;
    if (e.target === undefined || args.length !== 1) throw source.error(e, 'bitcast is written bitcast<u32>(x)');
    const type = resolveType(around, e.target);
    const item = concrete(g, args[0]);
    const bits = (t: ValueType): boolean => !isStruct(t) && elementOf(t) !== 'bool';
    if (!bits(type) || !bits(item.type) || itemSize(item) !== sizeOf(type as ScalarType)) {
      throw source.error(e, `bitcast<${typeName(type)}> does not take ${describe(item)}`);
    }
    return { type, values: item.values.map((v) => g.bitcast(v, elementOf(type as ScalarType))) };
  }

  private struct(struct: StructType, at: Span, args: readonly Item[]): Concrete {
    if (args.length === 0) return this.zero(struct);
    if (args.length !== struct.members.length) {
      const wanted = struct.members.map((m) => `${m.name}: ${typeName(m.type)}`).join(', ');
      throw this.source.error(at, `${struct.name} takes (${wanted}), found ${args.length} arguments`);
    }
    const values = struct.members.flatMap((m, k) => coerce(this.g, this.source, args[k], m.type, at, m.name).values);
    return { type: struct, values };
  }

  /** `f32(x)`, `vec3f(x, y, z)`, `vec3(x)` and so on. */
  private construct(name: string, at: Span, args: readonly Item[]): Item {
    const { g, source } = this;
    const size = name.startsWith('vec') ? Number(name[3]) : 1;
    const inferred = /^vec\d$/.test(name);
    if (inferred && args.length > 0 && args.every(isAbstract)) {
      const numbers = args.flatMap((a) => a.numbers);
      const float = args.some((a) => a.float);
      if (numbers.length === 1 || numbers.length === size) {
        return { float, numbers: numbers.length === 1 ? Array<number>(size).fill(numbers[0]) : numbers };
      }
    }
    const typed = args.find((a): a is Concrete => !isAbstract(a) && !isStruct(a.type));
    const element = inferred ? elementOf((typed?.type ?? 'f32') as ScalarType) : elementOf(name as ScalarType);
    const type = vectorOf(element, size);
    if (args.length === 0) return this.zero(type);
    const items = args.map((a) => concrete(g, a, element));
    const total = items.reduce((sum, item) => sum + itemSize(item), 0);
    const bad = items.some((item) => isStruct(item.type)) || (total !== size && !(total === 1 && size > 1));
    if (bad)
      throw source.error(
        at,
        `${name} needs ${size} component${size > 1 ? 's (or 1)' : ''}, found ${items.map(describe).join(', ') || 'none'}`,
      );
    if (args.length > 1) {
      const odd = items.find((item) => elementOf(item.type as ScalarType) !== element);
      if (odd)
        throw source.error(at, `${name} is made of ${element}, found ${describe(odd)}; convert with ${element}(...)`);
    }
    const values = items.flatMap((item) => item.values.map((v) => g.convert(v, element)));
    return { type, values: values.length === size ? values : Array.from({ length: size }, () => values[0]) };
  }

  /** Where the member or component that a path leads to starts among the components of `type`. */
  protected locate(type: ValueType, path: readonly string[], at: Span): { start: number; type: ValueType } {
    let start = 0;
    for (const name of path) {
      if (isStruct(type)) {
        const k = type.members.findIndex((m) => m.name === name);
        if (k < 0) throw this.noMember(type, name, at);
        for (const m of type.members.slice(0, k)) start += componentsOf(m.type).length;
        type = type.members[k].type;
      } else {
        const [k] = this.swizzle(type, name, at);
        if (name.length > 1)
          throw this.source.error(at, `${name} names several components; assign one at a time, or the whole vector`);
        start += k;
        type = elementOf(type);
      }
    }
    return { start, type };
  }

  private swizzle(type: ScalarType | VectorType, name: string, at: Span): number[] {
    if (!isVector(type)) throw this.source.error(at, `${type} has no component .${name}`);
    const letters = /^[xyzw]{1,4}$/.test(name) ? 'xyzw' : /^[rgba]{1,4}$/.test(name) ? 'rgba' : '';
    const places = [...name].map((l) => letters.indexOf(l));
    if (places.some((p) => p < 0 || p >= sizeOf(type))) {
      throw this.source.error(
        at,
        `${typeName(type)} has no component .${name}; write some of .${'xyzw'.slice(0, sizeOf(type))}`,
      );
    }
    return places;
  }

  protected constantIndex(e: Extract<Expression, { kind: 'index' }>, scope: Scope): number {
    const object = this.expression(e.object, scope);
    const index = this.expression(e.index, scope);
    const k = isAbstract(index) ? index.numbers[0] : literalOf(index.values[0]);
    if (isAbstract(object) || !isVector(object.type))
      throw this.source.error(e, `${describe(object)} cannot be indexed`);
    if (k === undefined)
      throw this.source.error(e.index, 'the index of a vector must be a constant; choose with select or if');
    if (!(k >= 0 && k < sizeOf(object.type)))
      throw this.source.error(e.index, `${describe(object)} has no component ${k}`);
    return k;
  }

  private noMember(type: StructType, name: string, at: Span): Error {
    return this.source.error(
      at,
      `${type.name} has no member ${name}; it has ${type.members.map((m) => m.name).join(', ')}`,
    );
  }

  protected zero(type: ValueType): Concrete {
    return { type, values: componentsOf(type).map((c) => this.g.literal(c.type, 0)) };
  }
}

/** The known name that is a letter or two from `name`. */
function suggest(name: string, known: readonly string[]): string | undefined {
  const distance = (a: string, b: string): number => {
    let row = Array.from({ length: b.length + 1 }, (_, k) => k);
    for (let i = 1; i <= a.length; i++) {
      const next = [i];
      for (let j = 1; j <= b.length; j++) {
        next[j] = Math.min(
          row[j] + 1,
          next[j - 1] + 1,
          row[j - 1] + (a[i - 1].toLowerCase() === b[j - 1].toLowerCase() ? 0 : 1),
        );
      }
      row = next;
    }
    return row[b.length];
  };
  const near = known
    .filter((k) => k !== name)
    .map((k) => [distance(name, k), k] as const)
    .sort((a, b) => a[0] - b[0])[0];
  return near && near[0] <= Math.max(1, name.length / 4) ? near[1] : undefined;
}
