import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ChiaroError, FormatError, tensor } from '../engine.js';
import { largestDifference, randomNumbers } from '../testing/random.testing.js';
import { decodeImage, encodeImage, loadImage, loadMesh, saveImage } from './files.js';

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
  await expect(loadMesh('package.json')).rejects.toThrow(/neither .obj nor .ply/);
});
