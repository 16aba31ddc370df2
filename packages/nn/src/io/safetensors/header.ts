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
export interface PlacedArray {
  readonly type: SafetensorsType;
  readonly shape: readonly number[];
  /** Where its bytes begin in the file. */
  readonly start: number;
  /** Where they end. */
  readonly end: number;
}

/** What a file says about itself. */
export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  readonly arrays: ReadonlyMap<string, PlacedArray>;
}

const fail = (why: string): never => {
  throw new FormatError(`safetensors: ${why}`);
};

const isRecord = (x: unknown): x is Record<string, unknown> => typeof x === 'object' && x !== null && !Array.isArray(x);
const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;

/** Bytes of a file before its header, which say how long it is. */
export const prefixLength = 8;

/**
 * The length of the header by the first bytes of a file.
 * @param fileLength bytes of the whole file.
 * @throws FormatError where there is no header, or none that fits.
 */
export function headerLengthOf(prefix: Uint8Array, fileLength: number): number {
  if (prefix.length < prefixLength) fail(`${prefix.length} bytes hold no header`);
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  const length = view.getUint32(0, true);
  if (view.getUint32(4, true) !== 0 || length > Math.min(largestHeader, fileLength - prefixLength)) {
    fail(`a header of ${length} bytes does not fit into a file of ${fileLength}`);
  }
  return length;
}

/**
 * Reads where things lie in a file: a JSON header of names, types, shapes and places, before the raw numbers, which lie
 * without gaps. Every size is checked against the file.
 * @param bytes of the header, without the prefix.
 * @param fileLength bytes of the whole file.
 * @throws FormatError that says what is wrong.
 */
export function readHeader(bytes: Uint8Array, fileLength: number): SafetensorsHeader {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new FormatError(`safetensors: the header is no JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!isRecord(header)) return fail('the header is no object');
  const first = prefixLength + bytes.length;
  const arrays = new Map<string, PlacedArray>();
  const metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (!isRecord(entry)) return fail(`the entry ${JSON.stringify(name)} is no object`);
    if (name === '__metadata__') {
      for (const [key, value] of Object.entries(entry)) {
        metadata[key] = typeof value === 'string' ? value : fail(`metadata ${JSON.stringify(key)} is no text`);
      }
    } else arrays.set(name, placedArray(name, entry, first, fileLength - first));
  }
  expectCovered(first, fileLength, arrays);
  return { metadata, arrays };
}

/** The format leaves no byte to nobody or to two arrays: a file that was joined, or goes on behind its end, is damaged. */
function expectCovered(first: number, fileLength: number, arrays: ReadonlyMap<string, PlacedArray>): void {
  let last = first;
  for (const [name, { start, end }] of [...arrays].sort(([, a], [, b]) => a.start - b.start || a.end - b.end)) {
    if (start !== last) {
      fail(`the array ${JSON.stringify(name)} begins at ${start - first}, the one before it ends at ${last - first}`);
    }
    last = end;
  }
  if (last !== fileLength) fail(`${fileLength - last} bytes follow the last array`);
}

function placedArray(name: string, entry: Record<string, unknown>, first: number, length: number): PlacedArray {
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
  if (start > end || end > length || end - start !== size) {
    return fail(
      `the array ${JSON.stringify(name)} [${shape.join(', ')}] of ${size} bytes lies at ${start} to ${end} of ${length}`,
    );
  }
  return { type, shape: shape as number[], start: first + start, end: first + end };
}
