import { FormatError } from '../../engine.js';

/** No data shrink further by deflate: RFC 1951 has at most 258 bytes for 2 bits. */
const largestRatio = 1032;

/**
 * Inflates a zlib stream whose size is known.
 * @param sizeOf the size, from the first `headLength` bytes of what comes out.
 * @throws FormatError where the stream is broken, or gives another number of bytes.
 */
export async function inflate(
  bytes: Uint8Array,
  headLength: number,
  sizeOf: (head: Uint8Array) => number,
): Promise<Uint8Array> {
  const stream = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new DecompressionStream('deflate'));
  const reader = stream.getReader();
  const head = new Uint8Array(headLength);
  let [held, result]: [number, Uint8Array | undefined] = [0, headLength === 0 ? room(bytes, sizeOf(head)) : undefined];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      let from = 0;
      if (result === undefined) {
        from = Math.min(headLength - held, value.length);
        head.set(value.subarray(0, from), held);
        held += from;
        if (held < headLength) continue;
        result = room(bytes, sizeOf(head));
        result.set(head.subarray(0, result.length));
      }
      const rest = value.subarray(from);
      if (held + rest.length > result.length)
        throw new FormatError(`compressed data give more than the ${result.length} bytes that they claim`);
      result.set(rest, held);
      held += rest.length;
    }
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(`compressed data are broken: ${(error as Error).message}`, { cause: error });
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  if (result === undefined || held !== result.length)
    throw new FormatError(`compressed data give ${held} bytes instead of ${result?.length ?? headLength}`);
  return result;
}

function room(compressed: Uint8Array, size: number): Uint8Array {
  if (size <= compressed.length * largestRatio + 64) return new Uint8Array(size);
  throw new FormatError(`${compressed.length} compressed bytes claim to be ${size}, more than deflate can`);
}
