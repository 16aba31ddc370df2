import type { NamedArray } from '../../layers/module.js';
import { decodeElements, type Elements } from '../elements.js';
import { elementTypeOf, headerLengthOf, prefixLength, readHeader, type SafetensorsType } from './header.js';

/** One array of a file, without its name. */
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

/**
 * Reads where things lie in a safetensors file: the length of the header in 8 bytes, a JSON header of names, types, shapes
 * and places, then the raw numbers, without gaps. Every size is checked against the file before anything is made of it. For
 * files that do not fit into memory there is `openSafetensors` of `@chiaro/nn/node`.
 * @throws FormatError that says what is wrong.
 */
export function parseSafetensors(bytes: Uint8Array): SafetensorsFile {
  const length = headerLengthOf(bytes.subarray(0, prefixLength), bytes.length);
  const { metadata, arrays } = readHeader(bytes.subarray(prefixLength, prefixLength + length), bytes.length);
  const stored = [...arrays].map(([name, { type, shape, start, end }]): [string, StoredArray] => [
    name,
    { type, shape, bytes: bytes.subarray(start, end) },
  ]);
  return { metadata, arrays: new Map(stored) };
}

/** The elements of a stored array: halves widened to float32, 64-bit integers as float64 if that loses nothing. */
export const storedElements = ({ type, bytes }: StoredArray): Elements => decodeElements(elementTypeOf(type), bytes);

/**
 * Reads a safetensors file: arrays by name, for `Module.load`. `parseSafetensors` gives the same without reading elements,
 * for files of which only a part is needed.
 * @throws FormatError that says what is wrong.
 */
export function readSafetensors(bytes: Uint8Array): Record<string, NamedArray & { readonly data: Elements }> {
  const { arrays } = parseSafetensors(bytes);
  return Object.fromEntries(
    [...arrays].map(([name, stored]) => [name, { shape: stored.shape, data: storedElements(stored) }]),
  );
}
