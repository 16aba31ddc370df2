import { existsSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import type { Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPhoto } from '../../packages/faces/src/photo/photo.js';
import type { PhotoOptions } from '../../packages/faces/src/photo/photo.js';
import { launchChromium } from './chromium.js';
import { startServer } from './server.js';

interface Read {
  readonly width: number;
  readonly height: number;
  readonly originalWidth: number;
  readonly srgb: number[];
  readonly error?: string;
}

declare global {
  var readPhoto: (numbers: number[], options?: PhotoOptions) => Promise<Read>;
}

const [width, height] = [120, 80];
const pixels = Uint8Array.from({ length: width * height * 4 }, (_, k) => {
  const [x, y] = [Math.floor(k / 4) % width, Math.floor(k / 4 / width)];
  return [2 * x, 3 * y, 255 - x - y, x < 40 && y < 40 ? 100 : 255][k % 4];
});
const clear = (): Sharp => sharp(pixels, { raw: { width, height, channels: 4 } });
const opaque = (): Sharp => clear().flatten();

describe('photographs in a browser', () => {
  let browser: Browser | undefined;
  let server: Awaited<ReturnType<typeof startServer>> | undefined;
  let page: Page;

  beforeAll(async () => {
    const compiled = new URL('../../packages/faces/dist/photo/photo.js', import.meta.url);
    if (!existsSync(compiled)) throw new Error('the page uses the compiled packages: npm run build');
    server = await startServer();
    browser = await launchChromium();
    page = await browser.newPage();
    await page.goto(`${server.url}/tests/browser/page/photo.html`);
    await page.waitForFunction(() => 'readPhoto' in globalThis || undefined, undefined, { timeout: 20_000 });
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const inPage = (file: Uint8Array, options?: PhotoOptions): Promise<Read> =>
    page.evaluate(([numbers, given]) => globalThis.readPhoto(numbers, given), [[...file], options] as [
      number[],
      PhotoOptions?,
    ]);

  test.each([
    ['plain', () => opaque().png(), {}, 0],
    ['turned', () => opaque().png().withMetadata({ orientation: 6 }), {}, 0],
    ['transparent', () => clear().png(), {}, 2],
    ['JPEG', () => opaque().jpeg({ quality: 95 }), {}, 4],
    ['reduced', () => opaque().resize(360, 240).png(), { longestSide: 120 }, 8], // other filters
  ] as const)('%s: as in Node', async (_, make, options, tolerance) => {
    const file = new Uint8Array(await make().toBuffer());
    const [here, there] = [await loadPhoto(file, options), await inPage(file, options)];
    expect(there.error).toBeUndefined();
    expect([there.width, there.height, there.originalWidth]).toEqual([here.width, here.height, here.originalWidth]);
    expect(there.srgb.length).toBe(here.srgb.length);
    const differences = there.srgb.map((x, k) => Math.abs(x - here.srgb[k]));
    expect(Math.max(...differences)).toBeLessThanOrEqual(tolerance);
    // a picture shifted by one pixel differs by 2 in the mean
    expect(differences.reduce((a, b) => a + b, 0) / differences.length).toBeLessThan(0.5);
  });

  test('what is no photograph is a FormatError with the same advice', async () => {
    const half = new Uint8Array(await opaque().png().toBuffer()).slice(0, 200);
    expect((await inPage(half, { name: 'a.png' })).error).toMatch(/^FormatError: a\.png: the file is damaged/);
    expect((await inPage(new Uint8Array(0))).error).toMatch(/empty/);
  });
});
