// Memory of loops of plain user code: the resident size of the process and the engine's own report, in MiB.
import { runProbe } from '../lib/probe.mjs';
import { round, table } from '../lib/rows.mjs';

export const title = 'resident size and live buffers in MiB, over the steps of a loop; ms per step';

const probes = {
  uploads_600x4MiB: { name: 'uploads', args: [600], bars: { bar_resident_max: 300 } },
  uploads_600x4MiB_compiled: { name: 'uploads', args: [600, 'compiled'], bars: { bar_resident_max: 300 } },
  adam_61M_flat: { name: 'flatAdam', args: [61_000_000, 10], bars: {} },
  plain_loop_10000: { name: 'loop', args: [10_000], bars: { bar_resident_growth: 20, bar_buffer_growth: 100 } },
};

export const cases = Object.keys(probes);

export async function run(name) {
  const { name: probe, args, bars } = probes[name];
  const { adapter, ms, runs, curve, ...figures } = (await runProbe(probe, { args })).figures;
  const columns = Object.keys(curve[0]);
  const every = Math.ceil(curve.length / 10);
  const shown = curve.filter((_, i) => i % every === 0 || i === curve.length - 1);
  console.log(
    `\n${table(
      columns,
      shown.map((point) => columns.map((c) => point[c])),
    )}`,
  );
  return { adapter, ms_median: round(ms), runs, ...figures, ...bars, curve };
}
