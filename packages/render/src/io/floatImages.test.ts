import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sunset from '@pmndrs/assets/hdri/sunset.exr.js';
import { describe, expect, it } from 'vitest';
import { tensor } from '../engine.js';
import { mutations, survive, truncations } from '../testing/hostileFiles.testing.js';
import { largestDifference, randomNumbers } from '../testing/random.testing.js';
import { files } from './exr/files.testing.js';
import { parseEXR, writeEXR } from './exr/exr.js';
import { decodeImage, loadImage, saveImage } from './files.js';
import { parseHDR, writeHDR } from './hdr.js';
import type { FloatImage } from './radiance.js';

const random = randomNumbers(53);
const bytesOf = (base64: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(base64, 'base64'));
const ascii = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const join2 = (...parts: Uint8Array[]): Uint8Array<ArrayBuffer> => Uint8Array.from(parts.flatMap((p) => [...p]));

/** The picture of files.testing.ts. */
const picture = Float32Array.from({ length: 20 * 18 * 3 }, (_, i) => {
  const [k, x, y] = [i % 3, Math.floor(i / 3) % 20, Math.floor(i / 60)];
  return [0.5 + 0.4 * Math.sin(x / 5), 2 + Math.cos(y / 4), 10 * Math.exp(-((x - 9) ** 2 + (y - 7) ** 2) / 40)][k];
});
const image: FloatImage = { width: 20, height: 18, channels: 3, data: picture };

/** No more memory than the bytes can fill. */
function checkSize({ width, height, channels, data }: FloatImage, bytes: Uint8Array): void {
  expect(data.length).toBe(width * height * channels);
  expect(width * height).toBeLessThan(2048 * bytes.length);
}

describe('HDR', () => {
  it('comes back to a 256th of the brightest channel, in files too', async () => {
    const back = parseHDR(writeHDR(image));
    for (let p = 0; p < 360; p++) {
      const most = Math.max(...picture.subarray(3 * p, 3 * p + 3));
      for (let k = 3 * p; k < 3 * p + 3; k++) expect(Math.abs(back.data[k] - picture[k])).toBeLessThan(most / 255);
    }
    const path = join(mkdtempSync(join(tmpdir(), 'chiaro-float-')), 'a.hdr');
    await saveImage(path, tensor(picture, [18, 20, 3]));
    expect(largestDifference(await (await loadImage(path)).data(), back.data)).toBe(0);
    const extreme = { width: 4, height: 1, channels: 3 as const };
    const values = Float32Array.from([0, 0, 0, NaN, 1, 1, 255.9, 1, 0, 1e20, -5, 1e20]);
    const found = parseHDR(writeHDR({ ...extreme, data: values })).data;
    expect([...found.slice(0, 3), ...found.slice(6, 9)]).toEqual([0, 0, 0, 256, 2, 0]);
    expect([found[9] / 1e20, found[10]].map((v) => Math.round(v * 100) / 100)).toEqual([1, 0]);
  });

  it('is read in the codings that others write', () => {
    const head = '#?RGBE\n# made by hand\nFORMAT=32-bit_rle_rgbe\nEXPOSURE=2\n\n';
    // new coding: each component in runs and literals; bottom row first
    const runs = [2, 2, 0, 9, 137, 128, 137, 64, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 137, 129];
    const coded = parseHDR(join2(ascii(`${head}+Y 2 +X 9\n`), Uint8Array.from([...runs, ...runs])));
    expect([coded.width, coded.height]).toEqual([9, 2]);
    expect([...coded.data.subarray(24, 27)]).toEqual([0.5, 0.25, 9 / 256]);
    // old coding: 1 1 1 n repeats the pixel before
    const old = [128, 0, 0, 129, 1, 1, 1, 2];
    expect([...parseHDR(join2(ascii(`${head}-Y 1 +X 3\n`), Uint8Array.from(old))).data]).toEqual([
      ...[0.5, 0, 0],
      ...[0.5, 0, 0],
      ...[0.5, 0, 0],
    ]);
  });

  it('that is broken says how, and survives 3,000 mutations', async () => {
    expect(() => parseHDR(ascii('#?RADIANCE\n\n-Y 40000 +X 40000\n'))).toThrow(/cannot hold 40000 x 40000/);
    expect(() => parseHDR(ascii('#?RADIANCE\nFORMAT=32-bit_rle_xyze\n\n-Y 1 +X 1\nabcd'))).toThrow(/xyze/);
    expect(() => parseHDR(ascii('#?RADIANCE\n\n+X 1 -Y 1\nabcd'))).toThrow(/by columns/);
    const coded = join2(
      ascii('#?RGBE\n\n-Y 4 +X 9\n'),
      Uint8Array.from(new Array(4).fill([2, 2, 0, 9, 137, 1, 137, 2, 137, 3, 137, 129]).flat()),
    );
    expect(await survive(mutations(writeHDR(image), 1500, 1), parseHDR, checkSize)).toBeGreaterThan(100);
    expect(await survive(mutations(coded, 1500, 2), parseHDR, checkSize)).toBeGreaterThan(300);
    expect(await survive(truncations(coded), parseHDR, checkSize)).toBe(coded.length);
  });
});

