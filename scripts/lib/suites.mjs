// What npm test says of its suites at the end: tests, kernels and time of every package, beside what they may take.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { root } from './setup.mjs';

const kernelFolder = join(root, 'node_modules/.cache/kernels');

/** Forgets the kernels of the last run. */
export const forgetKernels = () => rmSync(kernelFolder, { recursive: true, force: true });

/** The suite of a test file: its package, or the first folder. */
function suiteOf(file) {
  const [first, second] = file.split(sep);
  return first === 'packages' || first === 'examples' ? `${first}/${second}` : first;
}

function kernelRecords() {
  try {
    return readdirSync(kernelFolder).map((name) => JSON.parse(readFileSync(join(kernelFolder, name), 'utf8')));
  } catch {
    return []; // no test made a kernel
  }
}

/**
 * One row per suite.
 * @param files `testResults` of vitest's report.
 */
export function suites(files) {
  const rows = new Map();
  const rowOf = (file) => {
    const suite = suiteOf(file);
    if (!rows.has(suite)) rows.set(suite, { suite, tests: 0, distinct: new Set(), made: 0, making: 0, seconds: 0 });
    return rows.get(suite);
  };
  for (const { name, assertionResults, startTime, endTime } of files) {
    const row = rowOf(relative(root, name));
    row.tests += assertionResults.length;
    row.seconds += Math.max(0, endTime - startTime) / 1000;
  }
  for (const { file, kernels, milliseconds } of kernelRecords()) {
    const row = rowOf(file);
    kernels.forEach((kernel) => row.distinct.add(kernel));
    row.made += kernels.length;
    row.making += milliseconds / 1000;
  }
  return [...rows.values()].sort((a, b) => (a.suite < b.suite ? -1 : 1));
}

/** The rows as a table: distinct kernels against the budget; seconds of files, which run two at a time. */
export function suiteTable(rows, budget) {
  const head = ['suite', 'tests', 'kernels', 'budget', 'made', 'making s', 'time s'];
  const lines = rows.map(({ suite, tests, distinct, made, making, seconds }) =>
    [suite, tests, distinct.size, budget[suite] ?? '-', made, making.toFixed(1), seconds.toFixed(1)].map(String),
  );
  const widths = head.map((title, i) => Math.max(title.length, ...lines.map((line) => line[i].length)));
  const text = ([first, ...rest]) =>
    [first.padEnd(widths[0]), ...rest.map((cell, i) => cell.padStart(widths[i + 1]))].join('  ');
  return [head, ...lines].map(text).join('\n');
}

/** Suites that made more distinct kernels than the budget allows. */
export const overBudget = (rows, budget) =>
  rows.filter(({ suite, distinct }) => distinct.size > budget[suite]).map(({ suite }) => suite);
