// Verdicts from the rows of bench:peers: ratios of peers to Chiaro, rates, first calls, errors.
import { libraries } from '../peers/peers.mjs';
import { peerCases } from './peerCases.mjs';

const geometricMean = (values) => Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length);
const ratio = (value) => (value === undefined ? '-' : value.toFixed(2));
const mean = (values) => (values.length > 0 ? geometricMean(values).toFixed(2) : '-');
/** The row with the smallest figure. */
const least = (rows, figure) => [...rows].sort((a, b) => a[figure] - b[figure])[0];

/** The rows of each case by who ran it, of those that gave figures. */
function byCase(rows) {
  return [...new Set(rows.map((row) => row.case))].map((name) => {
    const own = rows.filter((row) => row.case === name && row.ms_min !== undefined);
    const of = (who) => own.find((row) => row.who === who);
    return { name, of, ours: of('chiaro'), rivals: libraries.map(of).filter((row) => row !== undefined) };
  });
}

/**
 * One line per case: the fastest library on our adapter, hand-written WGSL and PyTorch on the CPU, each as a multiple
 * of our time.
 * @param {import('./rows.mjs').Row[]} rows
 */
function summaryOf(rows) {
  const header = ['case', 'chiaro ms', 'best library', 'by time', 'by CPU', 'raw WGSL', 'by CPU', 'PyTorch CPU'];
  const best = { time: [], cpu: [] };
  const behind = [];
  const lines = [];
  for (const { name, of, ours, rivals } of byCase(rows)) {
    if (!ours) continue;
    const times = (row, figure) => row && row[figure] / ours[figure];
    const fastest = least(rivals, 'ms_min');
    const cheapest = least(rivals, 'cpu_ms_median');
    if (fastest) {
      best.time.push(times(fastest, 'ms_min'));
      best.cpu.push(times(cheapest, 'cpu_ms_median'));
      if (times(fastest, 'ms_min') < 1) behind.push(`${name} (${ratio(times(fastest, 'ms_min'))})`);
    }
    lines.push([
      name,
      ours.ms_min,
      fastest?.who ?? '-',
      ratio(times(fastest, 'ms_min')),
      ratio(times(cheapest, 'cpu_ms_median')),
      ratio(times(of('raw-wgsl'), 'ms_min')),
      ratio(times(of('raw-wgsl'), 'cpu_ms_median')),
      ratio(times(of('torch-cpu'), 'ms_min')),
    ]);
  }
  const means = [
    `Geometric mean over the best library: ${mean(best.time)} by time, ${mean(best.cpu)} by CPU time, ${best.time.length} cases.`,
    `Slower than the best library in: ${behind.length > 0 ? behind.join(', ') : 'none'}.`,
  ].join('\n');
  return { header, lines, means };
}

/** GFLOP/s of products and convolutions from the fastest runs. */
function ratesOf(rows) {
  const header = ['GFLOP/s', 'chiaro', 'best library', 'raw WGSL', 'PyTorch CPU'];
  const lines = byCase(rows).flatMap(({ name, of, ours, rivals }) => {
    const { flops } = peerCases[name]?.work ?? {};
    if (!flops || !ours) return [];
    const rate = (row) => (row ? (flops / row.ms_min / 1e6).toFixed(1) : '-');
    return [[name, rate(ours), rate(least(rivals, 'ms_min')), rate(of('raw-wgsl')), rate(of('torch-cpu'))]];
  });
  return { header, lines };
}

/** Seconds of first calls: what they take more than later ones is compilation, all but a little. */
function firstCallsOf(rows) {
  const header = ['first call', 'chiaro s', 'compiling s', 'kernels', 'best library s', 'compiling s'];
  const seconds = (ms) => (ms / 1000).toFixed(2);
  const totals = { ours: 0, theirs: 0 };
  const lines = byCase(rows).flatMap(({ name, ours, rivals }) => {
    if (!ours) return [];
    const rival = least(rivals, 'ms_first');
    const compiling = (row) => Math.max(row.ms_first - row.ms_median, 0);
    totals.ours += rival ? compiling(ours) : 0;
    totals.theirs += rival ? compiling(rival) : 0;
    const theirs = rival ? [seconds(rival.ms_first), seconds(compiling(rival))] : ['-', '-'];
    return [[name, seconds(ours.ms_first), seconds(compiling(ours)), ours.kernels, ...theirs]];
  });
  const total = `Compiling, all cases that a library has too: ${seconds(totals.ours)} s here, ${seconds(totals.theirs)} s in the quicker library.`;
  return { header, lines, total };
}

/** How many cases of each peer failed: wrong outputs, device errors, time limits. */
function errorsOf(rows) {
  const failed = rows.filter((row) => row.error);
  const peers = [...new Set(failed.map((row) => row.who))].map(
    (who) =>
      `${who} ${failed.filter((row) => row.who === who).length} (${failed
        .filter((row) => row.who === who)
        .map((row) => row.case)
        .join(', ')})`,
  );
  return `Errors: ${peers.length > 0 ? peers.join('; ') : 'none'}.`;
}

/**
 * All verdicts as text.
 * @param {import('./rows.mjs').Row[]} rows
 * @param {(header: string[], lines: unknown[][]) => string} table how a table is written.
 */
export function verdicts(rows, table) {
  const ratios = summaryOf(rows);
  const rates = ratesOf(rows);
  const first = firstCallsOf(rows);
  return [
    'Times of others as multiples of ours (above 1: we are faster), from the fastest runs and from CPU times',
    table(ratios.header, ratios.lines),
    ratios.means,
    ...(rates.lines.length > 0 ? [table(rates.header, rates.lines)] : []),
    table(first.header, first.lines),
    first.total,
    errorsOf(rows),
  ].join('\n\n');
}
