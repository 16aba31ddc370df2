import { FormatError } from '../../engine.js';
import type { NamedArray } from '../../layers/module.js';
import { encodeElements } from '../elements.js';
import { elementTypeOf, type SafetensorsType } from './header.js';

/** An array and how it is stored: as its elements are, unless `type` says otherwise. */
export interface ArrayToStore extends NamedArray {
  /** Numbers are rounded to the type's nearest, and clamped to its range. */
  readonly type?: SafetensorsType;
}

/** The type that holds elements as they are; plain arrays of numbers need float64. */
function naturalType(data: ArrayLike<number>): SafetensorsType {
  if (data instanceof Float32Array) return 'F32';
  if (data instanceof Int32Array) return 'I32';
  if (data instanceof Uint32Array) return 'U32';
  if (data instanceof Uint16Array) return 'U16';
  if (data instanceof Int16Array) return 'I16';
  if (data instanceof Uint8Array) return 'U8';
  if (data instanceof Int8Array) return 'I8';
  return 'F64';
}

/**
 * Writes a safetensors file; the reverse of `readSafetensors`. Arrays lie in the order of the record.
 * @throws FormatError when an array has more or fewer elements than its shape says.
 */
export function writeSafetensors(
  arrays: Readonly<Record<string, ArrayToStore>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const [name, { shape, data, type = naturalType(data) }] of Object.entries(arrays)) {
    const count = shape.reduce((product, n) => product * n, 1);
    if (data.length !== count) {
      throw new FormatError(`safetensors: ${JSON.stringify(name)} [${shape.join(', ')}] got ${data.length} elements`);
    }
    const bytes = encodeElements(elementTypeOf(type), data);
    header[name] = { dtype: type, shape, data_offsets: [at, at + bytes.length] };
    parts.push(bytes);
    at += bytes.length;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(text.length / 8) * 8; // the format wants the numbers aligned
  const file = new Uint8Array(8 + padded + at).fill(0x20, 8, 8 + padded);
  new DataView(file.buffer).setUint32(0, padded, true);
  file.set(text, 8);
  let offset = 8 + padded;
  for (const bytes of parts) {
    file.set(bytes, offset);
    offset += bytes.length;
  }
  return file;
}
