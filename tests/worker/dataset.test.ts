import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { DataLoader, type Dataset, type WorkerDatasetOptions } from '@chiaro/nn';
import type { openWorkerDataset } from '@chiaro/nn/node';
import { launchChromium } from '../browser/chromium.js';
import { startServer } from '../browser/server.js';

interface Item {
  readonly index: number;
  readonly values: Float32Array;
}
interface Options {
  readonly length: number;
  readonly fails?: number;
  readonly dies?: number;
  readonly keeps?: number;
  readonly hangs?: number;
}
interface DatasetFile {
  dataset(options: Options): Promise<Dataset<Item>>;
}

const module = new URL('./dataset.mjs', import.meta.url);
const compiled = new URL('../../packages/nn/dist/', import.meta.url);
let open: typeof openWorkerDataset;

beforeAll(async () => {
  if (!existsSync(compiled)) throw new Error('workers use the compiled packages: npm run build');
  const built = (await import(new URL('node/index.js', compiled).pathname)) as { openWorkerDataset: typeof open };
  open = built.openWorkerDataset;
});

const opened = (options: Options, how: Partial<WorkerDatasetOptions> = {}) => open<Item>({ module, options, ...how });

/** The batches of an epoch, from a number on. */
async function read(dataset: Dataset<Item>, epoch: number, from = 0): Promise<Item[][]> {
  const loader = new DataLoader(dataset, { batchSize: 4, seed: 3, dropLast: false, collate: (items) => items });
  const batches: Item[][] = [];
  for await (const { batch } of loader.batches(epoch, from)) batches.push(batch);
  return batches;
}

describe('items from worker threads', () => {
  test('are the same, in the same order, as without, for any number of workers and in the middle of an epoch', async () => {
    const here = await ((await import(module.pathname)) as DatasetFile).dataset({ length: 50 });
    const whole = await read(here, 2);
    expect(whole.length).toBe(13);
    for (const workers of [1, 3]) {
      const there = await opened({ length: 50 }, { workers, itemsAtOnce: 3 });
      expect(there.length).toBe(50);
      expect(await read(there, 2)).toEqual(whole);
      expect(await read(there, 2, 7)).toEqual(whole.slice(7));
      expect(await read(there, 3)).not.toEqual(whole);
      there.close();
    }
  });

  test('what one throws arrives where its batch would have, with its number; others still come', async () => {
    const dataset = await opened({ length: 12, fails: 6, keeps: 9 });
    const loader = new DataLoader(dataset, { batchSize: 4, shuffle: false, collate: (items) => items.length });
    const batches = loader.batches();
    expect((await batches.next()).value).toMatchObject({ index: 0, batch: 4 });
    const error = (await batches.next().catch((e: unknown) => e)) as Error;
    expect(error.constructor.name).toBe('ChiaroError');
    expect(error.message).toMatch(/dataset\.mjs could not make item 6: RangeError: page 6 is torn/);
    expect((error.cause as Error).stack).toMatch(/dataset\.mjs:\d+/);
    await expect(dataset.item(9, 0)).rejects.toThrow(/item 9: DataCloneError/);
    expect((await dataset.item(8, 0)).index).toBe(8);
    dataset.close();
    await expect(dataset.item(1, 0)).rejects.toThrow(/closed/);
  });

  test('a worker that dies ends the dataset, and says over which items', async () => {
    const dataset = await opened({ length: 12, dies: 5 }, { workers: 3, itemsAtOnce: 1 });
    await expect(read(dataset, 0)).rejects.toThrow(/ended when it was asked to make item 5: exit code 7/);
    await expect(dataset.item(1, 0)).rejects.toThrow(/item 5: exit code 7/);
  });

  test('an abort ends what is under way', async () => {
    const control = new AbortController();
    const dataset = await opened({ length: 12, hangs: 2 }, { signal: control.signal });
    const batches = read(dataset, 0);
    setTimeout(() => control.abort(new Error('enough')), 30);
    await expect(batches).rejects.toThrow('enough');
    await expect(opened({ length: 12 }, { signal: control.signal })).rejects.toThrow('enough');
  });

  test('says what does not come up', async () => {
    const options = { length: 1 };
    const wrong: readonly (readonly [WorkerDatasetOptions, RegExp])[] = [
      [{ module: './dataset.mjs' }, /absolute URL.*\.\/dataset\.mjs/],
      [{ module, workers: 0 }, /workers must be.*got 0/],
      [{ module, itemsAtOnce: 1.5 }, /itemsAtOnce must be.*got 1\.5/],
      [{ module: new URL('./nowhere.mjs', import.meta.url) }, /nowhere\.mjs could not open.*Cannot find/],
      [{ module: new URL('./notADataset.mjs', import.meta.url) }, /exports datasets, but no function dataset/],
      [{ module, options: {} }, /did not give \{ length/],
      [{ module, options: { ...options, fails: () => 1 } }, /options cannot be sent/],
    ];
    for (const [how, message] of wrong) await expect(open(how)).rejects.toThrow(message);
  });
});

test('items from Web Workers of a page, as a bundler makes them', async () => {
  const { bundle } = (await import(new URL('../../tools/bundle.mjs', import.meta.url).pathname)) as {
    bundle(entry: string): Promise<{ readonly text: string }>;
  };
  const bundled = async (file: string): Promise<string> =>
    (await bundle(fileURLToPath(new URL(file, import.meta.url)))).text;
  const server = await startServer({
    '/page.js': await bundled('./page.mjs'),
    '/webWorker.js': await bundled('../../packages/nn/dist/data/worker/webWorker.js'),
    '/dataset.js': await bundled('./dataset.mjs'),
    '/page.html': '<!doctype html><title>Dataset</title><script type="module" src="/page.js"></script>',
  });
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(`${server.url}/page.html`);
    await page.waitForFunction('typeof readEpoch === "function"');
    const orders = await page.evaluate(`Promise.all([1, 3].map((workers) => readEpoch({ length: 20 }, workers, 1)))`);
    const here = await ((await import(module.pathname)) as DatasetFile).dataset({ length: 20 });
    const expected = (await read(here, 1)).map((batch) => batch.map(({ index }) => index));
    expect(orders).toEqual([expected, expected]);
    const failed = page.evaluate(`readEpoch({ length: 20, fails: 4 }, 2, 1)`);
    await expect(failed).rejects.toThrow(/could not make item 4: RangeError: page 4 is torn/);
  } finally {
    await browser.close();
    server.close();
  }
});
