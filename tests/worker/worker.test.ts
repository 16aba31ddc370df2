import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker as NodeWorker } from 'node:worker_threads';
import { beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../browser/chromium.js';
import { startServer } from '../browser/server.js';

interface Answer {
  readonly losses: readonly number[];
  readonly values: ArrayLike<number>;
  readonly error?: string;
}

interface Bundler {
  bundle(entry: string): Promise<{ readonly text: string; readonly imports: readonly string[] }>;
}

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** What gradient descent on |w - target|^2 with this rate leaves: w goes half of the way in a step. */
const message = { rate: 0.25, steps: 5 };
const expected = { losses: [3.5, 0.875, 0.21875, 0.0546875, 0.013671875], values: [0.96875, -1.9375, 2.90625] };

/** What a worker thread of Node answers. */
async function askThread(): Promise<Answer> {
  const worker = new NodeWorker(fileOf('./node.mjs'));
  try {
    return await new Promise<Answer>((resolve, reject) => {
      worker.once('message', (answer: Answer) => (answer.error ? reject(new Error(answer.error)) : resolve(answer)));
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the worker ended with ${code} before it answered`)));
      worker.postMessage(message);
    });
  } finally {
    await worker.terminate();
  }
}

describe('the engine in a worker', () => {
  beforeAll(() => {
    const compiled = new URL('../../packages/tensor/dist/index.js', import.meta.url);
    if (!existsSync(compiled)) throw new Error('workers use the compiled packages: npm run build');
  });

  test('two threads of Node, each with a device of its own', async () => {
    for (const { losses, values } of await Promise.all([askThread(), askThread()])) {
      expect({ losses, values: [...(values as Float32Array)] }).toEqual(expected);
    }
  });

  test('a Web Worker of a page, as a bundler makes it', async () => {
    const { bundle } = (await import(new URL('../../tools/bundle.mjs', import.meta.url).pathname)) as Bundler;
    const { text, imports } = await bundle(fileOf('./browser.mjs'));
    expect(imports).toEqual([]);
    const server = await startServer({ '/worker.js': text, '/page.html': '<!doctype html><title>Workers</title>' });
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.goto(`${server.url}/page.html`);
      const answer = await page.evaluate(
        (sent) =>
          new Promise<{ losses: readonly number[]; values: number[] }>((resolve, reject) => {
            const worker = new Worker('/worker.js', { type: 'module' });
            worker.onmessage = ({ data }: MessageEvent<Answer>) =>
              data.error
                ? reject(new Error(data.error))
                : resolve({ losses: data.losses, values: Array.from(data.values) });
            worker.onerror = (event) => reject(new Error(event.message));
            worker.postMessage(sent);
          }),
        message,
      );
      expect(answer).toEqual(expected);
    } finally {
      await browser.close();
      server.close();
    }
  });
});
