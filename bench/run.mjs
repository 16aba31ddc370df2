// npm run bench -- [--suite NAME] [--case REGEXP] [--json FILE]: the benchmark suites. Fails if a case does.
import { parseArgs } from 'node:util';
import { table, writeRows } from './lib/rows.mjs';

const suites = [
  'tensor',
  'autograd',
  'faces',
  'synthesis',
  'overhead',
  'memory',
  'trace',
  'frame',
  'guide',
  'raster',
  'nn',
];

const { values } = parseArgs({
  options: { suite: { type: 'string' }, case: { type: 'string', default: '' }, json: { type: 'string' } },
});
if (values.suite !== undefined && !suites.includes(values.suite)) {
  throw new Error(`--suite ${values.suite}: there are ${suites.join(', ')}`);
}

const columns = ['ms_median', 'ms_min', 'cpu_ms_median', 'runs', 'ms_first', 'kernels'];

/** Fields of rows that are no numbers of the usual columns, as `name=value`. */
function remarks(row) {
  const shown = new Set(['suite', 'case', 'adapter', 'who', 'curve', ...columns]);
  const rest = Object.entries(row).filter(([name]) => !shown.has(name));
  return rest.map(([name, value]) => `${name}=${value}`).join(' ');
}

const rows = [];
for (const name of values.suite ? [values.suite] : suites) {
  const suite = await import(`./suites/${name}.mjs`);
  const matching = suite.cases.filter((each) => new RegExp(values.case).test(each));
  if (matching.length === 0) continue;
  console.log(`\n${name}: ${suite.title}`);
  const own = [];
  for (const each of matching) {
    process.stdout.write(`  ${each} ...`);
    const common = { suite: name, case: each, adapter: '', who: 'chiaro' };
    // a suite that compares gives rows of its peers too
    const results = await Promise.resolve(suite.run(each)).catch((reason) => {
      return { error: String(reason.message ?? reason).split('\n')[0] };
    });
    for (const result of [results].flat()) {
      const row = { ...common, ...result };
      if (row.error) process.exitCode = 1;
      own.push(row);
      const who = row.who === 'chiaro' ? '' : ` ${row.who}:`;
      process.stdout.write(who + (row.error ? ` FAILED: ${row.error}` : ` ${row.ms_median ?? ''}`));
    }
    console.log();
  }
  const adapters = new Set(own.map((row) => row.adapter).filter(Boolean));
  console.log(`\non ${[...adapters].join(', ')}`);
  console.log(
    table(
      ['case', ...columns, ''],
      own.map((row) => [
        `${row.case}${row.who === 'chiaro' ? '' : ` ${row.who}`}`,
        ...columns.map((c) => row[c]),
        remarks(row),
      ]),
    ),
  );
  rows.push(...own);
}
if (rows.length === 0) throw new Error(`no case matches ${values.case}`);
if (values.json) writeRows(values.json, rows);
