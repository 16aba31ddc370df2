import { compressions, magic } from './chunks.js';
import type { ExrFile } from './chunks.js';

/**
 * The bytes of a file with the attributes that OpenEXR demands and no others, chunks in order of rows, and `padding` zero
 * bytes at the end.
 */
export function assembleEXR(file: ExrFile, padding = 0): Uint8Array<ArrayBuffer> {
  const { width, height, channels, compression } = file;
  const chunks = [...file.chunks].sort((a, b) => a.row - b.row);
  const bytes: number[] = [...ints(magic), 2, 0, 0, 0];
  const attribute = (name: string, type: string, value: readonly number[]): void => {
    bytes.push(...text(name), ...text(type), ...ints(value.length), ...value);
  };
  const window = ints(0, 0, width - 1, height - 1);
  const list = channels.flatMap(({ name, type }) => [...text(name), ...ints(type, 0, 1, 1)]);
  attribute('channels', 'chlist', [...list, 0]);
  attribute('compression', 'compression', [compression]);
  attribute('dataWindow', 'box2i', window);
  attribute('displayWindow', 'box2i', window);
  attribute('lineOrder', 'lineOrder', [0]);
  attribute('pixelAspectRatio', 'float', floats(1));
  attribute('screenWindowCenter', 'v2f', floats(0, 0));
  attribute('screenWindowWidth', 'float', floats(1));
  bytes.push(0);

  const body = chunks.reduce((sum, c) => sum + 8 + c.bytes.length, 0);
  const result = new Uint8Array(bytes.length + 8 * chunks.length + body + padding);
  result.set(bytes);
  const view = new DataView(result.buffer);
  let at = bytes.length + 8 * chunks.length;
  chunks.forEach((chunk, k) => {
    view.setUint32(bytes.length + 8 * k, at, true);
    view.setInt32(at, chunk.row, true);
    view.setInt32(at + 4, chunk.bytes.length, true);
    result.set(chunk.bytes, at + 8);
    at += 8 + chunk.bytes.length;
  });
  return result;
}

const text = (value: string): number[] => [...new TextEncoder().encode(value), 0];
const ints = (...values: number[]): number[] => [...new Uint8Array(Int32Array.from(values).buffer)];
const floats = (...values: number[]): number[] => [...new Uint8Array(Float32Array.from(values).buffer)];

/** Index of the method without compression. */
export const uncompressed = compressions.findIndex((c) => c.name === 'none');
