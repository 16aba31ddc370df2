import { FormatError } from '../../engine.js';

/** Element types of the format that we read and write. */
export type ElementType = 'F32' | 'F16' | 'I32' | 'U16' | 'U8' | 'I8';

const bytesOf: Readonly<Record<ElementType, number>> = { F32: 4, F16: 2, I32: 4, U16: 2, U8: 1, I8: 1 };

/** A header larger than this is refused: no file of ours comes near. */
const largestHeader = 2 ** 20;

/** One tensor of a safetensors file. */
export interface StoredTensor {
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** The elements as they lie in the file, little endian. */
  readonly bytes: Uint8Array;
}

/** The contents of a safetensors file. Tensors are views into the bytes that were given. */
export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

const fail = (why: string): never => {
  throw new FormatError(`safetensors: ${why}`);
};

const isRecord = (x: unknown): x is Record<string, unknown> => typeof x === 'object' && x !== null && !Array.isArray(x);
const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;

/**
 * Reads the safetensors layout: the length of the header in 8 bytes, a JSON header of names, types, shapes and places,
 * then the raw numbers. Every size is checked against the file before anything is made of it.
 * @throws FormatError that says what is wrong.
 */
export function parseSafetensors(bytes: Uint8Array): SafetensorsFile {
  if (bytes.length < 8) fail(`${bytes.length} bytes hold no header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = view.getUint32(0, true);
  if (view.getUint32(4, true) !== 0 || headerLength > Math.min(largestHeader, bytes.length - 8)) {
    fail(`a header of ${headerLength} bytes does not fit into a file of ${bytes.length}`);
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + headerLength)));
  } catch (error) {
    throw new FormatError(`safetensors: the header is no JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!isRecord(header)) return fail('the header is no object');
  const body = bytes.subarray(8 + headerLength);
  const tensors = new Map<string, StoredTensor>();
  const metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (!isRecord(entry)) return fail(`the entry ${JSON.stringify(name)} is no object`);
    if (name === '__metadata__') {
      for (const [key, value] of Object.entries(entry)) {
        metadata[key] = typeof value === 'string' ? value : fail(`metadata ${JSON.stringify(key)} is no text`);
      }
    } else tensors.set(name, storedTensor(name, entry, body));
  }
  return { metadata, tensors };
}

function storedTensor(name: string, entry: Record<string, unknown>, body: Uint8Array): StoredTensor {
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(bytesOf, dtype)) {
    return fail(
      `tensor ${JSON.stringify(name)} has the type ${JSON.stringify(dtype)}; known are ${Object.keys(bytesOf).join(', ')}`,
    );
  }
  const type = dtype as ElementType;
  if (!Array.isArray(shape) || !shape.every(isCount)) return fail(`tensor ${JSON.stringify(name)} has no shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    return fail(`tensor ${JSON.stringify(name)} has no place in the file`);
  }
  const [start, end] = offsets;
  const size = shape.reduce((product, n) => product * n, bytesOf[type]);
  if (start > end || end > body.length || end - start !== size) {
    return fail(
      `tensor ${JSON.stringify(name)} [${shape.join(', ')}] of ${size} bytes lies at ${start} to ${end} of ${body.length}`,
    );
  }
  return { type, shape, bytes: body.subarray(start, end) };
}

let halves: Float32Array | undefined;

/** Values of all 65,536 half-precision numbers (IEEE 754 binary16). */
function halfTable(): Float32Array {
  return (halves ??= Float32Array.from({ length: 65536 }, (_, bits) => {
    const sign = bits >> 15 === 0 ? 1 : -1;
    const exponent = (bits >> 10) & 31;
    const fraction = (bits & 1023) / 1024;
    if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
    return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
  }));
}

/** The number of a stored tensor's elements. */
const sizeOf = (stored: StoredTensor): number => stored.bytes.length / bytesOf[stored.type];

/** The elements of a stored tensor as float32: halves widened, integers converted. */
export function storedNumbers(stored: StoredTensor): Float32Array {
  const { type, bytes } = stored;
  const result = new Float32Array(sizeOf(stored));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const table = type === 'F16' ? halfTable() : undefined;
  for (let k = 0; k < result.length; k++) {
    if (type === 'F32') result[k] = view.getFloat32(4 * k, true);
    else if (table !== undefined) result[k] = table[view.getUint16(2 * k, true)];
    else if (type === 'I32') result[k] = view.getInt32(4 * k, true);
    else if (type === 'U16') result[k] = view.getUint16(2 * k, true);
    else if (type === 'U8') result[k] = bytes[k];
    else result[k] = view.getInt8(k);
  }
  return result;
}

/** The elements of a stored integer tensor that are indices. @throws FormatError for a negative one or other types. */
export function storedIndices(name: string, stored: StoredTensor): Uint32Array {
  const { type, bytes } = stored;
  if (type !== 'I32' && type !== 'U16') return fail(`${JSON.stringify(name)} must be I32 or U16, not ${type}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: sizeOf(stored) }, (_, k) => {
    const value = type === 'I32' ? view.getInt32(4 * k, true) : view.getUint16(2 * k, true);
    return value >= 0 ? value : fail(`entry ${k} of ${JSON.stringify(name)} is ${value}`);
  });
}

