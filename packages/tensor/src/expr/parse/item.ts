import type { Graph, ScalarType, Value } from '../ir.js';
import { elementOf, isStruct, sameType, sizeOf, typeName, vectorOf } from '../types.js';
import type { ValueType } from '../types.js';
import type { Source, Span } from './source.js';

/** A value of a known type: its components. */
export interface Concrete {
  readonly type: ValueType;
  readonly values: readonly Value[];
}

/** Numbers without a type of their own (WGSL's abstract numerics): scalar or vector constants that fit in anywhere. */
export interface Abstract {
  readonly float: boolean;
  readonly numbers: readonly number[];
}

/** What an expression of the text stands for. */
export type Item = Concrete | Abstract;

export const isAbstract = (item: Item): item is Abstract => 'numbers' in item;

/** Number of components of a scalar, vector or abstract constant (1 for structs, which have no arithmetic). */
export function itemSize(item: Item): number {
  if (isAbstract(item)) return item.numbers.length;
  return isStruct(item.type) ? 1 : sizeOf(item.type);
}

/** The type as an error message names it. */
export function describe(item: Item): string {
  if (!isAbstract(item)) return typeName(item.type);
  const kind = item.float ? 'a float constant' : 'an integer constant';
  return item.numbers.length === 1 ? kind : `${kind} vector`;
}

/** Gives typeless numbers a type: i32 or f32 unless `prefer` says otherwise and they fit. */
export function concrete(g: Graph, item: Item, prefer?: ScalarType): Concrete {
  if (!isAbstract(item)) return item;
  const type = item.float ? 'f32' : prefer && prefer !== 'bool' ? prefer : 'i32';
  return { type: vectorOf(type, item.numbers.length), values: item.numbers.map((n) => g.literal(type, n)) };
}

/** The item as `type`: typeless numbers adapt, anything else must have the type. */
export function coerce(g: Graph, source: Source, item: Item, type: ValueType, at: Span, what: string): Concrete {
  const element = isStruct(type) ? undefined : elementOf(type);
  const typed = concrete(g, item, element);
  if (sameType(typed.type, type)) return typed;
  let advice = '';
  if (element !== undefined && !isStruct(typed.type)) {
    if (sizeOf(typed.type) === sizeOf(type as ScalarType)) advice = `; convert with ${typeName(type)}(...)`;
    else if (sizeOf(typed.type) === 1) advice = `; write ${typeName(type)}(...) to repeat it`;
  }
  throw source.error(at, `${what} must be ${typeName(type)}, found ${describe(item)}${advice}`);
}

/** Operands of one operation brought to one element type and size: scalars repeat. */
export interface Unified {
  readonly element: ScalarType;
  readonly size: number;
  /** Components of each operand, `size` of them. */
  readonly operands: readonly (readonly Value[])[];
}

/** Brings operands together, or throws. `prefer` types operands that are all typeless. */
export function unify(
  g: Graph,
  source: Source,
  items: readonly Item[],
  at: Span,
  what: string,
  prefer?: ScalarType,
): Unified {
  const typed = items.find((item): item is Concrete => !isAbstract(item));
  const fail = (advice: string): never => {
    throw source.error(at, `${what} does not take ${items.map(describe).join(' and ')}${advice}`);
  };
  if (typed !== undefined && isStruct(typed.type)) return fail('');
  const anyFloat = items.some((item) => isAbstract(item) && item.float);
  const element = typed === undefined ? (anyFloat ? 'f32' : prefer) : elementOf(typed.type as ScalarType);
  const all = items.map((item) => concrete(g, item, element));
  const size = Math.max(...items.map(itemSize));
  const operands = all.map((item) => {
    if (isStruct(item.type) || (itemSize(item) !== size && itemSize(item) !== 1)) return fail('');
    const own = elementOf(item.type);
    const first = elementOf(all[0].type as ScalarType);
    if (own !== first) return fail(`; convert one of them, as in ${first}(...)`);
    return item.values.length === size ? item.values : Array.from({ length: size }, () => item.values[0]);
  });
  return { element: elementOf(all[0].type as ScalarType), size, operands };
}
