import { FormatError } from '../engine.js';

/** Types of the numbers in files. */
export type ElementType =
  'bool' | 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'u64' | 'i64' | 'f16' | 'bf16' | 'f32' | 'f64';

/** Bytes of an element. */
export const elementBytes: Readonly<Record<ElementType, number>> = {
  ...{ bool: 1, u8: 1, i8: 1, u16: 2, i16: 2, u32: 4, i32: 4, u64: 8, i64: 8 },
  ...{ f16: 2, bf16: 2, f32: 4, f64: 8 },
};

/**
 * Elements in memory: halves widened to float32, 64-bit integers in float64 (exactly, or not at all), the rest as they
 * are; booleans are 0 and 1.
 */
export type Elements =
  Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

const makers: Readonly<Record<ElementType, (length: number) => Elements>> = {
  bool: (n) => new Uint8Array(n),
  u8: (n) => new Uint8Array(n),
  i8: (n) => new Int8Array(n),
  u16: (n) => new Uint16Array(n),
  i16: (n) => new Int16Array(n),
  u32: (n) => new Uint32Array(n),
  i32: (n) => new Int32Array(n),
  u64: (n) => new Float64Array(n),
  i64: (n) => new Float64Array(n),
  f16: (n) => new Float32Array(n),
  bf16: (n) => new Float32Array(n),
  f32: (n) => new Float32Array(n),
  f64: (n) => new Float64Array(n),
};

/** The value of a half (IEEE 754 binary16) from its bits. */
function halfValue(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
}

let halves: Float32Array | undefined;
const halfTable = (): Float32Array => (halves ??= Float32Array.from({ length: 65536 }, (_, bits) => halfValue(bits)));

const word = new DataView(new ArrayBuffer(4));

function exact(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number))
    throw new FormatError(`the integer ${value} is too large for a number without loss`);
  return number;
}

/** Reads the element of a type that begins at a byte. */
export function elementReader(type: ElementType, view: DataView, littleEndian = true): (at: number) => number {
  const table = type === 'f16' ? halfTable() : undefined;
  const readers: Readonly<Record<ElementType, (at: number) => number>> = {
    bool: (at) => Number(view.getUint8(at) !== 0),
    u8: (at) => view.getUint8(at),
    i8: (at) => view.getInt8(at),
    u16: (at) => view.getUint16(at, littleEndian),
    i16: (at) => view.getInt16(at, littleEndian),
    u32: (at) => view.getUint32(at, littleEndian),
    i32: (at) => view.getInt32(at, littleEndian),
    u64: (at) => exact(view.getBigUint64(at, littleEndian)),
    i64: (at) => exact(view.getBigInt64(at, littleEndian)),
    f16: (at) => table![view.getUint16(at, littleEndian)]!,
    bf16: (at) => {
      word.setUint32(0, view.getUint16(at, littleEndian) << 16);
      return word.getFloat32(0);
    },
    f32: (at) => view.getFloat32(at, littleEndian),
    f64: (at) => view.getFloat64(at, littleEndian),
  };
  return readers[type];
}

/**
 * The elements that fill bytes, which must be a whole number of them.
 * @throws FormatError for 64-bit integers that a number cannot hold.
 */
export function decodeElements(type: ElementType, bytes: Uint8Array, littleEndian = true): Elements {
  const width = elementBytes[type];
  const read = elementReader(type, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), littleEndian);
  const result = makers[type](bytes.length / width);
  for (let k = 0; k < result.length; k++) result[k] = read(k * width);
  return result;
}

/** The bits of the half nearest to a number; ties go to even, what is too large becomes infinite. */
function halfBits(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(x);
  if (Number.isNaN(x)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
  // a unit in the last place; scaling by a power of two is exact, so the rounding below is the only one
  const rounded = roundedToEven(magnitude / 2 ** (exponent - 10));
  return sign | (rounded < 1024 ? rounded : ((exponent + 14) << 10) + rounded);
}

function roundedToEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0);
}

/** The upper half of the float32 nearest to a number, rounded to nearest, ties to even. */
function brainBits(x: number): number {
  word.setFloat32(0, x);
  const bits = word.getUint32(0);
  if (Number.isNaN(x)) return 0x7fc0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

const whole = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, Math.round(x)));

/** Writes an element of a type at a byte, little endian; whole numbers are rounded and clamped to their range. */
function elementWriter(type: ElementType, view: DataView): (at: number, x: number) => void {
  const writers: Readonly<Record<ElementType, (at: number, x: number) => void>> = {
    bool: (at, x) => view.setUint8(at, Number(x !== 0)),
    u8: (at, x) => view.setUint8(at, whole(x, 0, 255)),
    i8: (at, x) => view.setInt8(at, whole(x, -128, 127)),
    u16: (at, x) => view.setUint16(at, whole(x, 0, 65535), true),
    i16: (at, x) => view.setInt16(at, whole(x, -32768, 32767), true),
    u32: (at, x) => view.setUint32(at, whole(x, 0, 2 ** 32 - 1), true),
    i32: (at, x) => view.setInt32(at, whole(x, -(2 ** 31), 2 ** 31 - 1), true),
    u64: (at, x) => view.setBigUint64(at, BigInt(whole(x, 0, Number.MAX_SAFE_INTEGER)), true),
    i64: (at, x) => view.setBigInt64(at, BigInt(whole(x, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)), true),
    f16: (at, x) => view.setUint16(at, halfBits(x), true),
    bf16: (at, x) => view.setUint16(at, brainBits(x), true),
    f32: (at, x) => view.setFloat32(at, x, true),
    f64: (at, x) => view.setFloat64(at, x, true),
  };
  return writers[type];
}

/** The bytes of elements, little endian, each rounded to the nearest of its type. */
export function encodeElements(type: ElementType, data: ArrayLike<number>): Uint8Array {
  const width = elementBytes[type];
  const bytes = new Uint8Array(data.length * width);
  const write = elementWriter(type, new DataView(bytes.buffer));
  for (let k = 0; k < data.length; k++) write(k * width, data[k]!);
  return bytes;
}

/** Room for elements of a type. The caller has checked the length against the file. */
export const emptyElements = (type: ElementType, length: number): Elements => makers[type](length);

/** Calls back for every element of an array, in row-major order: its number, and its place under given strides. */
export function forEachPlace(
  shape: readonly number[],
  strides: readonly number[],
  visit: (index: number, place: number) => void,
): void {
  const size = shape.reduce((product, n) => product * n, 1);
  const at = shape.map(() => 0);
  let place = 0;
  for (let index = 0; index < size; index++) {
    visit(index, place);
    for (let d = shape.length - 1; d >= 0; d--) {
      place += strides[d]!;
      if (++at[d]! < shape[d]!) break;
      place -= at[d]! * strides[d]!;
      at[d] = 0;
    }
  }
}
