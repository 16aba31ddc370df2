// npm run test:mutants [-- PART OF A NAME]: plants the bugs of tools/mutants.json, one at a time, and lists which tests
// caught each. A bug that no test notices fails the run: the tests have a hole there.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'chiaro-mutants-'));
const report = join(folder, 'report.json');

/** Names of the tests that fail with the bug in place; undefined if the tests could not be run at all. */
function testsThatCatch(mutant) {
  rmSync(report, { force: true });
  const args = ['run', '--reporter=json', `--outputFile=${report}`, ...mutant.tests];
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...args], {
    cwd: root,
    env: { ...process.env, CHIARO_MUTANT: mutant.name },
    encoding: 'utf8',
  });
  try {
    const results = JSON.parse(readFileSync(report, 'utf8')).testResults;
    const failed = results.flatMap(({ assertionResults }) =>
      assertionResults.filter((test) => test.status === 'failed'),
    );
    if (failed.length === 0 && status !== 0) return ['(the test file does not load)'];
    return failed.map((test) => test.fullName);
  } catch {
    console.log(stderr.trim().split('\n').slice(-5).join('\n'));
    return undefined;
  }
}

let survivors = 0;
try {
  const part = process.argv[2] ?? '';
  const mutants = JSON.parse(readFileSync(join(root, 'tools/mutants.json'), 'utf8'));
  for (const mutant of mutants.filter(({ name }) => name.includes(part))) {
    const caught = testsThatCatch(mutant);
    if (!caught?.length) survivors++;
    const verdict = caught === undefined ? 'COULD NOT BE PLANTED' : caught.length > 0 ? 'caught' : 'SURVIVED';
    console.log(`${verdict}: ${mutant.name}`);
    for (const test of caught ?? []) console.log(`    by ${test}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = survivors > 0 ? 1 : 0;
