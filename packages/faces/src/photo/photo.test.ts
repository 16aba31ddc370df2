import sharp from 'sharp';
import type { Sharp } from 'sharp';
import { expect, it } from 'vitest';
import { ChiaroError, FormatError } from '../engine.js';
import { loadPhoto } from './photo.js';

const [width, height] = [120, 80];

/** Left half reddish, right half bluish, a dark corner on the top left: shows turning, mirroring and colour. */
const pixels = Uint8Array.from({ length: width * height * 3 }, (_, k) => {
  const [x, y, c] = [Math.floor(k / 3) % width, Math.floor(k / 3 / width), k % 3];
  if (x < 20 && y < 20) return 20;
  return (x < width / 2 ? [200, 90, 60] : [60, 90, 200])[c];
});
const picture = (): Sharp => sharp(pixels, { raw: { width, height, channels: 3 } });
const bytes = async (image: Sharp): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await image.toBuffer());

async function load(image: Sharp) {
  const photo = await loadPhoto(await bytes(image));
  const at = (x: number, y: number): number[] => [...photo.srgb.subarray(3 * (y * photo.width + x)).subarray(0, 3)];
  return { photo, at };
}

/** Largest difference of two colours. */
const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((x, k) => Math.abs(x - b[k])));

it('sRGB pixels come through as they are, with their linear values', async () => {
  const { photo } = await load(picture().png());
  expect(photo.srgb).toEqual(pixels);
  expect(photo).toMatchObject({
    width,
    height,
    originalWidth: width,
    originalHeight: height,
    notes: [],
    name: 'photo',
  });
  expect(photo.image.data[3 * 40 + 0]).toBeCloseTo(((200 / 255 + 0.055) / 1.055) ** 2.4, 6);
});

// where the dark corner must stand after each EXIF orientation's pixels are turned upright
it('every EXIF orientation is turned upright', async () => {
  const stored = [2, 3, 4, 5, 6, 7, 8].map(async (orientation) => {
    const { photo, at } = await load(picture().jpeg({ quality: 98 }).withMetadata({ orientation }));
    const swapped = orientation > 4;
    expect([photo.width, photo.height]).toEqual(swapped ? [height, width] : [width, height]);
    const right = [2, 3, 6, 7].includes(orientation);
    const bottom = [3, 4, 7, 8].includes(orientation);
    const corner = at(right ? photo.width - 8 : 8, bottom ? photo.height - 8 : 8);
    expect(distance(corner, [20, 20, 20])).toBeLessThan(6);
    expect(photo.notes.join()).toMatch(/EXIF/);
  });
  await Promise.all(stored);
});

it('CMYK, profiles, 16 bits, grey, transparency and other formats become 8-bit sRGB, and the notes say so', async () => {
  const cmyk = await load(picture().toColourspace('cmyk').jpeg({ quality: 98 }));
  expect(distance(cmyk.at(40, 40), [200, 90, 60])).toBeLessThan(45); // outside of the gamut of print
  expect(cmyk.photo.notes.join()).toMatch(/CMYK/);

  const wideGamut = await bytes(picture().withIccProfile('p3').png());
  const stored = await sharp(wideGamut, { ignoreIcc: true }).raw().toBuffer();
  const p3 = await loadPhoto(wideGamut);
  const [red, blue] = [3 * (40 * width + 40), 3 * (40 * width + 100)];
  expect(distance([...stored.subarray(red, red + 3)], [200, 90, 60])).toBeGreaterThan(8); // the file holds other numbers
  expect(distance([...p3.srgb.subarray(red, red + 3)], [200, 90, 60])).toBeLessThan(4);
  expect(distance([...p3.srgb.subarray(blue, blue + 3)], [60, 90, 200])).toBeLessThan(4);

  const deep = await load(picture().toColourspace('rgb16').png());
  expect(distance(deep.at(40, 40), [200, 90, 60])).toBeLessThan(2);
  expect(deep.photo.notes.join()).toMatch(/8 of 16 bits/);

  for (const space of ['b-w', 'grey16']) {
    const grey = await load(picture().toColourspace(space).png());
    const [r, g, b] = grey.at(40, 40);
    expect([r, g, b]).toEqual([g, g, g]);
    expect(Math.abs(g - 121)).toBeLessThan(8); // luminance 0.19 of (200, 90, 60)
    expect(grey.photo.notes.join()).toMatch(/grey-scale/);
  }

  const veil = Uint8Array.from({ length: width * height * 4 }, (_, k) => (k % 4 === 3 ? 0 : 255));
  const clear = await load(sharp(veil, { raw: { width, height, channels: 4 } }).png());
  expect(clear.at(40, 40)).toEqual([128, 128, 128]);
  expect(clear.photo.notes.join()).toMatch(/transparent/);

  for (const other of [picture().webp({ lossless: true }), picture().tiff(), picture().avif({ quality: 95 })]) {
    expect(distance((await load(other)).at(40, 40), [200, 90, 60])).toBeLessThan(6);
  }
});

it('40 megapixels are reduced to the working size within 150 MB', async () => {
  const noise = sharp({ create: { width: 8000, height: 5000, channels: 3, background: '#c06040' } });
  const file = await bytes(noise.jpeg());
  const before = process.memoryUsage().rss;
  const photo = await loadPhoto(file);
  expect(process.memoryUsage().rss - before).toBeLessThan(150e6); // 40 megapixels of bytes are 120 MB, of floats 480 MB
  expect(photo).toMatchObject({ width: 2048, height: 1280, originalWidth: 8000, originalHeight: 5000 });
  expect(photo.notes).toEqual(['reduced from 8000 x 5000 to 2048 x 1280 pixels']);
  expect((await loadPhoto(file, { longestSide: 640 })).width).toBe(640);
});

it('what is no photograph says what to do', async () => {
  const jpeg = await bytes(picture().jpeg());
  const png = await bytes(picture().png());
  const text = (words: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(words);
  const bad: [Uint8Array<ArrayBuffer>, RegExp][] = [
    [new Uint8Array(0), /empty; copy or download it again/],
    [text('hello, this is no photograph at all'), /no image; give a JPEG/],
    [text('<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"/>'), /document, no photograph; give a JPEG/],
    [text('<!doctype html><title>404</title>'), /document/],
    [text('%PDF-1.7 and so on'), /document/],
    [text('\0\0\0\x18ftypheic\0\0\0\0mif1heic'), /HEIC .* export it as JPEG/],
    [jpeg.slice(0, jpeg.length / 2), /damaged, cut off/],
    [png.slice(0, png.length / 2), /damaged, cut off/],
    [png.slice(0, 20), /damaged, cut off/],
    [await bytes(picture().resize(50, 90).png()), /50 x 90 pixels are too few/],
    [await bytes(picture().resize(5000, 70, { fit: 'fill' }).png()), /2048 x 29 pixels are too few/],
  ];
  for (const [file, message] of bad) {
    const loading = loadPhoto(file, { name: 'me.jpg' });
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toThrow(/^me\.jpg: /);
    await expect(loading).rejects.toBeInstanceOf(FormatError);
  }
  await expect(loadPhoto('/nowhere/me.jpg')).rejects.toBeInstanceOf(ChiaroError);
});

it('a picture that claims more pixels than allowed is refused before it is decoded', async () => {
  const png = await bytes(picture().png());
  new DataView(png.buffer).setUint32(16, 60_000); // width and height in the header
  new DataView(png.buffer).setUint32(20, 60_000);
  await expect(loadPhoto(png)).rejects.toThrow(FormatError);
});
