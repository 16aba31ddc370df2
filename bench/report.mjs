// node bench/report.mjs RESULTS.json [MORE.json ...] PAGE.md --title TITLE --command COMMAND
// Writes the rows of `npm run bench -- --json` or `npm run bench:peers -- --json` as a page of the documentation.
import { renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { markdownTable, readRows } from './lib/rows.mjs';
import { verdicts } from './lib/summary.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { title: { type: 'string', default: 'Benchmarks' }, command: { type: 'string', default: 'npm run bench' } },
});
const [files, page] = [positionals.slice(0, -1), positionals.at(-1)];
if (files.length === 0) {
  throw new Error('node bench/report.mjs RESULTS.json [MORE.json ...] PAGE.md [--title TITLE] [--command COMMAND]');
}
const rows = files.flatMap(readRows);
const adapters = [...new Set(rows.map((row) => row.adapter).filter(Boolean))];
const columns = [
  'suite',
  'case',
  'who',
  'adapter',
  'ms_median',
  'ms_min',
  'cpu_ms_median',
  'ms_first',
  'runs',
  'curve',
];
/** What a row has besides the columns that all have. */
const others = (row) =>
  Object.entries(row)
    .filter(([key, value]) => !columns.includes(key) && value !== undefined && value !== null)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
const header = ['case', 'who', 'ms median', 'ms min', 'CPU ms', 'first call ms', 'more'];
const lines = rows.map((row) =>
  row.error
    ? [row.case, row.who, row.error, '', '', '', '']
    : [row.case, row.who, row.ms_median, row.ms_min, row.cpu_ms_median, row.ms_first, others(row)],
);
const text = [
  `# ${values.title}`,
  `Generated from the rows of \`${values.command}\`. Adapter: ${adapters.join('; ')}.`,
  'CPU ms is the user and system time of the whole process per call: steadier than wall time on a busy machine.',
  ...(rows.some((row) => row.suite === 'peers') ? [verdicts(rows, markdownTable)] : []),
  markdownTable(header, lines),
];
writeFileSync(`${page}.tmp`, `${text.join('\n\n')}\n`);
renameSync(`${page}.tmp`, page);
