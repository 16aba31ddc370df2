import type { ExprFunction } from '../function.js';
import type { StructType, ValueType } from '../types.js';
import type { FunctionText, ModuleText } from './ast.js';
import { constants as builtinConstants } from './builtins.js';
import type { Item } from './item.js';
import { resolveType } from './expression.js';
import type { Surroundings } from './expression.js';
import { Lowering, lowerFunction } from './lower.js';
import { parseText } from './parser.js';
import { Graph } from '../ir.js';
import { Scope } from './scope.js';
import { Source } from './source.js';
import type { Span } from './source.js';

/** What a text may refer to besides itself. */
export interface ParseOptions {
  /** Functions that the text may call, by their names. */
  readonly uses?: readonly (ExprFunction | ExprModule)[];
  /** Structs that the text may name: members in order; a string that is no type names another struct. */
  readonly structs?: Readonly<Record<string, Readonly<Record<string, ValueType>> | StructType>>;
  /** Numbers that the text may name. */
  readonly constants?: Readonly<Record<string, number>>;
}

/** A parsed text. */
export interface ExprModule {
  readonly functions: ReadonlyMap<string, ExprFunction>;
  readonly structs: ReadonlyMap<string, StructType>;
  /** The last function of the text. */
  readonly entry: ExprFunction;
}

/**
 * Parses a text of functions, in a subset of WGSL:
 * - `fn` with parameters and a result; `struct`; `const`; f32, i32, u32, bool, vectors of them with swizzles;
 * - `let`, `var`; `=`, `+=` and so on, `++`, `--`, to a variable, a member or one component;
 * - `if` and `else` (both are computed, one is chosen), `return` in them; counted `for` loops;
 * - WGSL's operators and conversions, `bitcast`, its numeric builtins (scalars among vectors repeat), and log1p, expm1,
 *   erf, isnan, isinf, square, minimum and maximum (which propagate NaN); PI, TAU, HALF_PI, INV_PI, E, SQRT2, LN2, ...
 *
 * There is no memory, no recursion, no matrix, no array, no other loop. Throws ExprError, which points into the text.
 */
export function parse(text: string, options: ParseOptions = {}): ExprModule {
  const source = new Source(text);
  return resolve(source, parseText(source), options);
}

/** Gives the names of a parsed text their meaning. */
export function resolve(source: Source, module: ModuleText, options: ParseOptions): ExprModule {
  const used = new Map<string, ExprFunction>();
  for (const use of options.uses ?? []) {
    if ('functions' in use) for (const [name, fn] of use.functions) used.set(name, fn);
    else used.set(use.name, use);
  }
  const texts = new Map<string, FunctionText>();
  for (const fn of module.functions) {
    if (texts.has(fn.name)) throw source.error(fn, `there are two functions ${fn.name}; rename one`);
    texts.set(fn.name, fn);
  }
  const functions = new Map<string, ExprFunction>();
  const structs = new Map<string, StructType>();
  const constants = new Map<string, Item>();
  for (const all of [builtinConstants, options.constants ?? {}]) {
    for (const [name, n] of Object.entries(all))
      constants.set(name, { float: !Number.isInteger(n) || all === builtinConstants, numbers: [n] });
  }
  const open = new Set<string>();
  const around: Surroundings = {
    source,
    callee: (name, at) => (texts.has(name) ? lower(texts.get(name)!, at) : used.get(name)),
    struct: (name) => structs.get(name) ?? given(name, options, (inner) => around.struct(inner)),
    constant: (name) => constants.get(name),
    functionNames: () => [...texts.keys(), ...used.keys()],
  };
  function lower(text: FunctionText, at: Span): ExprFunction {
    let fn = functions.get(text.name);
    if (fn !== undefined) return fn;
    if (open.has(text.name))
      throw source.error(at, `${text.name} calls itself; recursion is not part of the expression language`);
    open.add(text.name);
    fn = lowerFunction(text, around);
    open.delete(text.name);
    functions.set(text.name, fn);
    return fn;
  }
  for (const s of module.structs) {
    if (structs.has(s.name)) throw source.error(s, `there are two structs ${s.name}; rename one`);
    structs.set(s.name, {
      name: s.name,
      members: s.members.map((m) => ({ name: m.name, type: resolveType(around, m.type) })),
    });
  }
  for (const c of module.constants) {
    const lowering = new Lowering(new Graph(), around, 'f32');
    const item = lowering.get(lowering.define(c, new Scope()));
    if (!('numbers' in item)) throw source.error(c, `${c.name} must be made of plain numbers, such as 2.5 or PI / 3`);
    constants.set(c.name, item);
  }
  for (const text of module.functions) lower(text, text);
  const entry = module.functions.at(-1);
  if (entry === undefined)
    throw source.error({ start: 0, end: 1 }, 'the text has no function; write fn name(x: f32) -> f32 { ... }');
  return { functions, structs, entry: functions.get(entry.name)! };
}

function given(
  name: string,
  { structs = {} }: ParseOptions,
  find: (name: string) => StructType | undefined,
): StructType | undefined {
  if (!Object.hasOwn(structs, name)) return undefined;
  const spec = structs[name];
  if (Array.isArray(spec['members'])) return spec as unknown as StructType;
  const members = Object.entries(spec as Record<string, ValueType>);
  return {
    name,
    members: members.map(([member, type]) => ({
      name: member,
      type: (typeof type === 'string' && find(type)) || type,
    })),
  };
}
