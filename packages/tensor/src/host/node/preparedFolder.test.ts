import { mkdtemp, readdir, readFile, rm, utimes, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { prepareFolder } from './preparedFolder.js';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'chiaro-prepare-'));
});
afterEach(() => rm(base, { recursive: true }));

test('of many at once, one does the work and all find it done', async () => {
  let fills = 0;
  const target = join(base, 'driver');
  const prepare = (): Promise<void> =>
    prepareFolder(target, async (folder) => {
      fills++;
      await writeFile(join(folder, 'a'), '1');
      await sleep(50);
      await writeFile(join(folder, 'b'), '2');
    });
  await Promise.all([prepare(), prepare(), prepare()]);
  expect(fills).toBe(1);
  expect(await readdir(target)).toEqual(['a', 'b']);
  expect(await readdir(base)).toEqual(['driver']);
});

test('a failure leaves nothing behind, and the next one tries again', async () => {
  const target = join(base, 'driver');
  const failing = prepareFolder(target, async (folder) => {
    await writeFile(join(folder, 'half'), '');
    throw new Error('no network');
  });
  await expect(failing).rejects.toThrow('no network');
  expect(await readdir(base)).toEqual([]);
  await prepareFolder(target, (folder) => writeFile(join(folder, 'whole'), ''));
  expect(await readdir(target)).toEqual(['whole']);
});

test('what a killed process left is no obstacle, and is removed when it is old', async () => {
  const target = join(base, 'driver');
  await writeFile(`${target}.lock`, '999999999'); // no such process
  await mkdir(`${target}.1-old.tmp`);
  await mkdir(`${target}.1-new.tmp`);
  await utimes(`${target}.1-old.tmp`, 0, 0);
  await prepareFolder(target, (folder) => writeFile(join(folder, 'x'), 'y'));
  expect(await readFile(join(target, 'x'), 'utf8')).toBe('y');
  expect(await readdir(base)).toEqual(['driver', 'driver.1-new.tmp']);
});
