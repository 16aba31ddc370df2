import { FormatError } from '../../engine.js';
import { decodeElements, elementBytes } from '../elements.js';
import { ByteReader } from '../pickle/byteReader.js';
import { AllowedGlobal, unpickle, type PickleValue } from '../pickle/unpickle.js';
import { numpyType, rowMajor, type NumpyArray } from './npy.js';

/** What a pickle of arrays holds: see `readPickle`. */
export type PickledValue = unknown;

/** What to allow beyond plain values and arrays. */
export interface ReadPickleOptions {
  /** Classes as `module.name`, whose instances come as maps of their attributes; nothing of the class is run. */
  readonly objects?: readonly string[];
}

const fail = (why: string): never => {
  throw new FormatError(`pickle: ${why}`);
};

/** An array between its making and its state; `array` is set by the state. */
class ArrayShell {
  array?: NumpyArray;
}

class DType {
  byteOrder = '=';
  constructor(readonly code: string) {}
}

/** An instance between its making and its state. */
class ObjectShell {}

/** numpy's own modules, before and since version 2. */
const cores = ['numpy.core.multiarray', 'numpy._core.multiarray'];

const isCounts = (x: PickleValue): x is number[] =>
  Array.isArray(x) && x.every((n) => Number.isSafeInteger(n) && (n as number) >= 0);

/** Bytes of an array: Python 2 wrote them as text of one character for each byte. */
function bytesOf(value: PickleValue): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== 'string') return fail('the elements of an array are no bytes');
  return Uint8Array.from(value, (c) => {
    const code = c.charCodeAt(0);
    return code < 256 ? code : fail('the elements of an array are text');
  });
}

function arrayOf(shape: PickleValue, dtype: PickleValue, fortran: PickleValue, elements: PickleValue): NumpyArray {
  if (!isCounts(shape) || !(dtype instanceof DType)) return fail('an array is described in a way that makes no sense');
  if (dtype.code.startsWith('O')) return fail('an array holds Python objects');
  const { type, littleEndian } = numpyType(`${dtype.byteOrder}${dtype.code}`);
  const bytes = bytesOf(elements);
  const size = shape.reduce((product, n) => product * n, elementBytes[type]);
  if (size !== bytes.length) fail(`[${shape.join(', ')}] of ${type} takes ${size} bytes, there are ${bytes.length}`);
  const data = decodeElements(type, bytes, littleEndian);
  return { shape, data: fortran === true ? rowMajor(data, shape) : data };
}

function setArray(value: PickleValue, state: PickleValue): PickleValue {
  // version, shape, type, whether column-major, elements
  const [, shape, dtype, fortran, elements] = Array.isArray(state) ? (state as PickleValue[]) : [];
  (value as ArrayShell).array = arrayOf(shape, dtype, fortran, elements);
  return value;
}

function setDType(value: PickleValue, state: PickleValue): PickleValue {
  // version, order of bytes, and what only records have
  const order = Array.isArray(state) ? (state[1] as PickleValue) : undefined;
  if (typeof order !== 'string') return fail('a type of elements has no order of bytes');
  (value as DType).byteOrder = order;
  return value;
}

function encode(text: PickleValue, encoding: PickleValue): Uint8Array {
  if (typeof text !== 'string' || (encoding !== 'latin1' && encoding !== 'latin-1'))
    return fail('it encodes text in a way that is not known');
  return bytesOf(text);
}

/** How protocols before 3 write no bytes at all. */
const noBytes = (...args: PickleValue[]): Uint8Array =>
  args.length === 0 ? new Uint8Array(0) : fail('it makes bytes of something');

function setOf(items: PickleValue = []): Set<PickleValue> {
  return Array.isArray(items) ? new Set(items as PickleValue[]) : fail('a set is made of something else than a list');
}

/** A class that may be named, and what its instances become. */
class AllowedClass extends AllowedGlobal {
  constructor() {
    super(() => new ObjectShell(), attributesOf);
  }
}

