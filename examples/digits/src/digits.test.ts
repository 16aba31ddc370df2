import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FormatError } from '@chiaro/autograd';
import { expect, it } from 'vitest';
import { parseIdx } from './idx.js';
import { digitGrid } from './picture.js';
import { train } from './train.js';

it('learns something from twenty batches, and repeats it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'chiaro-digits-'));
  const job = { preset: 'smoke', seed: 1, folder, stream: false } as const;
  const { accuracy, judged, steps } = await train(job);
  expect(steps).toBe(20);
  expect(accuracy).toBeGreaterThan(0.5); // guessing gives 0.1
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(['last.safetensors', 'log.jsonl', 'report.html']));
  expect(digitGrid(judged).shape).toEqual([320, 768, 3]);
  expect((await train(job)).accuracy).toBe(accuracy); // the run is done: only the test is repeated
});

it('IDX files are read as LeCun describes them; others are refused', () => {
  const file = Uint8Array.from([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]);
  expect(parseIdx(file)).toEqual({ shape: [2, 3], data: Uint8Array.from([1, 2, 3, 4, 5, 6]) });
  const changed = (at: number, byte: number): Uint8Array => file.map((x, i) => (i === at ? byte : x));
  for (const wrong of [file.subarray(0, 17), file.subarray(0, 9), file.subarray(0, 3), changed(2, 13), changed(3, 3)]) {
    expect(() => parseIdx(wrong)).toThrow(FormatError);
  }
});
