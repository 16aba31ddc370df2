import { open, type FileHandle } from 'node:fs/promises';
import { ChiaroError, FormatError } from '../engine.js';
import { decodeElements, elementBytes, emptyElements, type Elements } from '../io/elements.js';
import {
  elementTypeOf,
  headerLengthOf,
  prefixLength,
  readHeader,
  type SafetensorsHeader,
} from '../io/safetensors/header.js';

/** Bytes that are read at once. */
const piece = 16 * 2 ** 20;

/** A part of an array: shape and elements, as `Module.load` takes them. */
export interface ArraySlice {
  readonly shape: readonly number[];
  readonly data: Elements;
}

/**
 * A safetensors file of which only what is asked for is read, so that it may be larger than memory. Node maps no files into
 * memory; reads at places of the file do as well, since arrays lie in it row after row. Slices may be asked for at the same
 * time. Made by `openSafetensors`.
 */
export class SafetensorsReader {
  /** @internal */
  constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    private readonly header: SafetensorsHeader,
  ) {}

  get metadata(): SafetensorsHeader['metadata'] {
    return this.header.metadata;
  }

  /** Types, shapes and places of the arrays, by name. */
  get arrays(): SafetensorsHeader['arrays'] {
    return this.header.arrays;
  }

  /**
   * Reads rows of an array, elements along its first dimension, or all of it.
   * @param start the first row: 0.
   * @param end the row after the last one: the number of rows.
   * @throws ChiaroError for a name or rows that are not there; FormatError where the file has become shorter, or holds 64-bit
   * integers that a number cannot.
   *
   * @example const { shape, data } = await reader.slice('embedding.weight', 1000, 1064); // [64, 768]
   */
  async slice(name: string, start = 0, end?: number): Promise<ArraySlice> {
    const array = this.header.arrays.get(name);
    if (!array) {
      const known = [...this.header.arrays.keys()].slice(0, 8).join(', ');
      throw new ChiaroError(
        `slice: ${this.path} has no array ${JSON.stringify(name)}; it begins with ${known || 'none'}`,
      );
    }
    const [rows = 1, ...rest] = array.shape;
    const last = end ?? rows;
    if (!(Number.isInteger(start) && Number.isInteger(last) && 0 <= start && start <= last && last <= rows)) {
      throw new ChiaroError(`slice: ${JSON.stringify(name)} has rows 0 to ${rows}, asked for ${start} to ${last}`);
    }
    const type = elementTypeOf(array.type);
    const length = rest.reduce((product, n) => product * n, 1);
    const data = emptyElements(type, (last - start) * length);
    const from = array.start + start * length * elementBytes[type];
    await this.#read(from, data.length * elementBytes[type], (bytes, at) =>
      data.set(decodeElements(type, bytes), at / elementBytes[type]),
    );
    return { shape: array.shape.length === 0 ? [] : [last - start, ...rest], data };
  }

  /** Closes the file. Slices that are under way reject. */
  close(): Promise<void> {
    return this.file.close();
  }

  /** Reads a stretch of the file in pieces, which begin at multiples of every element's size. */
  async #read(from: number, length: number, take: (bytes: Uint8Array, at: number) => void): Promise<void> {
    const buffer = new Uint8Array(Math.min(piece, length));
    for (let at = 0; at < length; at += buffer.length) {
      const bytes = buffer.subarray(0, Math.min(buffer.length, length - at));
      await fill(this.file, bytes, from + at, this.path);
      take(bytes, at);
    }
  }
}

async function fill(file: FileHandle, bytes: Uint8Array, from: number, path: string): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, from + done);
    if (bytesRead === 0) throw new FormatError(`safetensors: ${path} ends at ${from + done}, where it went on before`);
    done += bytesRead;
  }
}

/**
 * Opens a safetensors file to read parts of it. Only the header is read, and every size in it checked against the file.
 * @throws FormatError that says what is wrong; what Node throws where there is no file. Nothing stays open then.
 *
 * @example
 * const reader = await openSafetensors('model.safetensors');
 * net.load({ weight: await reader.slice('layers.7.weight'), bias: await reader.slice('layers.7.bias') });
 * await reader.close();
 */
export async function openSafetensors(path: string): Promise<SafetensorsReader> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const prefix = new Uint8Array(Math.min(prefixLength, size));
    await fill(file, prefix, 0, path);
    const bytes = new Uint8Array(headerLengthOf(prefix, size));
    await fill(file, bytes, prefixLength, path);
    return new SafetensorsReader(path, file, readHeader(bytes, size));
  } catch (error) {
    await file.close();
    throw error;
  }
}
