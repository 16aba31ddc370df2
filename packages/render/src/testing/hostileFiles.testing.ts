import { expect } from 'vitest';
import { ChiaroError } from '../engine.js';
import { randomNumbers } from './random.testing.js';

type Bytes = Uint8Array<ArrayBuffer>;

const edges = [0, 1, 127, 128, 254, 255];

/** Seeded damage: bytes and digits changed, 32-bit numbers made extreme, runs cut out or doubled, the end cut off. */
export function* mutations(original: Uint8Array, count: number, seed: number): Generator<Bytes> {
  const random = randomNumbers(seed);
  const below = (n: number): number => Math.floor(random() * n);
  for (let n = 0; n < count; n++) {
    let bytes: Bytes = new Uint8Array(original);
    if (n % 4 === 0) bytes = bytes.slice(0, below(bytes.length));
    for (let k = 0; k < 1 + (n % 6) && bytes.length > 8; k++) {
      const at = below(n % 2 ? Math.min(bytes.length, 400) : bytes.length);
      const kind = below(10);
      if (kind < 4) bytes[at] = below(256);
      else if (kind < 6) bytes[at] = 48 + below(10);
      else if (kind < 7) bytes[at] = edges[below(edges.length)];
      else if (kind < 8) {
        const word = Uint32Array.of([0xffffffff, 0x7fffffff, 0x80000000, bytes.length, 0][below(5)]);
        bytes.set(new Uint8Array(word.buffer).subarray(0, bytes.length - at), at);
      } else {
        const run = bytes.subarray(at, at + 1 + below(8));
        const rest = bytes.subarray(at + (kind === 8 ? run.length : 0));
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...(kind === 8 ? [] : run), ...rest]);
      }
    }
    yield bytes;
  }
}

/** A file cut off at every length. */
export function* truncations(original: Uint8Array): Generator<Bytes> {
  for (let n = 0; n < original.length; n++) yield original.slice(0, n) as Bytes;
}

/**
 * Parses damaged files: each must give a result or a ChiaroError within a second. `check` looks at the results.
 * @returns how many were refused.
 */
export async function survive<T>(
  files: Iterable<Bytes>,
  parse: (bytes: Bytes) => T | Promise<T>,
  check: (result: T, bytes: Bytes) => void = () => undefined,
): Promise<number> {
  let refused = 0;
  for (const bytes of files) {
    const started = performance.now();
    try {
      check(await parse(bytes), bytes);
    } catch (error) {
      if (!(error instanceof ChiaroError)) throw error;
      expect(error.message).not.toMatch(/undefined|\[object|NaN rows/);
      refused++;
    }
    expect(performance.now() - started).toBeLessThan(1000);
  }
  return refused;
}
