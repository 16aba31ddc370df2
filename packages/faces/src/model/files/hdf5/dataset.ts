import { inflate } from '../inflate.js';
import { broken, nowhere } from './cursor.js';
import type { Cursor } from './cursor.js';
import { messagesOf, messageTypes, treeLeaves } from './objects.js';

/** An array of numbers of an HDF5 file, row-major. */
export interface Hdf5Array {
  readonly shape: readonly number[];
  /** Rounded to float32: whole numbers are exact to 2^24. */
  readonly data: Float32Array;
}

type Decode = (view: DataView, at: number) => number;

interface NumberType {
  readonly size: number;
  readonly decode: Decode;
}

/** Of the filters of the pipeline those that are undone here. */
const [deflateFilter, shuffleFilter] = [1, 2];

/** No stored byte stands for more than deflate can make of it. */
const largestRatio = 1032;

function numberType(content: Cursor): NumberType {
  const kind = content.u8() & 0x0f;
  const flags = content.u8();
  content.skip(2);
  const size = content.u32();
  const little = (flags & 1) === 0;
  const signed = (flags & 8) !== 0;
  const decoders: Readonly<Record<string, Decode>> = {
    '1-4': (view, at) => view.getFloat32(at, little),
    '1-8': (view, at) => view.getFloat64(at, little),
    '0-1': signed ? (view, at) => view.getInt8(at) : (view, at) => view.getUint8(at),
    '0-2': signed ? (view, at) => view.getInt16(at, little) : (view, at) => view.getUint16(at, little),
    '0-4': signed ? (view, at) => view.getInt32(at, little) : (view, at) => view.getUint32(at, little),
    '0-8': signed
      ? (view, at) => Number(view.getBigInt64(at, little))
      : (view, at) => Number(view.getBigUint64(at, little)),
  };
  const decode = decoders[`${kind}-${size}`] ?? broken(`elements of class ${kind} and ${size} bytes are not supported`);
  return { size, decode };
}

function dataspace(content: Cursor): number[] {
  const version = content.u8();
  if (version !== 1 && version !== 2) return broken(`version ${version} of a dataspace is not known`);
  const rank = content.u8();
  content.skip(version === 1 ? 6 : 2);
  if (rank > 32) return broken(`an array has ${rank} dimensions`);
  return Array.from({ length: rank }, () => content.length());
}

function filtersOf(content: Cursor): number[] {
  const version = content.u8();
  const count = content.u8();
  if (version === 1) content.skip(6);
  return Array.from({ length: count }, () => {
    const id = content.u16();
    const nameLength = version === 1 || id >= 256 ? content.u16() : 0;
    content.skip(2);
    const values = content.u16();
    content.skip(version === 1 ? 8 * Math.ceil(nameLength / 8) : nameLength);
    content.skip(4 * (values + (version === 1 ? values % 2 : 0)));
    if (id !== deflateFilter && id !== shuffleFilter) broken(`filter ${id} is not supported; deflate and shuffle are`);
    return id;
  });
}

/** Bytes that were sorted by their place in the element, in the order of elements again. */
function unshuffled(bytes: Uint8Array, size: number): Uint8Array {
  const count = Math.floor(bytes.length / size);
  const result = bytes.slice();
  for (let k = 0; k < count; k++) for (let j = 0; j < size; j++) result[k * size + j] = bytes[j * count + k];
  return result;
}

/**
 * Reads the array at an object's address: whole numbers and floats, compact, contiguous or in chunks that are listed in a
 * tree of version 1, with deflate and shuffle. What was never written is 0.
 * @throws FormatError for anything else; the size is checked against the file before memory is taken.
 */
