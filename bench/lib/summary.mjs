// Ratios of peers to Chiaro, from the rows of bench:peers.
import { libraries } from '../peers/peers.mjs';

const geometricMean = (values) => Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length);
const ratio = (value) => (value === undefined ? '-' : value.toFixed(2));

/**
 * One line per case: the fastest library on our adapter, hand-written WGSL and PyTorch on the CPU, each as a multiple
 * of our time.
 * @param {import('./rows.mjs').Row[]} rows
 */
export function summaryOf(rows) {
  const header = ['case', 'chiaro ms', 'best library', 'by time', 'by CPU', 'raw WGSL', 'by CPU', 'PyTorch CPU'];
  const best = { time: [], cpu: [] };
  const lines = [];
  for (const name of new Set(rows.map((row) => row.case))) {
    const of = (who) => rows.find((row) => row.case === name && row.who === who && row.ms_min !== undefined);
    const ours = of('chiaro');
    if (!ours) continue;
    const times = (row, figure) => row && row[figure] / ours[figure];
    const fastest = libraries
      .map(of)
      .filter((row) => row !== undefined)
      .sort((a, b) => a.ms_min - b.ms_min)[0];
    const cheapest = libraries
      .map(of)
      .filter((row) => row !== undefined)
      .sort((a, b) => a.cpu_ms_median - b.cpu_ms_median)[0];
    if (fastest) {
      best.time.push(times(fastest, 'ms_min'));
      best.cpu.push(times(cheapest, 'cpu_ms_median'));
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
  const mean = (values) => (values.length > 0 ? geometricMean(values).toFixed(2) : '-');
  const means = `Geometric mean over the best library: ${mean(best.time)} by time, ${mean(best.cpu)} by CPU time`;
  return { header, lines, means };
}
