import { fail } from './fail.js';

/**
 * Runs through OpenEXR's Huffman codes (of PIZ and DWA) without keeping what they say, and checks that they say exactly
 * `expected` numbers. The library's decoder trusts them: on codes that give more it never ends.
 *
 * Layout: first and last symbol with a code, bytes of the table, number of bits, a reserved word (32 bits each); the
 * lengths of the codes, 6 bits each, 59 to 62 and 63 standing for runs of zeros; then the codes. The last symbol repeats
 * the number before it as often as the next 8 bits say.
 * @throws FormatError where they do not.
 */
export function checkHuffman(bytes: Uint8Array, expected: number): void {
  if (bytes.length < 20) fail('Huffman codes are shorter than their head');
  const head = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [first, last, bits] = [head.getUint32(0, true), head.getUint32(4, true), head.getUint32(12, true)];
  if (first > last || last > 65536) fail('the Huffman table has no symbols');
  const reader = new BitReader(bytes, 20);
  const lengths = readLengths(reader, first, last);
  const codes = new CanonicalCodes(lengths);
  reader.align();
  reader.limit = reader.position + bits;
  if (reader.limit > 8 * bytes.length) fail('Huffman codes go beyond their end');
  const repeat = last - first;
  let count = 0;
  while (reader.position < reader.limit) {
    const symbol = codes.next(reader);
    count += symbol === repeat ? reader.take(8) : 1;
    if (count > expected) fail('Huffman codes say more than there are pixels');
  }
  if (count !== expected) fail(`Huffman codes say ${count} numbers instead of ${expected}`);
}

class BitReader {
  /** In bits. */
  position: number;
  limit: number;
  constructor(
    readonly bytes: Uint8Array,
    start: number,
  ) {
    this.position = 8 * start;
    this.limit = 8 * bytes.length;
  }

  bit(): number {
    if (this.position >= this.limit) fail('Huffman codes end too early');
    const at = this.position++;
    return (this.bytes[at >> 3] >> (7 - (at & 7))) & 1;
  }

  take(count: number): number {
    let value = 0;
    for (let k = 0; k < count; k++) value = 2 * value + this.bit();
    return value;
  }

  align(): void {
    this.position = 8 * Math.ceil(this.position / 8);
  }
}

/** Lengths of the codes of symbols first..last. */
function readLengths(reader: BitReader, first: number, last: number): Uint8Array {
  const lengths = new Uint8Array(last - first + 1);
  for (let k = 0; k < lengths.length; k++) {
    const length = reader.take(6);
    if (length < 59) {
      lengths[k] = length;
      continue;
    }
    const zeros = length === 63 ? reader.take(8) + 6 : length - 57;
    if (k + zeros > lengths.length) fail('the Huffman table is longer than its symbols');
    k += zeros - 1;
  }
  return lengths;
}

/** Longer codes would not fit the library's decoder; no image needs them. */
const longest = 24;

/** Codes by length: those of one length are consecutive, longer ones come first. */
class CanonicalCodes {
  readonly #start = new Float64Array(longest + 2);
  readonly #symbols: number[][] = Array.from({ length: longest + 1 }, () => []);

  constructor(lengths: Uint8Array) {
    lengths.forEach((length, symbol) => {
      if (length > longest) fail(`a Huffman code has ${length} bits`);
      if (length > 0) this.#symbols[length].push(symbol);
    });
    for (let length = longest; length > 0; length--) {
      const above = this.#start[length + 1] + (this.#symbols[length + 1]?.length ?? 0);
      this.#start[length] = Math.floor(above / 2);
      if (this.#start[length] + this.#symbols[length].length > 2 ** length) fail('the Huffman table is no prefix code');
    }
  }

  next(reader: BitReader): number {
    let code = 0;
    for (let length = 1; length <= longest; length++) {
      code = 2 * code + reader.bit();
      const index = code - this.#start[length];
      if (index >= 0) return this.#symbols[length][index] ?? fail('a Huffman code has no meaning');
    }
    return fail('a Huffman code has no meaning');
  }
}
