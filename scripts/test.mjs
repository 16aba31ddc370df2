// npm test: types, lint, format, layers, dead code, then every test. Arguments go to vitest (a path, -t NAME).
// At the end a table of the suites: distinct kernels beside their budget (tests/budget.json), kernels made by all test files
// and the seconds of making them (what a software driver compiles at the first dispatch is in the time), and time. A whole
// run with too many kernels is one failure; one that takes too long says so.
// The last line is `N passed, N failed` (and `, N skipped`); a static check that fails counts as one failure.
// --swiftshader: only the tests, in full, on SwiftShader.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, runTool, setup } from './lib/setup.mjs';
import { forgetKernels, overBudget, suites, suiteTable } from './lib/suites.mjs';

const swiftshader = process.argv.includes('--swiftshader');
const filters = process.argv.slice(2).filter((argument) => argument !== '--swiftshader');
if (!process.stdout.isTTY) process.env.NO_COLOR = '1';

const start = performance.now();
const budget = JSON.parse(readFileSync(join(root, 'tests/budget.json'), 'utf8'));
const report = join(root, 'node_modules/.cache/vitest.json');

const staticChecks = [
  ['types', () => runTool('typescript/bin/tsc', ['-b'])], // compiles the packages, checks the tests
  ['lint', () => runTool('eslint/bin/eslint.js', ['--max-warnings', '0', '.'])],
  ['format', () => runTool('prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.'])],
  ['layers', () => run(process.execPath, ['tools/layers.mjs'])],
  ['dead code', () => runTool('knip/bin/knip.js', [])],
];

/** Runs one step with its name and time around it; true if it passed. */
async function step(name, action) {
  console.log(`\n== ${name}`);
  const start = performance.now();
  const passed = (await action()) === 0;
  console.log(`== ${name}: ${passed ? 'ok' : 'FAILED'} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  return passed;
}

function runTests() {
  rmSync(report, { force: true });
  forgetKernels();
  const env = { ...process.env, ...(swiftshader && { CHIARO_GPU: 'swiftshader', CHIARO_TEST_FULL: '1' }) };
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  return runTool('vitest/vitest.mjs', ['run', ...reporters, ...filters], { env });
}

/** What vitest reported of every file; nothing if it broke before that. */
function testFiles() {
  try {
    return JSON.parse(readFileSync(report, 'utf8')).testResults;
  } catch (error) {
    console.log(`no report from vitest: ${error.message}`);
    return [];
  }
}

/** Counts of vitest's report; a file that could not be loaded, or a run that broke, is one failure. */
function countTests(files, runPassed) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of files) {
    if (file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')) counts.failed++;
    for (const test of file.assertionResults) {
      if (test.status === 'passed' || test.status === 'failed') counts[test.status]++;
      else counts.skipped++;
    }
  }
  if (!runPassed && counts.failed === 0) counts.failed = 1;
  return counts;
}

/** Prints the suites; true if a whole run keeps to the budget. */
function keepsToBudget(files) {
  const rows = suites(files);
  const minutes = (performance.now() - start) / 60_000;
  console.log(`\n${suiteTable(rows, budget.kernels)}`);
  if (filters.length > 0 || swiftshader) return true;
  const late = minutes > budget.minutes ? ': OVER BUDGET (or a busy machine)' : '';
  console.log(`${minutes.toFixed(1)} of ${budget.minutes} minutes${late}`);
  const over = overBudget(rows, budget.kernels);
  if (over.length > 0) console.log(`more kernels than tests/budget.json allows: ${over.join(', ')}`);
  return over.length === 0;
}

let failedChecks = 0;
let counts = { passed: 0, failed: 0, skipped: 0 };
try {
  await setup({ compile: false });
  for (const [name, action] of swiftshader ? staticChecks.slice(0, 1) : staticChecks) {
    if (!(await step(name, action))) failedChecks++;
  }
  const passed = await step('tests', runTests);
  const files = testFiles();
  counts = countTests(files, passed);
  if (!keepsToBudget(files)) failedChecks++;
} catch (error) {
  console.log(`error: ${error.message}`);
  failedChecks++;
}
const failed = counts.failed + failedChecks;
console.log(`\n${counts.passed} passed, ${failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;
