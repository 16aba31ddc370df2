import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ChiaroError, FormatError, tensor } from '../engine.js';
import { largestDifference, randomNumbers } from '../testing/random.testing.js';
import { bytesToLinear, linearToBytes } from '../image/bytes.js';
import { decodeImage, decodePixels, encodeImage, encodePixels, loadImage, saveImage } from './files.js';

const random = randomNumbers(31);
const values = Float32Array.from({ length: 12 * 9 * 3 }, (_, k) => 0.5 + 0.4 * Math.sin(k / 20));
const image = tensor(values, [1, 9, 12, 3]);

it('images come back from PNG to half a step and from JPEG nearly; alpha is 1', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'chiaro-io-'));
  await saveImage(join(folder, 'a.png'), image);
  const back = await loadImage(join(folder, 'a.png'));
  expect(back.shape).toEqual([1, 9, 12, 3]);
  expect(largestDifference(await back.data(), values)).toBeLessThan(0.005);
  await saveImage(join(folder, 'a.jpg'), image.squeeze(0), { quality: 98 });
  expect(largestDifference(await (await loadImage(join(folder, 'a.jpg'))).data(), values)).toBeLessThan(0.1);
  const withAlpha = await decodeImage(await encodeImage(image), { alpha: true });
  expect(withAlpha.shape[3]).toBe(4);
  expect((await withAlpha.data())[3]).toBe(1);
});

it('pixels pass through a PNG unchanged, and every byte through linear light', async () => {
  const data = Uint8Array.from({ length: 256 * 3 }, (_, k) => k % 256);
  const { source, ...back } = await decodePixels(await encodePixels({ width: 32, height: 8, channels: 3, data }));
  expect(back).toEqual({ width: 32, height: 8, channels: 3, data });
  expect(source).toMatchObject({ width: 32, height: 8, format: 'png', bitsPerChannel: 8, hasAlpha: false });
  expect(linearToBytes(bytesToLinear(data))).toEqual(data);
  expect(linearToBytes([-1, 0, 0.18, 0.5, 1, 7, NaN])).toEqual(Uint8Array.of(0, 0, 118, 188, 255, 255, 0));
  await expect(encodePixels({ width: 9, height: 8, channels: 3, data })).rejects.toThrow(/768 bytes are not 9 x 8/);
});

it('a reduced image keeps its proportions and its mean; transparent pixels take the background', async () => {
  const data = new Uint8Array(64 * 16 * 4).fill(200);
  for (let p = 0; p < 64 * 16; p++) data[4 * p + 3] = p % 64 < 32 ? 255 : 0;
  const file = await encodePixels({ width: 64, height: 16, channels: 4, data });
  const small = await decodePixels(file, { longestSide: 16, background: [10, 20, 30] });
  expect(small).toMatchObject({ width: 16, height: 4, channels: 3, source: { width: 64, height: 16, hasAlpha: true } });
  expect([...small.data.subarray(0, 3), ...small.data.subarray(45, 48)]).toEqual([200, 200, 200, 10, 20, 30]);
});

it('broken files are FormatErrors, whatever was hit', async () => {
  const files = [await encodeImage(image), await encodeImage(image, { format: 'jpeg' })];
  for (let n = 0; n < 200; n++) {
    let bytes = files[n % 2].slice();
    for (let k = 0; k < 1 + (n % 7); k++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    if (n % 3 === 0) bytes = bytes.slice(0, Math.floor(random() * bytes.length));
    try {
      await decodeImage(bytes);
    } catch (error) {
      if (!(error instanceof ChiaroError)) throw error;
    }
  }
  await expect(decodeImage(new Uint8Array(0))).rejects.toThrow(FormatError);
});
