// Benchmark rows: JSON lines in files, tables on the terminal.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/**
 * @typedef {object} Row
 * @property {string} suite
 * @property {string} case
 * @property {string} adapter name of the GPU (or CPU) that did the work
 * @property {string} who `chiaro` or the peer's name
 * @property {number} [ms_median]
 * @property {number} [ms_min]
 * @property {number} [cpu_ms_median] user and system time of all threads of the process: steadier on a busy machine
 * @property {number} [runs]
 * @property {number} [ms_first] the first call, kernel compilation included
 * @property {number} [kernels] distinct kernels that the process has compiled so far
 * @property {number} [difference] largest difference of a peer's output to ours, as a part of the largest element
 * @property {string} [error] why there are no numbers, or why they are void
 */

/** The middle of the sorted values. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** Four digits are more than a benchmark knows. */
export const round = (value) => (value === undefined ? undefined : Number(value.toPrecision(4)));

/** The usual figures of timed calls. */
export const statistics = ({ wall, cpu }) => ({
  ms_median: round(median(wall)),
  ms_min: round(Math.min(...wall)),
  cpu_ms_median: round(median(cpu)),
  runs: wall.length,
});

/** Writes rows as JSON lines: the whole file or nothing. */
export function writeRows(file, rows) {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  renameSync(temporary, file);
}

/** @returns {Row[]} */
export function readRows(file) {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line, i) => {
    try {
      return JSON.parse(line);
    } catch {
      throw new Error(`${file}:${i + 1} is not a JSON line`);
    }
  });
}

/** A number as tables show it. */
const show = (value) => (value === undefined ? '-' : String(typeof value === 'number' ? round(value) : value));

/** A table as text: the first column to the left, the others to the right. */
export function table(header, lines) {
  const cells = [header, ...lines].map((line) => line.map(show));
  const widths = header.map((_, i) => Math.max(...cells.map((line) => line[i].length)));
  return cells
    .map((line) => line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '))
    .join('\n');
}

/** The same as Markdown. */
export function markdownTable(header, lines) {
  const line = (cells) => `| ${cells.map(show).join(' | ')} |`;
  return [line(header), line(header.map((_, i) => (i === 0 ? '---' : '---:'))), ...lines.map(line)].join('\n');
}
