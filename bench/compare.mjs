// node bench/compare.mjs BEFORE.json AFTER.json [--threshold 1.3] [--figure ms_min]
// The ratio of every case that both files have. Fails if one became slower than the threshold, or broke.
import { parseArgs } from 'node:util';
import { readRows, table } from './lib/rows.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threshold: { type: 'string', default: '1.3' }, figure: { type: 'string', default: 'ms_min' } },
});
if (positionals.length !== 2) throw new Error('node bench/compare.mjs BEFORE.json AFTER.json [--threshold 1.3]');
const threshold = Number(values.threshold);
const [before, after] = positionals.map(readRows);
const key = ({ suite, case: name, who }) => `${suite} ${name} ${who}`;

const slower = [];
const lines = [];
for (const row of after) {
  const old = before.find((each) => key(each) === key(row));
  if (!old || old.error) continue;
  const ratio = row[values.figure] / old[values.figure];
  const worse = row.error !== undefined || ratio > threshold;
  if (worse) slower.push(key(row));
  const cpu = row.cpu_ms_median / old.cpu_ms_median;
  const remark = row.error ?? (worse ? 'SLOWER' : ratio < 1 / threshold ? 'faster' : '');
  lines.push([key(row), old[values.figure], row[values.figure], ratio, Number.isNaN(cpu) ? undefined : cpu, remark]);
}
const adapters = (rows) => [...new Set(rows.map((row) => row.adapter).filter(Boolean))].sort().join(', ');
if (adapters(before) !== adapters(after)) console.log(`note: ${adapters(before)} against ${adapters(after)}`);
if (lines.length === 0) throw new Error('the two files have no case in common');
console.log(table(['case', 'before', 'after', 'ratio', 'CPU ratio', ''], lines));
if (slower.length > 0) {
  console.log(`\n${slower.length} of ${lines.length} slower by more than ${threshold} or broken: ${slower.join('; ')}`);
  process.exitCode = 1;
}
