import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { operationTable } from '../../tensor/src/ops/table/index.js';

interface Tools {
  gradientTable(table: unknown): string;
  torchTable(table: unknown): string;
  withTable(page: string, table: string, tool: string): string;
}

test.each([
  ['gradients', 'gradientTable'],
  ['pytorch', 'torchTable'],
] as const)('the table of docs/concepts/%s.md is that of the operations', async (name, tool) => {
  const load = (file: string): Promise<Tools> =>
    import(new URL(`../../../tools/${file}.mjs`, import.meta.url).pathname) as Promise<Tools>;
  const { withTable } = await load('gradientTable');
  const make = (await load(tool))[tool];
  const page = readFileSync(new URL(`../../../docs/concepts/${name}.md`, import.meta.url), 'utf8');
  const plain = (text: string): string => text.replace(/ +\|/g, ' |').replace(/-{3,}/g, '---');
  expect(plain(page)).toBe(plain(withTable(page, make(operationTable), tool)));
});
