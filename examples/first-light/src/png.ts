import { crc32, deflateSync } from 'node:zlib';

/** A PNG file of 8-bit RGB pixels, rows from top to bottom. */
export function encodePng(pixels: Uint8Array, width: number, height: number): Uint8Array {
  const stride = 3 * width;
  if (pixels.length !== stride * height) throw new RangeError(`${pixels.length} bytes for ${width} x ${height} pixels`);
  // every row begins with its filter: 1 stores differences to the pixel on the left, which compress better
  const rows = new Uint8Array((stride + 1) * height);
  for (let y = 0; y < height; y++) {
    const to = y * (stride + 1) + 1;
    rows[to - 1] = 1;
    for (let x = 0; x < stride; x++) {
      rows[to + x] = pixels[y * stride + x]! - (x < 3 ? 0 : pixels[y * stride + x - 3]!);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8); // 8 bits, RGB, deflate, the usual filters, not interlaced
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const data = deflateSync(rows, { level: 9 });
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  out.set(body, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}
