// TFRecord files: https://www.tensorflow.org/tutorials/load_data/tfrecord, "TFRecords format details".

/** Checksums of single bytes by CRC-32C, the polynomial of Castagnoli, reflected (RFC 3720, appendix B.4). */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1;
  return sum;
});

/** CRC-32C of bytes. */
export function crc32c(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = (sum >>> 8) ^ table[(sum ^ byte) & 255]!;
  return ~sum >>> 0;
}

/** The checksum as it is stored: rotated and shifted, so that files of checksums have checksums, too. */
const masked = (sum: number): number => (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;

/** A record of a file: length, its checksum, contents, their checksum; little endian. */
export function recordOf(contents: Uint8Array): Uint8Array {
  const record = new Uint8Array(contents.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(contents.length), true);
  view.setUint32(8, masked(crc32c(record.subarray(0, 8))), true);
  record.set(contents, 12);
  view.setUint32(12 + contents.length, masked(crc32c(contents)), true);
  return record;
}

/** The contents of the records of a file, as far as they are whole. */
export function recordsOf(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const found: Uint8Array[] = [];
  for (let at = 0; at + 16 <= file.length;) {
    const length = Number(view.getBigUint64(at, true));
    const end = at + length + 16;
    if (view.getUint32(at + 8, true) !== masked(crc32c(file.subarray(at, at + 8))) || end > file.length) break;
    const contents = file.subarray(at + 12, end - 4);
    if (view.getUint32(end - 4, true) !== masked(crc32c(contents))) break;
    found.push(contents);
    at = end;
  }
  return found;
}
