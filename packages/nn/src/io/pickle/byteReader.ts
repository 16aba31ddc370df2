import { FormatError } from '../../engine.js';

/** A character for each byte, of the same number; what `TextDecoder` calls latin1 is windows-1252. */
function latin1Text(bytes: Uint8Array): string {
  const parts: string[] = [];
  const step = 8192; // arguments of a call
  for (let at = 0; at < bytes.length; at += step) parts.push(String.fromCharCode(...bytes.subarray(at, at + step)));
  return parts.join('');
}

/** Reads bytes one after the other; everything that would leave them is a FormatError. */
export class ByteReader {
  /** The next byte. */
  at = 0;
  readonly #view: DataView;

  constructor(private readonly source: Uint8Array) {
    this.#view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  }

  /** The place of the next `count` bytes, which are then behind. */
  #take(count: number): number {
    const at = this.at;
    if (count > this.source.length - at) {
      throw new FormatError(
        `the file ends ${this.source.length - at} bytes after byte ${at}, where ${count} are needed`,
      );
    }
    this.at += count;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }
  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }
  /** Big endian, as pickles have it. */
  f64(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  /** A length of 4 or 8 bytes, of something that follows. */
  length(width: 4 | 8): number {
    const at = this.#take(width);
    return width === 4 ? this.#view.getUint32(at, true) : Number(this.#view.getBigUint64(at, true));
  }

  /** Bytes, without a copy. */
  bytes(count: number): Uint8Array {
    const at = this.#take(count);
    return this.source.subarray(at, at + count);
  }

  text(count: number): string {
    return new TextDecoder().decode(this.bytes(count));
  }

  latin1(count: number): string {
    return latin1Text(this.bytes(count));
  }

  /** Text up to the next end of line, which is left out. */
  line(): string {
    const text = this.text(this.#lineLength());
    this.at++;
    return text;
  }

  /** As `line`, with a byte for each character. */
  latin1Line(): string {
    const text = this.latin1(this.#lineLength());
    this.at++;
    return text;
  }

  #lineLength(): number {
    const end = this.source.indexOf(0x0a, this.at);
    if (end < 0) throw new FormatError(`the file ends in a line that begins at byte ${this.at}`);
    return end - this.at;
  }

  /** A whole number in two's complement, little endian; as a bigint where a number would lose digits. */
  long(count: number): number | bigint {
    let value = 0n;
    const bytes = this.bytes(count);
    // what is longer than any number that we could mean is not worth the time that it takes
    if (count > 64) throw new FormatError(`a whole number of ${count} bytes is too long`);
    bytes.forEach((byte, i) => (value |= BigInt(byte) << BigInt(8 * i)));
    const signed = BigInt.asIntN(8 * count, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  }
}
