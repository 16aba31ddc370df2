import type { NamedArray } from '../../layers/module.js';
import { decodeElements, type Elements } from '../elements.js';
import { elementTypeOf, parseSafetensors, type StoredArray } from './header.js';

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
