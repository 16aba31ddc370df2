import { fail } from './fail.js';
import { checkHuffman } from './huffman.js';

/**
 * Checks what a decoder of a PIZ chunk would trust.
 * @param words 16-bit numbers that its pixels consist of.
 */
export function checkPiz(bytes: Uint8Array, words: number): void {
  if (bytes.length < 28) fail('a PIZ chunk is shorter than its head');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [first, last] = [view.getUint16(0, true), view.getUint16(2, true)];
  const at = 4 + Math.max(0, last - first + 1); // behind a bitmap of the values that occur
  if (at + 24 > bytes.length) fail('the bitmap of a PIZ chunk goes beyond its end');
  const length = view.getUint32(at, true);
  if (at + 4 + length > bytes.length) fail('the codes of a PIZ chunk go beyond its end');
  checkHuffman(bytes.subarray(at + 4, at + 4 + length), words);
}

/**
 * Checks what a decoder of a DWA chunk would trust: the sizes in its head, from which buffers are made, and its codes.
 * @param pixels of the chunk.
 */
export function checkDwa(bytes: Uint8Array, pixels: number, channels: number): void {
  if (bytes.length < 90) fail('a DWA chunk is shorter than its head');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const long = (k: number): number => view.getUint32(8 * k, true) + 2 ** 32 * view.getUint32(8 * k + 4, true);
  const [version, , unknownPacked, acPacked, dcPacked, rlePacked] = [0, 1, 2, 3, 4, 5].map(long);
  const [rleUnpacked, rleRaw, acCount, dcCount, method] = [6, 7, 8, 9, 10].map(long);
  if (version < 2 || method > 1) fail(`a DWA chunk has version ${version} and method ${method}`);
  if (unknownPacked > 0) fail('a DWA chunk has channels of its own kind, which are not read');
  // blocks of 8 x 8 pixels at the border are whole; 2^14 leaves room for them in the smallest images
  const most = 4 * channels * pixels + 2 ** 14;
  const rules = view.getUint16(88, true);
  if (88 + rules + acPacked + dcPacked + rlePacked > bytes.length) fail('the parts of a DWA chunk go beyond its end');
  if ([rleUnpacked, rleRaw, acCount, dcCount].some((n) => n > most)) {
    fail('a DWA chunk claims more than its pixels can need');
  }
  if (method === 0 && acPacked > 0) checkHuffman(bytes.subarray(88 + rules, 88 + rules + acPacked), acCount);
}