export async function arrayAt(file: Cursor, address: number, path: string): Promise<Hdf5Array> {
  const messages = messagesOf(file, address);
  const find = (type: number): Cursor | undefined => messages.find((m) => m.type === type)?.content;
  const take = (type: number): Cursor => find(type) ?? broken(`${path} is no array`);
  const shape = dataspace(take(messageTypes.dataspace));
  const element = numberType(take(messageTypes.datatype));
  const count = shape.reduce((product, n) => product * n, 1);
  if (!(count * element.size <= file.bytes.length * largestRatio) || shape.some((n) => n < 0))
    return broken(`${path} is [${shape.join(', ')}], more than ${file.bytes.length} bytes can hold`);
  const layout = take(messageTypes.layout);
  const filterMessage = find(messageTypes.filters);
  const filters = filterMessage ? filtersOf(filterMessage) : [];
  const version = layout.u8();
  if (version !== 3)
    return broken(`${path} has a layout of version ${version}; known is 3, of the earliest library version`);
  const kind = layout.u8();
  if (kind === 2) return chunked(file, path, layout, { shape, count, element, filters });
  if (filters.length > 0) return broken(`${path} has filters but no chunks`);
  if (kind > 2) return broken(`${path} has a layout of kind ${kind}`);
  const data = new Float32Array(count);
  const at = kind === 0 ? undefined : layout.address();
  const size = kind === 0 ? layout.u16() : layout.length();
  if (at === nowhere) return { shape, data };
  if (size !== count * element.size)
    return broken(`${path} is [${shape.join(', ')}] in ${size} bytes, ${element.size} for each`);
  const stored = (at === undefined ? layout : file.from(at)).slice(size);
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  for (let k = 0; k < count; k++) data[k] = element.decode(view, k * element.size);
  return { shape, data };
}

interface ChunkedArray {
  readonly shape: readonly number[];
  readonly count: number;
  readonly element: NumberType;
  readonly filters: readonly number[];
}

async function chunked(
  file: Cursor,
  path: string,
  layout: Cursor,
  { shape, count, element, filters }: ChunkedArray,
): Promise<Hdf5Array> {
  const rank = shape.length;
  if (layout.u8() !== rank + 1) return broken(`${path} has chunks of another rank`);
  const tree = layout.address();
  const chunkShape = Array.from({ length: rank }, () => layout.u32());
  const chunkBytes = chunkShape.reduce((product, n) => product * n, element.size);
  if (layout.u32() !== element.size || !chunkShape.every((n) => n > 0))
    return broken(`${path} has chunks of [${chunkShape.join(', ')}] elements of another size`);
  const data = new Float32Array(count);
  if (tree === nowhere) return { shape, data };
  const chunks = new Map<string, { offset: number[]; size: number; mask: number; at: number }>();
  treeLeaves(file, tree, 8 + 8 * (rank + 1), (entry) => {
    const [size, mask] = [entry.u32(), entry.u32()];
    const offset = shape.map(() => entry.u32() + 2 ** 32 * entry.u32());
    entry.skip(8);
    if (offset.some((n, d) => n >= shape[d] || n % chunkShape[d] !== 0))
      broken(`${path} has a chunk at [${offset.join(', ')}]`);
    if (mask !== 0) broken(`${path} has a chunk without some of the filters`);
    chunks.set(offset.join(), { offset, size, mask, at: entry.address() });
  });
  for (const { offset, size, at } of chunks.values()) {
    let bytes: Uint8Array = file.from(at).slice(size);
    for (const filter of [...filters].reverse()) {
      if (filter === deflateFilter) bytes = await inflate(bytes, 0, () => chunkBytes);
      else bytes = unshuffled(bytes, element.size);
    }
    if (bytes.length !== chunkBytes)
      return broken(`a chunk of ${path} has ${bytes.length} bytes instead of ${chunkBytes}`);
    scatter(bytes, { offset, chunkShape, shape, element }, data);
  }
  return { shape, data };
}

/** Writes a chunk's elements to their places; what lies beyond the array is padding. */
function scatter(
  bytes: Uint8Array,
  {
    offset,
    chunkShape,
    shape,
    element,
  }: Readonly<Record<'offset' | 'chunkShape' | 'shape', readonly number[]>> & {
    readonly element: NumberType;
  },
  data: Float32Array,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const used = chunkShape.map((n, d) => Math.min(n, shape[d] - offset[d]));
  const total = used.reduce((product, n) => product * n, 1);
  const index = used.map(() => 0);
  for (let k = 0; k < total; k++) {
    let [from, to] = [0, 0];
    for (let d = 0; d < shape.length; d++) {
      from = from * chunkShape[d] + index[d];
      to = to * shape[d] + offset[d] + index[d];
    }
    data[to] = element.decode(view, from * element.size);
    for (let d = shape.length - 1; d >= 0 && ++index[d] === used[d]; d--) index[d] = 0;
  }
}
