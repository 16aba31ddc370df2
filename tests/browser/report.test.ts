import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resultFiles } from '../../packages/faces/src/report/resultFiles.js';
import { sampleResult } from '../../packages/faces/src/report/sample.testing.js';
import { launchChromium } from './chromium.js';

describe('the report of a fit, in a browser', () => {
  let browser: Browser | undefined;
  let page: Page;
  let address: string;
  const [complaints, requests]: [string[], string[]] = [[], []];

  beforeAll(async () => {
    const { photo, result } = sampleResult(48);
    const file = join(mkdtempSync(join(tmpdir(), 'chiaro-report-')), 'report.html');
    writeFileSync(file, (await resultFiles(photo, result)).get('report.html')!);
    address = pathToFileURL(file).href;
    browser = await launchChromium();
    page = await browser.newPage({ viewport: { width: 1000, height: 800 } });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(address);
  });

  afterAll(() => browser?.close());

  test('asks for nothing but itself, and shows every image', async () => {
    const widths = await page.$$eval('img[src]', (images) =>
      images.map((image) => (image as HTMLImageElement).naturalWidth),
    );
    expect(widths.length).toBe(29);
    expect(Math.min(...widths)).toBeGreaterThan(0);
    expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([address]);
    expect(complaints).toEqual([]);
  });

  test('the slider divides photograph and reconstruction', async () => {
    const edge = () => page.$eval('.compare .front', (image) => getComputedStyle(image).clipPath);
    await page.locator('.compare input').fill('25');
    expect(await edge()).toBe('inset(0px 75% 0px 0px)');
  });

  test('the face turns by itself and by hand, and stands still for those who want no motion', async () => {
    const angle = () => page.locator('.turn output').textContent();
    const first = await angle();
    await page.waitForFunction((old) => document.querySelector('.turn output')!.textContent !== old, first);
    await page.locator('.turn input').fill('0');
    await page.waitForTimeout(400);
    expect(await angle()).toBe('-52\u00b0');

    const still = await browser!.newPage({ reducedMotion: 'reduce' });
    await still.goto(address);
    const before = await still.locator('.turn output').textContent();
    await still.waitForTimeout(400);
    expect(await still.locator('.turn output').textContent()).toBe(before);
  });

  test('images enlarge, and the arrow keys go through them', async () => {
    const title = () => page.locator('dialog p').textContent();
    await page.locator('.zoom').nth(2).click();
    expect(await title()).toMatch(/^Reconstruction/);
    await page.keyboard.press('ArrowLeft');
    expect(await title()).toMatch(/^Overlay/);
    await page.keyboard.press('Escape');
    expect(await page.locator('dialog').isVisible()).toBe(false);
  });

  test.each([380, 700, 1600])('nothing hangs over the edge at %i pixels', async (width) => {
    await page.setViewportSize({ width, height: 800 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  });
});
