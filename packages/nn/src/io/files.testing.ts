import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { ChiaroError } from '../engine.js';

/** Files that numpy and PyTorch wrote: made by packages/nn/reference/files.py. */
interface Described {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Files {
  readonly npy: readonly (Described & { readonly name: string; readonly file: string })[];
  readonly objects: string;
  readonly npz: string;
  readonly npzCompressed: string;
  readonly torch: {
    readonly zip: string;
    readonly legacy: string;
    readonly expected: Readonly<Record<string, Described>>;
  };
  readonly expanded: string;
  readonly evil: string;
  readonly custom: string;
  readonly pickles: readonly string[];
}

export const files = JSON.parse(readFileSync(new URL('../../reference/files.json', import.meta.url), 'utf8')) as Files;

/** Bytes from the text of a file. */
export const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

/** A small generator of whole numbers below n (xorshift). */
function randomBelow(seed: number): (n: number) => number {
  let state = seed >>> 0 || 1;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}

/**
 * Reads seeded mutations of a file: bytes changed, cut out, doubled, or the end cut off. Each must be read, or refused
 * with a ChiaroError, within a second.
 * @returns how many were refused.
 */
export async function readMutations(
  file: Uint8Array,
  read: (bytes: Uint8Array) => unknown,
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<number> {
  const below = randomBelow(seed);
  let refused = 0;
  for (let i = 0; i < count; i++) {
    const bytes = mutated(file, below);
    const start = performance.now();
    try {
      await read(bytes);
    } catch (error) {
      if (!(error instanceof ChiaroError)) throw new Error(`mutation ${i}`, { cause: error });
      refused++;
    }
    expect(performance.now() - start, `milliseconds for mutation ${i}`).toBeLessThan(1000);
  }
  return refused;
}

function mutated(file: Uint8Array, below: (n: number) => number): Uint8Array {
  const at = below(file.length);
  const kind = below(6);
  if (kind === 0) return file.slice(0, at);
  if (kind === 1) return Uint8Array.from([...file.subarray(0, at), ...file.subarray(at + 1 + below(20))]);
  if (kind === 2) return Uint8Array.from([...file.subarray(0, at), ...file.subarray(Math.max(0, at - below(40)))]);
  const bytes = file.slice();
  for (let k = below(3); k >= 0; k--)
    bytes[below(file.length)] = below(4) === 0 ? [0, 255, 127, 128][below(4)]! : below(256);
  return bytes;
}
