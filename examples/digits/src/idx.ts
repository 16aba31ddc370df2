import { FormatError } from '@chiaro/autograd';

/** Bytes in a box: what MNIST's files hold. */
export interface IdxBytes {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/**
 * Reads an IDX file of bytes (LeCun's format): two zeros, the type (8: bytes), the number of dimensions, their sizes as
 * big-endian 32-bit numbers, the elements. The elements are a view of the file.
 * @throws FormatError that says what is wrong.
 */
export function parseIdx(file: Uint8Array): IdxBytes {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [zeros, type, rank] = file.length >= 4 ? [view.getUint16(0), file[2]!, file[3]!] : [1, 0, 0];
  if (zeros !== 0 || type !== 8) throw new FormatError('this is no IDX file of bytes');
  const start = 4 + 4 * rank;
  const shape = Array.from({ length: file.length >= start ? rank : 0 }, (_, d) => view.getUint32(4 + 4 * d));
  const size = shape.reduce((product, n) => product * n, 1);
  if (shape.length !== rank || file.length - start !== size) {
    throw new FormatError(`an IDX file of [${shape.join(', ')}] has ${size} elements, this one ${file.length - start}`);
  }
  return { shape, data: file.subarray(start) };
}
