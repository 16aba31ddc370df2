import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { operationTable } from '../../tensor/src/ops/table/index.js';

interface Generator {
  gradientTable(table: unknown): string;
  withTable(page: string, table: string): string;
}

test('the table of docs/concepts/gradients.md is that of the operations', async () => {
  const { gradientTable, withTable } = (await import(
    new URL('../../../tools/gradientTable.mjs', import.meta.url).pathname
  )) as Generator;
  const page = readFileSync(new URL('../../../docs/concepts/gradients.md', import.meta.url), 'utf8');
  const plain = (text: string): string => text.replace(/ +\|/g, ' |').replace(/-{3,}/g, '---');
  expect(plain(page)).toBe(plain(withTable(page, gradientTable(operationTable))));
});
