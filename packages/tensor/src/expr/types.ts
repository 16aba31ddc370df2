import type { ScalarType } from './ops.js';

/** Vectors of two to four components, named as in WGSL (bool vectors, which WGSL leaves unnamed, by a `b`). */
export type VectorType = `vec${2 | 3 | 4}${'f' | 'i' | 'u' | 'b'}`;

/** A struct: named members in order. */
export interface StructType {
  readonly name: string;
  readonly members: readonly { readonly name: string; readonly type: ValueType }[];
}

/** Types of parameters, results and variables. */
export type ValueType = ScalarType | VectorType | StructType;

/** One scalar of a value: where it sits ('.x', '.tint.y', '' for a scalar itself) and its type. */
export interface Component {
  readonly path: string;
  readonly type: ScalarType;
}

const elementTypes: Readonly<Record<string, ScalarType>> = { f: 'f32', i: 'i32', u: 'u32', b: 'bool' };
const letters = ['x', 'y', 'z', 'w'];

export const isStruct = (type: ValueType): type is StructType => typeof type !== 'string';
export const isVector = (type: ValueType): type is VectorType => typeof type === 'string' && type.startsWith('vec');
export const isScalar = (type: ValueType): type is ScalarType => typeof type === 'string' && !type.startsWith('vec');

/** Number of components of a scalar (1) or vector. */
export const sizeOf = (type: ScalarType | VectorType): number => (isVector(type) ? Number(type[3]) : 1);

/** The scalar type of a scalar's or vector's components. */
export const elementOf = (type: ScalarType | VectorType): ScalarType => (isVector(type) ? elementTypes[type[4]] : type);

/** The vector type of `size` components; the scalar itself for size 1. */
export function vectorOf(element: ScalarType, size: number): ScalarType | VectorType {
  return size === 1 ? element : (`vec${size}${element[0]}` as VectorType);
}

const cache = new WeakMap<StructType, readonly Component[]>();

/** The scalars that a value of the type consists of, in order. */
export function componentsOf(type: ValueType): readonly Component[] {
  if (isScalar(type)) return [{ path: '', type }];
  if (isVector(type)) return letters.slice(0, sizeOf(type)).map((l) => ({ path: `.${l}`, type: elementOf(type) }));
  let all = cache.get(type);
  if (all === undefined) {
    all = type.members.flatMap((m) => componentsOf(m.type).map((c) => ({ path: `.${m.name}${c.path}`, type: c.type })));
    cache.set(type, all);
  }
  return all;
}

/** The type as it is written: `vec3f`, `vec3<bool>`, a struct's name. */
export const typeName = (type: ValueType): string =>
  isStruct(type) ? type.name : /^vec\db$/.test(type) ? `vec${type[3]}<bool>` : type;

/** Structs are equal when their names and members are. */
export function sameType(a: ValueType, b: ValueType): boolean {
  if (!isStruct(a) || !isStruct(b)) return a === b;
  if (a === b) return true;
  const alike = a.name === b.name && a.members.length === b.members.length;
  return alike && a.members.every((m, k) => m.name === b.members[k].name && sameType(m.type, b.members[k].type));
}