/** float32 -> the bits of the nearest half; ties go to even, what is too large becomes infinite. */
function halfBits(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(x);
  if (Number.isNaN(x)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
  // a unit in the last place; scaling by a power of two is exact, so the rounding below is the only one
  const scaled = magnitude / 2 ** (exponent - 10);
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const rounded = floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0);
  return sign | (rounded < 1024 ? rounded : ((exponent + 14) << 10) + rounded);
}

/** What `writeSafetensors` takes: numbers and how to store them. Integers are clamped to their type, rounded. */
export interface TensorToStore {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

function encode({ type, shape, values }: TensorToStore, name: string): Uint8Array {
  const count = shape.reduce((product, n) => product * n, 1);
  if (values.length !== count)
    fail(`tensor ${JSON.stringify(name)} [${shape.join(', ')}] got ${values.length} numbers`);
  const bytes = new Uint8Array(count * bytesOf[type]);
  const view = new DataView(bytes.buffer);
  const clamp = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, Math.round(x)));
  for (let k = 0; k < count; k++) {
    if (type === 'F32') view.setFloat32(4 * k, values[k], true);
    else if (type === 'F16') view.setUint16(2 * k, halfBits(values[k]), true);
    else if (type === 'I32') view.setInt32(4 * k, clamp(values[k], -(2 ** 31), 2 ** 31 - 1), true);
    else if (type === 'U16') view.setUint16(2 * k, clamp(values[k], 0, 65535), true);
    else if (type === 'U8') bytes[k] = clamp(values[k], 0, 255);
    else view.setInt8(k, clamp(values[k], -127, 127));
  }
  return bytes;
}

/** Writes a safetensors file; the reverse of `parseSafetensors`. Tensors lie in the order of the record. */
export function writeSafetensors(
  tensors: Readonly<Record<string, TensorToStore>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const [name, stored] of Object.entries(tensors)) {
    const bytes = encode(stored, name);
    header[name] = { dtype: stored.type, shape: stored.shape, data_offsets: [at, at + bytes.length] };
    parts.push(bytes);
    at += bytes.length;
  }
  const text = JSON.stringify(header);
  const encoded = new TextEncoder().encode(text);
  const padded = Math.ceil(encoded.length / 8) * 8; // the format wants the numbers aligned
  const file = new Uint8Array(8 + padded + at).fill(0x20, 8, 8 + padded);
  new DataView(file.buffer).setUint32(0, padded, true);
  file.set(encoded, 8);
  let offset = 8 + padded;
  for (const bytes of parts) {
    file.set(bytes, offset);
    offset += bytes.length;
  }
  return file;
}
