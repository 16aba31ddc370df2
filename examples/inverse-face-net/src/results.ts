import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Entry } from './table.js';

/** What `results.json` holds; nothing where there is none yet. */
export const readEntries = async (file: string): Promise<Entry[]> =>
  existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Entry[]) : [];

/** Enters rows, in place of earlier ones of the same preset, name and seed. */
export async function addEntries(file: string, entries: readonly Entry[]): Promise<void> {
  const keyOf = ({ preset, row, seed }: Entry): string => `${preset} ${row} ${seed}`;
  const replaced = new Set(entries.map(keyOf));
  const all = [...(await readEntries(file)).filter((entry) => !replaced.has(keyOf(entry))), ...entries];
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.tmp`, `${JSON.stringify(all, undefined, 2)}\n`);
  await rename(`${file}.tmp`, file);
}
