import fc from 'fast-check';
import { mkdtemp, open, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FormatError } from '../engine.js';
import { readSafetensors, writeSafetensors, type SafetensorsType } from '../io/safetensors/index.js';
import { openSafetensors } from './index.js';

let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'chiaro-safetensors-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A file with a header and, as far as `bytes` goes, nothing in it: a hole that takes no room on the disk. */
async function hollow(name: string, header: object, bytes: number): Promise<{ path: string; first: number }> {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const path = join(folder, name);
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setUint32(0, text.length, true);
  await writeFile(path, new Uint8Array([...prefix, ...text]));
  await truncate(path, 8 + text.length + bytes);
  return { path, first: 8 + text.length };
}

test('rows are those of the whole file, for every type, shape and range', async () => {
  const types: readonly SafetensorsType[] = ['F32', 'F16', 'U8', 'I64', 'BOOL'];
  const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 });
  const arrays = fc.array(fc.record({ type: fc.constantFrom(...types), shape: shapes }), {
    minLength: 1,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(
      arrays,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (list, a, b) => {
        const file = writeSafetensors(
          Object.fromEntries(
            list.map(({ type, shape }, k) => {
              const size = shape.reduce((x, y) => x * y, 1);
              return [
                `a${k}`,
                { type, shape, data: Array.from({ length: size }, (_, i) => (type === 'BOOL' ? i % 2 : i + k)) },
              ];
            }),
          ),
          { made: 'here' },
        );
        const path = join(folder, 'some.safetensors');
        await writeFile(path, file);
        const reader = await openSafetensors(path);
        const whole = readSafetensors(file);
        expect(reader.metadata).toEqual({ made: 'here' });
        for (const [name, { shape, data }] of Object.entries(whole)) {
          expect(reader.arrays.get(name)).toMatchObject({ shape });
          expect(await reader.slice(name)).toEqual({ shape, data });
          const [rows, ...rest] = shape;
          if (rows === undefined) continue;
          const [start, end] = [Math.floor(Math.min(a, b) * rows), Math.ceil(Math.max(a, b) * rows)];
          const length = rest.reduce((x, y) => x * y, 1);
          const part = await reader.slice(name, start, end);
          expect(part).toEqual({ shape: [end - start, ...rest], data: data.slice(start * length, end * length) });
        }
        await reader.close();
      },
    ),
    { seed: 2, numRuns: 60 },
  );
});

test('of 5 GB only what is asked for is read', async () => {
  const [rows, columns] = [1_300_000, 1024];
  const bytes = 4 * rows * columns;
  const { path, first } = await hollow(
    'large.safetensors',
    {
      small: { dtype: 'F32', shape: [3], data_offsets: [bytes, bytes + 12] },
      large: { dtype: 'F32', shape: [rows, columns], data_offsets: [0, bytes] },
    },
    bytes + 12,
  );
  const row = rows - 7; // behind 2^32 bytes
  const file = await open(path, 'r+');
  await file.write(
    new Uint8Array(Float32Array.from({ length: 1024 }, (_, i) => i + 0.5).buffer),
    0,
    4096,
    first + row * 4096,
  );
  await file.write(new Uint8Array(Float32Array.from([1, 2, 3]).buffer), 0, 12, first + bytes);
  await file.close();
  const { size, blocks } = await stat(path);
  expect(size).toBeGreaterThan(5e9);
  expect(blocks * 512).toBeLessThan(1e6);

  const before = process.memoryUsage().rss;
  const reader = await openSafetensors(path);
  const part = await reader.slice('large', row - 1, row + 2);
  expect(part.shape).toEqual([3, 1024]);
  expect(part.data.subarray(0, 1024).every((x) => x === 0)).toBe(true);
  expect([part.data[1024], part.data[2047], part.data[2048]]).toEqual([0.5, 1023.5, 0]);
  expect([...(await reader.slice('small')).data]).toEqual([1, 2, 3]);
  const middle = await reader.slice('large', 600_000, 605_000); // 20 MB, in two pieces
  expect(middle.data.length).toBe(5000 * 1024);
  expect(process.memoryUsage().rss - before).toBeLessThan(120e6);
  await reader.close();
  await expect(reader.slice('small')).rejects.toThrow();
  await rm(path);
});

test('damaged files, names and rows that are not there: clear errors, and nothing stays open', async () => {
  const { path } = await hollow('good.safetensors', { x: { dtype: 'F32', shape: [4, 2], data_offsets: [0, 32] } }, 32);
  const descriptors = async (): Promise<number> => (await readdir('/proc/self/fd').catch(() => [])).length;
  const reader = await openSafetensors(path);
  await expect(reader.slice('y')).rejects.toThrow(/no array "y"; it begins with x/);
  await expect(reader.slice('x', 2, 5)).rejects.toThrow(/"x" has rows 0 to 4, asked for 2 to 5/);
  await expect(reader.slice('x', -1)).rejects.toThrow(/asked for -1 to 4/);
  await expect(reader.slice('x', 0.5, 1)).rejects.toThrow(/asked for 0\.5 to 1/);
  await truncate(path, (await stat(path)).size - 9);
  await expect(reader.slice('x', 3)).rejects.toThrow(/good\.safetensors ends at/);
  expect((await reader.slice('x', 0, 2)).shape).toEqual([2, 2]);
  await reader.close();
  const open = await descriptors();
  await expect(openSafetensors(path)).rejects.toThrow(FormatError); // it is shorter than its header says
  const empty = join(folder, 'empty');
  await writeFile(empty, new Uint8Array(3));
  await expect(openSafetensors(empty)).rejects.toThrow(/3 bytes hold no header/);
  const { path: oversize } = await hollow(
    'oversize',
    { x: { dtype: 'F64', shape: [2 ** 40], data_offsets: [0, 2 ** 43] } },
    8,
  );
  await expect(openSafetensors(oversize)).rejects.toThrow(/8796093022208 bytes lies at 0 to 8796093022208 of 8/);
  await writeFile(empty, Uint8Array.from([255, 255, 255, 127, 0, 0, 0, 0]));
  await expect(openSafetensors(empty)).rejects.toThrow(/header of 2147483647 bytes does not fit into a file of 8/);
  expect(await descriptors()).toBe(open);
});
