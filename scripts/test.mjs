// npm test: types, lint, format, layers, dead code, then every test. Arguments go to vitest (a path, -t NAME).
// The last line is `N passed, N failed` (and `, N skipped`); a static check that fails counts as one failure.
// --swiftshader: only the tests, in full, on SwiftShader.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, runTool, setup } from './lib/setup.mjs';

const swiftshader = process.argv.includes('--swiftshader');
const filters = process.argv.slice(2).filter((argument) => argument !== '--swiftshader');
if (!process.stdout.isTTY) process.env.NO_COLOR = '1';

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
  const env = { ...process.env, ...(swiftshader && { CHIARO_GPU: 'swiftshader', CHIARO_TEST_FULL: '1' }) };
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  return runTool('vitest/vitest.mjs', ['run', ...reporters, ...filters], { env });
}

/** Counts of vitest's report; a file that could not be loaded, or a run that broke, is one failure. */
function countTests(runPassed) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    for (const file of JSON.parse(readFileSync(report, 'utf8')).testResults) {
      if (file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')) counts.failed++;
      for (const test of file.assertionResults) {
        if (test.status === 'passed' || test.status === 'failed') counts[test.status]++;
        else counts.skipped++;
      }
    }
  } catch (error) {
    console.log(`no report from vitest: ${error.message}`);
  }
  if (!runPassed && counts.failed === 0) counts.failed = 1;
  return counts;
}

let failedChecks = 0;
let counts = { passed: 0, failed: 0, skipped: 0 };
try {
  await setup({ compile: false });
  for (const [name, action] of swiftshader ? staticChecks.slice(0, 1) : staticChecks) {
    if (!(await step(name, action))) failedChecks++;
  }
  const passed = await step('tests', runTests);
  counts = countTests(passed);
} catch (error) {
  console.log(`error: ${error.message}`);
  failedChecks++;
}
const failed = counts.failed + failedChecks;
console.log(`\n${counts.passed} passed, ${failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`);
process.exitCode = failed > 0 ? 1 : 0;