describe('EXR', () => {
  it.each(Object.keys(files))('%s of another program holds the picture', async (name) => {
    const { width, height, channels, data } = await parseEXR(bytesOf(files[name]));
    expect([width, height, channels]).toEqual([20, 18, 4]);
    const rgb = data.filter((_, k) => k % 4 !== 3);
    expect(largestDifference(rgb, picture)).toBeLessThan(name.startsWith('b44') ? 0.07 : 0.005); // half floats
  });

  it('of floats comes back exactly, in files too, with and without alpha', async () => {
    expect(await parseEXR(writeEXR(image))).toEqual(image);
    const withAlpha = { ...image, channels: 4 as const, data: Float32Array.from({ length: 20 * 18 * 4 }, random) };
    expect(await parseEXR(writeEXR(withAlpha))).toEqual(withAlpha);
    const path = join(mkdtempSync(join(tmpdir(), 'chiaro-float-')), 'a.exr');
    await saveImage(path, tensor(picture, [1, 18, 20, 3]));
    expect(largestDifference(await (await loadImage(path)).data(), picture)).toBe(0);
    expect((await loadImage(path, { alpha: true })).shape).toEqual([1, 18, 20, 4]);
  });

  const sky = bytesOf((sunset as string).replace(/^.*base64,/, ''));

  it('of a real sky, compressed by cosines (DWAB), is bright where the sun stands', async () => {
    const map = await decodeImage(sky);
    expect(map.shape).toEqual([1, 256, 512, 3]);
    const [mean, most, least] = await Promise.all([map.mean(), map.max(), map.min()].map((t) => t.item()));
    expect(mean).toBeGreaterThan(0.05);
    expect(mean).toBeLessThan(5);
    expect(most).toBeGreaterThan(50);
    expect(least).toBeGreaterThan(-most / 4); // cosines ring beside the sun
  });

  it('that is broken or of another kind says how', async () => {
    const good = bytesOf(files['zip']);
    const flagged = (flag: number): Uint8Array<ArrayBuffer> =>
      good.map((b, i) => (i === 5 ? b | flag : b)) as typeof good;
    await expect(parseEXR(flagged(2))).rejects.toThrow(/tiled/);
    await expect(parseEXR(flagged(16))).rejects.toThrow(/multi-part/);
    const wide = writeEXR(image);
    const window = Buffer.from(wide).indexOf('dataWindow') + 11 + 6 + 4;
    new DataView(wide.buffer).setInt32(window + 8, 1e8, true);
    await expect(parseEXR(wide)).rejects.toThrow(/cannot hold 100000001 x 18/);
    await expect(decodeImage(good.slice(0, 300))).rejects.toThrow(/EXR: /);
  });

  it('survives 4,500 mutations', async () => {
    let errors = 0;
    for (const name of Object.keys(files)) {
      errors += await survive(mutations(bytesOf(files[name]), 500, errors), parseEXR, checkSize);
    }
    const small = writeEXR(image);
    errors += await survive(mutations(small, 500, 3), parseEXR, checkSize);
    errors += await survive(mutations(sky, 40, 4), parseEXR, checkSize);
    expect(await survive(truncations(small.slice(0, 700)), parseEXR)).toBe(700);
    expect(errors).toBeGreaterThan(1000);
  });
});
