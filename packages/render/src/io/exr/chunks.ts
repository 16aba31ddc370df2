import { mostPixels } from '../codec.js';
import { checkDwa, checkPiz } from './packed.js';
import { fail } from './fail.js';

/** Compression methods by their number, and how many rows each packs together. */
export const compressions = [
  { name: 'none', rows: 1 },
  { name: 'RLE', rows: 1 },
  { name: 'ZIPS', rows: 1 },
  { name: 'ZIP', rows: 16 },
  { name: 'PIZ', rows: 32 },
  { name: 'PXR24', rows: 16 },
  { name: 'B44', rows: 32 },
  { name: 'B44A', rows: 32 },
  { name: 'DWAA', rows: 32 },
  { name: 'DWAB', rows: 256 },
] as const;

/** One channel: its name and 1 for half, 2 for float. */
export interface Channel {
  readonly name: string;
  readonly type: 1 | 2;
}

/** Rows of pixels as they lie in the file. */
export interface Chunk {
  /** First row, from the top of the data window. */
  readonly row: number;
  readonly bytes: Uint8Array;
}

/** An EXR file taken apart: what an image consists of, nothing else. */
export interface ExrFile {
  readonly width: number;
  readonly height: number;
  /** In the file's (alphabetical) order. */
  readonly channels: readonly Channel[];
  /** Index into `compressions`. */
  readonly compression: number;
  readonly chunks: readonly Chunk[];
}

export const magic = 20000630;

/** True for files that begin as OpenEXR images do. */
export const isEXR = (bytes: Uint8Array): boolean =>
  bytes.length > 8 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === magic;

/** A reader that never leaves the bytes. */
class Cursor {
  at = 8;
  readonly #view: DataView;
  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Steps over `size` bytes and returns where they begin. */
  skip(size: number): number {
    const start = this.at;
    if (size < 0 || start + size > this.bytes.length) fail('the file ends too early');
    this.at += size;
    return start;
  }

  int(): number {
    return this.#view.getInt32(this.skip(4), true);
  }

  /** A 64-bit offset; beyond 2^53 it is outside of any file anyway. */
  long(): number {
    const start = this.skip(8);
    return this.#view.getUint32(start, true) + 2 ** 32 * this.#view.getUint32(start + 4, true);
  }

  text(): string {
    const end = this.bytes.subarray(this.at, this.at + 256).indexOf(0);
    if (end < 0) fail('a name in the header has no end');
    const text = new TextDecoder('latin1').decode(this.bytes.subarray(this.at, this.at + end));
    this.at += end + 1;
    return text;
  }
}

/**
 * Takes a file apart and checks it: header, table of offsets, every chunk within the file and in its place.
 * @throws FormatError for tiled, deep and multi-part files, and for broken ones.
 */
export function readChunks(bytes: Uint8Array): ExrFile {
  if (!isEXR(bytes)) fail('the file does not begin with the number of OpenEXR files');
  const flags = bytes[5];
  if ((flags & 2) !== 0) fail('tiled images are not read; save the image by scan lines');
  if ((flags & 0x18) !== 0) fail('deep and multi-part files are not read; save a flat image in one part');
  const cursor = new Cursor(bytes);
  let channels: readonly Channel[] | undefined;
  let window: number[] | undefined;
  let compression: number | undefined;
  for (let name = cursor.text(); name !== ''; name = cursor.text()) {
    const type = cursor.text();
    const size = cursor.int();
    const end = cursor.skip(size) + size;
    cursor.at = end - size;
    if (type === 'chlist') channels = readChannels(cursor, end);
    else if (type === 'box2i' && name === 'dataWindow') window = [0, 1, 2, 3].map(() => cursor.int());
    else if (type === 'compression') compression = bytes[cursor.skip(1)];
    cursor.at = end;
  }
  if (channels === undefined || window === undefined || compression === undefined) {
    return fail('the header lacks channels, dataWindow or compression');
  }
  const [width, height] = [window[2] - window[0] + 1, window[3] - window[1] + 1];
  const method = compressions[compression] ?? fail(`compression ${compression} is not known`);
  const rowBytes = width * channels.reduce((sum, c) => sum + 2 * c.type, 0);
  const count = Math.ceil(height / method.rows);
  if (!(width > 0 && height > 0)) fail(`the data window is ${width} x ${height}`);
  // deflate shrinks to 1/1032 at best, the others less
  if (width * height > mostPixels || rowBytes * height > 2048 * bytes.length || 16 * count > bytes.length) {
    fail(`a file of ${bytes.length} bytes cannot hold ${width} x ${height} pixels`);
  }
  const offsets = Array.from({ length: count }, () => cursor.long());
  const seen = new Set<number>();
  const chunks = offsets.map((offset): Chunk => {
    cursor.at = offset;
    const row = cursor.int() - window[1];
    const size = cursor.int();
    const rows = Math.min(method.rows, height - row);
    if (row < 0 || row >= height || row % method.rows !== 0 || seen.has(row)) fail(`a chunk is for row ${row}`);
    seen.add(row);
    if (size < rows * rowBytes && method.name === 'none') fail(`a chunk of ${size} bytes is smaller than its rows`);
    if (size > rows * rowBytes) fail(`a chunk of ${size} bytes is larger than its ${rows} rows`);
    const start = cursor.skip(size);
    const chunk = { row, bytes: bytes.subarray(start, start + size) };
    if (size < rows * rowBytes) {
      if (method.name.startsWith('DWA')) checkDwa(chunk.bytes, width * rows, channels.length);
      if (method.name === 'PIZ') checkPiz(chunk.bytes, (rows * rowBytes) / 2);
    }
    return chunk;
  });
  return { width, height, channels, compression, chunks };
}

function readChannels(cursor: Cursor, end: number): Channel[] {
  const channels: Channel[] = [];
  for (let name = cursor.text(); name !== ''; name = cursor.text()) {
    const type = cursor.int();
    cursor.skip(4);
    const [x, y] = [cursor.int(), cursor.int()];
    if (type !== 1 && type !== 2) fail(`channel ${name} holds integers; only half and float are read`);
    if (x !== 1 || y !== 1) fail(`channel ${name} is sampled at every ${x} x ${y} pixels only`);
    if (channels.length > 0 && channels[0].type !== type) fail('channels of half and float in one image are not read');
    if (channels.length === 64 || cursor.at > end) fail('the list of channels does not end');
    channels.push({ name, type: type as 1 | 2 });
  }
  return channels;
}
