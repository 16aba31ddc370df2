import { FormatError } from '../../engine.js';
import { elementBytes, type ElementType } from '../elements.js';

/** The format's names of element types. */
export type SafetensorsType =
  'BOOL' | 'U8' | 'I8' | 'U16' | 'I16' | 'U32' | 'I32' | 'U64' | 'I64' | 'F16' | 'BF16' | 'F32' | 'F64';

const types: Readonly<Record<SafetensorsType, ElementType>> = {
  ...{ BOOL: 'bool', U8: 'u8', I8: 'i8', U16: 'u16', I16: 'i16', U32: 'u32', I32: 'i32', U64: 'u64', I64: 'i64' },
  ...{ F16: 'f16', BF16: 'bf16', F32: 'f32', F64: 'f64' },
};

/** An element type by the format's name for it. */
export const elementTypeOf = (type: SafetensorsType): ElementType => types[type];

/** A header larger than this is refused; the format's own limit is 100 MB. */
const largestHeader = 100e6;

/** One array of a file: where it lies. */
export interface StoredArray {
  readonly type: SafetensorsType;
  readonly shape: readonly number[];
  /** The elements as they lie in the file, little endian. A view, not a copy. */
  readonly bytes: Uint8Array;
}

/** The contents of a safetensors file. Arrays are views into the bytes that were given. */
export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly arrays: ReadonlyMap<string, StoredArray>;
}

const fail = (why: string): never => {
  throw new FormatError(`safetensors: ${why}`);
};

const isRecord = (x: unknown): x is Record<string, unknown> => typeof x === 'object' && x !== null && !Array.isArray(x);
const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;

/**
 * Reads where things lie in a safetensors file: the length of the header in 8 bytes, a JSON header of names, types, shapes
 * and places, then the raw numbers, without gaps. Every size is checked against the file before anything is made of it.
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
  const arrays = new Map<string, StoredArray>();
  const metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (!isRecord(entry)) return fail(`the entry ${JSON.stringify(name)} is no object`);
    if (name === '__metadata__') {
      for (const [key, value] of Object.entries(entry)) {
        metadata[key] = typeof value === 'string' ? value : fail(`metadata ${JSON.stringify(key)} is no text`);
      }
    } else arrays.set(name, storedArray(name, entry, body));
  }
  expectCovered(body, arrays);
  return { metadata, arrays };
}

/** The format leaves no byte to nobody or to two arrays: a file that was joined, or goes on behind its end, is damaged. */
function expectCovered(body: Uint8Array, arrays: ReadonlyMap<string, StoredArray>): void {
  const starts = [...arrays].map(([name, { bytes }]) => ({ name, at: bytes.byteOffset - body.byteOffset, bytes }));
  let end = 0;
  for (const { name, at, bytes } of starts.sort((a, b) => a.at - b.at || a.bytes.length - b.bytes.length)) {
    if (at !== end) fail(`the array ${JSON.stringify(name)} begins at ${at}, the one before it ends at ${end}`);
    end = at + bytes.length;
  }
  if (end !== body.length) fail(`${body.length - end} bytes follow the last array`);
}

function storedArray(name: string, entry: Record<string, unknown>, body: Uint8Array): StoredArray {
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(types, dtype)) {
    return fail(
      `the array ${JSON.stringify(name)} has the type ${JSON.stringify(dtype)}; known are ${Object.keys(types).join(', ')}`,
    );
  }
  const type = dtype as SafetensorsType;
  if (!Array.isArray(shape) || !shape.every(isCount)) return fail(`the array ${JSON.stringify(name)} has no shape`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    return fail(`the array ${JSON.stringify(name)} has no place in the file`);
  }
  const [start, end] = offsets as [number, number];
  const size = (shape as number[]).reduce((product, n) => product * n, elementBytes[types[type]]);
  if (start > end || end > body.length || end - start !== size) {
    return fail(
      `the array ${JSON.stringify(name)} [${shape.join(', ')}] of ${size} bytes lies at ${start} to ${end} of ${body.length}`,
    );
  }
  return { type, shape: shape as number[], bytes: body.subarray(start, end) };
}
