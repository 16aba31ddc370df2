import { FormatError } from '../../../engine.js';

/** Throws what is wrong with an HDF5 file. */
export const broken = (why: string): never => {
  throw new FormatError(`HDF5 file: ${why}`);
};

/** Bytes of addresses and of lengths in a file. */
export interface Widths {
  readonly address: number;
  readonly length: number;
}

/** An address that stands for nothing: all bits set. */
export const nowhere = -1;

/** Reads little-endian numbers one after the other; what would leave the bytes is a FormatError. */
export class Cursor {
  readonly #view: DataView;

  constructor(
    readonly bytes: Uint8Array,
    readonly widths: Widths,
    public at = 0,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #take(count: number): number {
    const at = this.at;
    if (!(at >= 0 && count <= this.bytes.length - at))
      broken(`${count} bytes are needed at byte ${at} of ${this.bytes.length}`);
    this.at += count;
    return at;
  }

  /** The rest of the file from another byte on. */
  from(at: number): Cursor {
    return new Cursor(this.bytes, this.widths, at);
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

  /** A whole number of 2, 4 or 8 bytes; one beyond 2^53 cannot mean anything here. */
  #whole(width: number): number {
    if (width === 2) return this.u16();
    if (width === 4) return this.u32();
    const value = this.#view.getBigUint64(this.#take(8), true);
    return value === 0xffffffffffffffffn ? nowhere : Number(value);
  }

  /** An address, or `nowhere`. */
  address(): number {
    const value = this.#whole(this.widths.address);
    return this.widths.address < 8 && value === 2 ** (8 * this.widths.address) - 1 ? nowhere : value;
  }

  length(): number {
    return this.#whole(this.widths.length);
  }

  skip(count: number): void {
    this.#take(count);
  }

  slice(count: number): Uint8Array {
    const at = this.#take(count);
    return this.bytes.subarray(at, at + count);
  }

  /** @throws FormatError unless the next bytes are this text. */
  expect(signature: string): void {
    const at = this.at;
    const found = String.fromCharCode(...this.slice(signature.length));
    if (found !== signature) broken(`${signature} is missing at byte ${at}`);
  }
}
