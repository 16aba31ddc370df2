import { FormatError } from '../../engine.js';
import { inflate } from './inflate.js';

/** A numeric array of a MAT file. */
export interface MatArray {
  readonly shape: readonly number[];
  /** Column-major, as MATLAB has it; rounded to float32, so whole numbers are exact to 2^24. */
  readonly data: Float32Array;
}

const fail = (why: string): never => {
  throw new FormatError(`MAT file: ${why}`);
};

/** Types of data elements (MAT-File Format, MathWorks, table 1-1). */
const [miMatrix, miCompressed] = [14, 15];
/** Array classes of numbers (table 1-3): double to uint64. */
const [firstNumericClass, lastNumericClass] = [6, 15];
const complexFlag = 0x08;

/** Bytes and reader of the numeric element types. */
const numeric: Readonly<Record<number, [number, (view: DataView, at: number, little: boolean) => number]>> = {
  1: [1, (view, at) => view.getInt8(at)],
  2: [1, (view, at) => view.getUint8(at)],
  3: [2, (view, at, little) => view.getInt16(at, little)],
  4: [2, (view, at, little) => view.getUint16(at, little)],
  5: [4, (view, at, little) => view.getInt32(at, little)],
  6: [4, (view, at, little) => view.getUint32(at, little)],
  7: [4, (view, at, little) => view.getFloat32(at, little)],
  9: [8, (view, at, little) => view.getFloat64(at, little)],
  12: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  13: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
};

interface Element {
  readonly type: number;
  readonly bytes: Uint8Array;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The data elements that bytes consist of, one after the other, each at a multiple of 8 but compressed ones. */
function* elementsOf(bytes: Uint8Array, little: boolean): Generator<Element> {
  const view = viewOf(bytes);
  for (let at = 0; at + 8 <= bytes.length;) {
    const tag = view.getUint32(at, little);
    // small elements keep type and size in four bytes, and the data in the next four
    const small = tag >>> 16 !== 0;
    const [type, size] = small ? [tag & 0xffff, tag >>> 16] : [tag, view.getUint32(at + 4, little)];
    const start = at + (small ? 4 : 8);
    if (size > (small ? 4 : bytes.length - start))
      fail(`an element of ${size} bytes does not fit into the ${bytes.length - start} that follow byte ${start}`);
    yield { type, bytes: bytes.subarray(start, start + size) };
    at = small ? at + 8 : start + (type === miCompressed ? size : 8 * Math.ceil(size / 8));
  }
}

/** The element that a compressed one holds: its tag says how long it is. */
const inflated = (bytes: Uint8Array, little: boolean): Promise<Uint8Array> =>
  inflate(bytes, 8, (tag) => 8 + viewOf(tag).getUint32(4, little));

function wholeNumbers({ type, bytes }: Element, what: string, little: boolean): number[] {
  const [width, read] = numeric[type] ?? fail(`${what} are of the element type ${type}`);
  const view = viewOf(bytes);
  return Array.from({ length: Math.floor(bytes.length / width) }, (_, k) => read(view, k * width, little));
}

/** The variable of a matrix element, if it is one of those wanted. */
function variable(
  content: Uint8Array,
  wanted: ReadonlySet<string>,
  little: boolean,
): { readonly name: string; readonly array: MatArray } | undefined {
  const [flags, dimensions, nameElement, real] = elementsOf(content, little);
  if (flags === undefined || dimensions === undefined || nameElement === undefined || flags.bytes.length < 8)
    return fail('a variable has no class, size or name');
  const name = new TextDecoder('latin1').decode(nameElement.bytes);
  if (!wanted.has(name)) return undefined;
  const word = viewOf(flags.bytes).getUint32(0, little);
  const kind = word & 0xff;
  if (kind < firstNumericClass || kind > lastNumericClass) return fail(`${name} is no array of numbers`);
  if (((word >>> 8) & complexFlag) !== 0) return fail(`${name} is complex`);
  const shape = wholeNumbers(dimensions, `the sizes of ${name}`, little);
  if (real === undefined) return fail(`${name} has no elements`);
  const [width, read] = numeric[real.type] ?? fail(`${name} is stored as element type ${real.type}`);
  const count = shape.reduce((product, n) => product * n, 1);
  if (!shape.every((n) => n >= 0) || count * width !== real.bytes.length)
    return fail(`${name} is [${shape.join(', ')}], which ${real.bytes.length} bytes of ${width} each cannot be`);
  const view = viewOf(real.bytes);
  const data = new Float32Array(count);
  for (let k = 0; k < count; k++) data[k] = read(view, k * width, little);
  return { name, array: { shape, data } };
}

/**
 * Reads numeric arrays of a MAT file of level 5 (MATLAB 5 to 7.2; MAT-File Format, MathWorks): either byte order,
 * compressed or not. Other variables are skipped unread.
 * @param names the variables that are read.
 * @returns those of them that the file has.
 * @throws FormatError for other files (those of version 7.3 are HDF5), and where sizes do not fit the bytes.
 */
export async function readMat5(bytes: Uint8Array, names: readonly string[]): Promise<Map<string, MatArray>> {
  const order = bytes.length < 128 ? '' : String.fromCharCode(bytes[126], bytes[127]);
  if (order !== 'IM' && order !== 'MI') return fail('the file has no header of level 5');
  const little = order === 'IM';
  const wanted = new Set(names);
  const found = new Map<string, MatArray>();
  for (const element of elementsOf(bytes.subarray(128), little)) {
    const inner =
      element.type === miCompressed ? [...elementsOf(await inflated(element.bytes, little), little)] : [element];
    for (const { type, bytes: content } of inner) {
      const entry = type === miMatrix ? variable(content, wanted, little) : undefined;
      if (entry) found.set(entry.name, entry.array);
    }
  }
  return found;
}
