import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { encodePng } from './png.js';

test('the pixels come back out of the file', () => {
  const [width, height] = [5, 3];
  const pixels = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * 89) % 256);
  const file = Buffer.from(encodePng(pixels, width, height));
  expect(file.subarray(1, 4).toString()).toBe('PNG');
  expect([file.readUInt32BE(16), file.readUInt32BE(20)]).toEqual([width, height]);
  const length = file.readUInt32BE(33);
  const rows = inflateSync(file.subarray(41, 41 + length));
  const found = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++) {
    const row = rows.subarray(y * (3 * width + 1), (y + 1) * (3 * width + 1));
    expect(row[0]).toBe(1);
    for (let x = 0; x < 3 * width; x++)
      found[y * 3 * width + x] = row[x + 1]! + (x < 3 ? 0 : found[y * 3 * width + x - 3]!);
  }
  expect(found).toEqual(pixels);
});
