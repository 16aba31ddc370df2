import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operations } from '../../packages/tensor/src/ops/table/index.js';
import { testSeed } from '../../packages/tensor/src/ops/table/run.js';
import { launchChromium } from './chromium.js';
import { cases } from './page/cases.js';
import { startServer } from './server.js';

const seed = testSeed(process.env);
console.log(`operation table in a browser: CHIARO_SEED=${seed}`);

type Results = Awaited<typeof globalThis.chiaroResults>;

describe('in a browser (headless Chromium, WebGPU on SwiftShader)', () => {
  let browser: Browser | undefined;
  let server: Awaited<ReturnType<typeof startServer>> | undefined;
  let results: Results;
  const complaints: string[] = [];

  beforeAll(async () => {
    const compiled = new URL('../../packages/tensor/dist/host/browser/index.js', import.meta.url);
    if (!existsSync(compiled)) throw new Error('the page uses the compiled packages: npm run build');
    server = await startServer();
    browser = await launchChromium();
    const page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.location().url.endsWith('/nowhere.bin'))
        complaints.push(message.text());
    });
    await page.goto(`${server.url}/tests/browser/page/index.html?seed=${seed}`);
    await page
      .waitForFunction(() => 'chiaroResults' in globalThis || undefined, undefined, { timeout: 20_000 })
      .catch(() => {
        throw new Error(`the page did not start: ${complaints.join('; ') || 'no message'}`);
      });
    results = await page.evaluate(() => globalThis.chiaroResults);
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  test('the page uses the browser host', () => {
    expect(results.kind).toBe('browser');
    expect(results.source).toBe('browser');
  });

  test.each(cases.map(({ name, tolerance }) => ({ name, tolerance })))('$name', ({ name, tolerance }) => {
    const outcome = results.outcomes.find((each) => each.name === name);
    expect(outcome?.error).toBeUndefined();
    expect(outcome?.largestError).toBeLessThanOrEqual(tolerance);
  });

  test('every operation of the table', () => {
    expect(results.table.wrong).toEqual([]);
    expect(results.table.names).toEqual(operations.map(({ name }) => name));
  });

  test('nothing complained', () => {
    expect(complaints).toEqual([]);
  });
});
