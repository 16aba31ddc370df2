import { storedElements, type StoredArray } from '@chiaro/nn';
import { FormatError } from '../../engine.js';

/** The elements of a stored array as float32. */
export const storedNumbers = (stored: StoredArray): Float32Array => {
  const elements = storedElements(stored);
  return elements instanceof Float32Array ? elements : Float32Array.from(elements);
};

/** The elements of a stored array of integers that are indices. @throws FormatError for a negative one or other types. */
export function storedIndices(name: string, stored: StoredArray): Uint32Array {
  const { type } = stored;
  if (type !== 'I32' && type !== 'U16')
    throw new FormatError(`${JSON.stringify(name)} must be I32 or U16, not ${type}`);
  return Uint32Array.from(storedElements(stored), (value, k) => {
    if (value < 0) throw new FormatError(`entry ${k} of ${JSON.stringify(name)} is ${value}`);
    return value;
  });
}