/** A state is a dict, or a pair of it and what stands in slots. */
function attributesOf(value: PickleValue, state: PickleValue): PickleValue {
  const dict = Array.isArray(state) ? (state[0] as PickleValue) : state;
  if (!(dict instanceof Map)) return fail('the attributes of an object are no dict');
  return Object.assign(value as ObjectShell, { attributes: dict });
}

/** How objects of old style begin: the class, its base, and the base's state. */
const reconstructor = new AllowedGlobal(
  (type) => (type instanceof AllowedClass ? new ObjectShell() : fail('it makes an object of a class that is no class')),
  attributesOf,
);

const plainObject = new AllowedGlobal(() => fail('it calls object'));

function globalsWith(objects: readonly string[]): Map<string, AllowedGlobal> {
  const reconstruct = new AllowedGlobal(() => new ArrayShell(), setArray);
  // protocol 5: elements, type, shape, order
  const fromBuffer = new AllowedGlobal((elements, dtype, shape, order) =>
    Object.assign(new ArrayShell(), { array: arrayOf(shape, dtype, order === 'F', elements) }),
  );
  const dtype = new AllowedGlobal(
    (code) => (typeof code === 'string' ? new DType(code) : fail('a type of elements has no name')),
    setDType,
  );
  return new Map([
    ...cores.map((core) => [`${core}._reconstruct`, reconstruct] as const),
    ...['numpy.core.numeric._frombuffer', 'numpy._core.numeric._frombuffer'].map((n) => [n, fromBuffer] as const),
    ['numpy.ndarray', new AllowedGlobal(() => fail('it calls ndarray'))],
    ['numpy.dtype', dtype],
    ['_codecs.encode', new AllowedGlobal(encode)],
    ...['builtins', '__builtin__'].flatMap(
      (module) =>
        [
          [`${module}.set`, new AllowedGlobal(setOf)],
          [`${module}.bytes`, new AllowedGlobal(noBytes)],
          [`${module}.object`, plainObject],
        ] as const,
    ),
    ['copy_reg._reconstructor', reconstructor],
    ['copyreg._reconstructor', reconstructor],
    ...objects.map((name) => [name, new AllowedClass()] as const),
  ]);
}

/**
 * Reads a pickle of plain values and numpy arrays, protocols 0 to 5, without running anything of it: numbers, text, null,
 * lists and tuples as arrays, sets, dicts as maps, numpy's arrays as `NumpyArray`. Arrays of Python objects are refused.
 * Instances of the classes in `objects` come as maps of their attributes.
 * @throws FormatError for everything malformed, and for anything else that it asks for, by its name.
 *
 * @example
 * const model = readPickle(bytes, { objects: ['chumpy.ch.Ch'] }) as Map<string, unknown>;
 */
export function readPickle(bytes: Uint8Array, { objects = [] }: ReadPickleOptions = {}): PickledValue {
  return resolved(unpickle(new ByteReader(bytes), { globals: globalsWith(objects) }));
}

/** The value with shells replaced by what they hold. Pickles may share or contain themselves: each is made once. */
function resolved(root: PickleValue): PickledValue {
  const done = new Map<PickleValue, PickledValue>();
  const visit = (value: PickleValue, depth: number): PickledValue => {
    if (depth > 200) return fail('its containers are nested more than 200 deep');
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
    const known = done.get(value);
    if (known !== undefined) return known;
    if (value instanceof ArrayShell) return value.array ?? fail('an array has no elements');
    if (value instanceof DType) return value.code;
    if (value instanceof AllowedGlobal) return fail('it holds a function where a value belongs');
    const source = value instanceof ObjectShell ? ((value as { attributes?: unknown }).attributes ?? new Map()) : value;
    if (source instanceof Map) {
      const dict = new Map<PickledValue, PickledValue>();
      done.set(value, dict);
      for (const [key, item] of source as Map<PickleValue, PickleValue>) dict.set(key, visit(item, depth + 1));
      return dict;
    }
    const list: PickledValue[] = [];
    done.set(value, list);
    for (const item of source as Iterable<PickleValue>) list.push(visit(item, depth + 1));
    return list;
  };
  return visit(root, 0);
}
