// The table of docs/concepts/pytorch.md: what PyTorch's functions are called here.
//
//   node scripts/run.mjs tools/torchTable.mjs      rewrites the page; packages/autograd's tests compare it
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withTable } from './gradientTable.mjs';

/** The table as Markdown, by PyTorch's names, from the operation table of packages/tensor. */
export function torchTable(operationTable) {
  const rows = Object.entries(operationTable)
    .flatMap(([family, operations]) => operations.map(({ name, torch }) => ({ name, torch, family })))
    .sort((a, b) => (a.torch.toLowerCase() < b.torch.toLowerCase() ? -1 : 1))
    .map(({ name, torch, family }) => `| \`${torch}\` | \`${name}\` | ${family} |`);
  return ['| PyTorch | Chiaro | family |', '| --- | --- | --- |', ...rows].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { operationTable } = await import('../packages/tensor/dist/ops/table/index.js');
  const file = fileURLToPath(new URL('../docs/concepts/pytorch.md', import.meta.url));
  writeFileSync(file, withTable(readFileSync(file, 'utf8'), torchTable(operationTable), 'torchTable'));
}
